from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources import overlap as module
from crosslift.sources.overlap import GRAM, find_overlap, normalise


def grams(text: str) -> set[str]:
    return {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)}


def brute_force(
    train: list[str], test: list[str], threshold: float
) -> list[tuple[str, int, float]]:
    known = [normalise(text) for text in train]
    rows: list[tuple[str, int, float]] = []
    for text in map(normalise, test):
        if text in known:
            rows.append(("exact", known.index(text), 1.0))
            continue
        mine, best = grams(text), ("none", -1, 0.0)
        for index, other in enumerate(map(grams, known)):
            union = len(mine | other)
            score = len(mine & other) / union if union else 0.0
            if score >= threshold and score > best[2]:
                best = ("near", index, score)
        rows.append(best)
    return rows


def as_rows(train: list[str], test: list[str], threshold: float) -> list[tuple[str, int, float]]:
    found = find_overlap(train, test, threshold=threshold)
    return list(
        zip(
            found.kind.tolist(),
            found.train_index.tolist(),
            found.similarity.tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "helloworld"),
        ("Ｈｅｌｌｏ\u00a0“world”…", "helloworld"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("a\u200bb", "ab"),
        ("!? ", "!?"),
        ("", ""),
        ("5 € + 1", "5€+1"),
        ("İ", "i̇"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_kinds_on_typed_texts() -> None:
    train = ["A man plays the guitar.", "Two dogs run.", "no", "a man plays the guitar"]
    test = ["a MAN plays the guitar", "A man plays the guitars.", "No!", "yes", "Two cats sleep."]
    found = find_overlap(train, test)
    assert found.kind.tolist() == ["exact", "near", "exact", "none", "none"]
    assert found.train_index.tolist() == [0, 0, 2, -1, -1]
    # "amanplaystheguitar" has 15 grams; one more letter adds one.
    assert found.similarity.tolist() == [1.0, 15 / 16, 1.0, 0.0, 0.0]
    assert (found.count("exact"), found.count("near"), found.count("none")) == (2, 1, 2)


def test_most_similar_wins_and_the_first_of_equals() -> None:
    train = ["abcdefghijkX", "abcdefghijkl", "abcdefghijkl!", "abcdefghijkY"]
    found = find_overlap(train, ["abcdefghijklm", "abcdefghijk"], threshold=0.5)
    assert found.train_index.tolist() == [1, 0]
    assert found.similarity.tolist() == [9 / 10, 8 / 9]


def test_threshold_is_inclusive() -> None:
    train, test = ["abcdefgh"], ["abcdefghi"]  # 5 of 6 grams
    assert find_overlap(train, test, threshold=5 / 6).kind.tolist() == ["near"]
    assert find_overlap(train, test, threshold=5 / 6 + 1e-6).kind.tolist() == ["none"]


def test_texts_too_short_for_grams_are_exact_only() -> None:
    found = find_overlap(["abc", "abd"], ["ABC", "ab", "abcd"], threshold=0.1)
    assert found.kind.tolist() == ["exact", "none", "none"]


@pytest.mark.parametrize(("train", "test"), [([], ["a b c d"]), (["a b c d"], []), ([], [])])
def test_empty_sides(train: list[str], test: list[str]) -> None:
    found = find_overlap(train, test)
    assert found.kind.tolist() == ["none"] * len(test)
    assert found.train_index.tolist() == [-1] * len(test)


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.1, float("nan")])
def test_threshold_out_of_range_raises(threshold: float) -> None:
    with pytest.raises(DataError, match=str(threshold)):
        find_overlap(["a"], ["b"], threshold=threshold)


def test_unknown_kind_raises() -> None:
    with pytest.raises(UnknownNameError, match="'exakt'"):
        find_overlap(["a"], ["b"]).count("exakt")  # type: ignore[arg-type]


words = st.lists(st.sampled_from(["ab", "aba", "bc", "é", "ß", "日本", "!", "x y"]), max_size=9)
texts = st.lists(words.map(" ".join), max_size=12)


@settings(max_examples=150, deadline=None)
@given(texts, texts, st.sampled_from([0.1, 0.3, 0.5, 2 / 3, 0.7, 0.8, 0.9, 1.0]))
def test_equals_brute_force(train: list[str], test: list[str], threshold: float) -> None:
    assert as_rows(train, test, threshold) == brute_force(train, test, threshold)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=8), st.lists(st.text(max_size=12), max_size=8))
def test_equals_brute_force_on_any_characters(train: list[str], test: list[str]) -> None:
    assert as_rows(train, test, 0.4) == brute_force(train, test, 0.4)


def made_texts(seed: int, count: int) -> list[str]:
    generator = random.Random(seed)
    vocabulary = [
        "".join(generator.choices("abcdefghijklmnopqrstuvwxyz", k=generator.randint(2, 9)))
        for _ in range(4_000)
    ]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    return [
        " ".join(generator.choices(vocabulary, weights, k=generator.randint(4, 12)))
        for _ in range(count)
    ]


@pytest.mark.parametrize("at_once", [50, 100_000])
def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    train = made_texts(0, 300)
    test = [text[:-2] for text in train[::3]] + made_texts(1, 50)
    expected = brute_force(train, test, 0.6)
    monkeypatch.setattr(module, "_CANDIDATES_AT_ONCE", at_once)
    assert as_rows(train, test, 0.6) == expected
    assert sum(kind == "near" for kind, _, _ in expected) > 90


def test_ten_thousand_by_five_thousand_takes_seconds() -> None:
    train = made_texts(0, 10_000)
    test = [*made_texts(0, 2_500), *[text + " xq" for text in train[-2_500:]]]
    start = time.perf_counter()
    found = find_overlap(train, test)
    assert time.perf_counter() - start < 60
    assert found.count("exact") + found.count("near") > 4_000
    assert np.all((found.train_index >= 0) == (found.kind != "none"))
