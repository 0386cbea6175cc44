"""Pairs that are no negatives: groups, equal texts, equal pictures; and data without any negative."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_encoder import load_tiny, tiny_form, tiny_split

from crosslift.errors import DataError
from crosslift.forms.alike import Alike, text_numbers
from crosslift.forms.contrastive_losses import unit
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
NONE = Split([])


def pairs(*texts: tuple[str, ...]) -> Split:
    names = ("anchor", "positive", "negative")
    return Split([Record(str(i), dict(zip(names, t, strict=False))) for i, t in enumerate(texts)])


def cross_entropy(scores: list[list[float]], candidates_of: list[list[int]]) -> float:
    """Mean over queries i, whose right candidate is i, among the remaining candidates."""
    losses = [
        math.log(sum(math.exp(row[c]) for c in candidates)) - row[i]
        for i, (row, candidates) in enumerate(zip(scores, candidates_of, strict=True))
    ]
    return sum(losses) / len(losses)


def test_texts_that_differ_in_case_or_space_alone_are_equal() -> None:
    first, second = text_numbers(["A  cat", "dog", "a cat "], ["DOG", "rain", "straße"])
    assert first.tolist() == [0, 1, 0]
    assert second.tolist() == [1, 2, 3]


def test_rows_with_one_key_in_common_are_alike() -> None:
    alike = Alike(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7]))
    every = np.arange(4)
    assert alike.between(every, every).tolist() == [
        [True, True, False, False],
        [True, True, True, False],
        [False, True, True, False],
        [False, False, False, True],
    ]
    assert alike.components().tolist() == [0, 0, 0, 1]


# Text pairs: the loss by hand


def test_a_text_that_is_right_for_an_anchor_is_no_negative_of_it(bert_folder: Path) -> None:
    """Anchors 0 and 1 have one positive; pair 2 has the anchor of pair 0; the positive of pair 3 is
    anchor 0 itself; the negative of pair 3 is the positive of 2."""
    split = pairs(
        ("a cat", "cat", "car"),
        ("the cat", "Cat", "fog"),
        ("a cat", "cats", "rain"),
        ("dog", "a cat", "cats"),
    )
    encoder = load_tiny(bert_folder)
    form = TextPairs(negative="negative", temperature=0.1)
    task = form.open(encoder, split, NONE, OPTIONS)
    loss = task.loss(np.arange(4), np.random.default_rng(0)).loss.item()
    sides = [
        unit(encoder.vectors(encoder.tokenise([r.texts[name] for r in split.records])))
        for name in form.columns
    ]
    scores = (sides[0] @ torch.cat(sides[1:]).T * 10).tolist()
    candidates = [
        [0, 4, 5, 6, 7],  # without positives 1 (equal to its own), 2 (of its anchor), 3 (itself)
        [1, 2, 3, 4, 5, 6, 7],  # without positive 0
        [2, 1, 4, 5, 6],  # without 0 (of its anchor), 3 (itself), and negative 3, equal to its own
        [3, 0, 1, 2, 4, 5, 6, 7],
    ]
    assert loss == pytest.approx(cross_entropy(scores, candidates), rel=1e-4)


def test_drawn_hard_negatives_that_are_right_are_left_out(bert_folder: Path) -> None:
    """Of two pairs with one anchor, either positive may be drawn as a hard negative of the third."""
    split = pairs(("a cat", "cats"), ("a cat", "cat"), ("dog", "a dog"))
    encoder = load_tiny(bert_folder)
    task = TextPairs(hard_negatives="string", temperature=0.1).open(encoder, split, NONE, OPTIONS)
    rows, generator = np.arange(3), np.random.default_rng(0)
    drawn = task._hard.draw(rows, np.random.default_rng(0)).tolist()
    loss = task.loss(rows, generator).loss.item()
    anchors, positives = (
        unit(encoder.vectors(encoder.tokenise([r.texts[name] for r in split.records])))
        for name in ("anchor", "positive")
    )
    scores = (anchors @ torch.cat([positives, positives[drawn]]).T * 10).tolist()
    wrong = {0: {2}, 1: {2}, 2: {0, 1}}
    candidates = [[i, *(c for c in range(6) if [0, 1, 2, *drawn][c] in wrong[i])] for i in range(3)]
    assert loss == pytest.approx(cross_entropy(scores, candidates), rel=1e-4)


# Pictures: the loss by hand


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_pictures_with_one_caption_are_no_negatives_of_each_other(
    bert_folder: Path, loss: str
) -> None:
    split = tiny_split("image-text")
    texts = ["a red circle", "A red circle", "a square", "a star"]
    records = [Record(str(i), {"text": text}) for i, text in enumerate(texts)]
    encoder = load_tiny(bert_folder)
    form = tiny_form("image-text", loss=loss)
    assert split.pictures is not None
    task = form.open(encoder, Split(records, split.pictures[:4]), NONE, OPTIONS)
    task.head.eval()
    rows = np.arange(4)
    vectors: list[torch.Tensor] = []
    hook = task.head.project.register_forward_hook(lambda _m, _i, out: vectors.append(out))
    value = task.loss(rows, np.random.default_rng(0)).loss.item()
    hook.remove()
    captions = unit(encoder.vectors(encoder.tokenise(texts)))
    scores = unit(vectors[0]) @ captions.T * task.head.scale
    if loss == "softmax":
        candidates = [[0, 2, 3], [1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]]
        sides = [cross_entropy(side.tolist(), candidates) for side in (scores, scores.T)]
        expected = sum(sides) / 2
    else:
        logits = (scores + task.head.bias).tolist()
        signs = [(i, j, 1 if i == j else -1) for i in range(4) for j in range(4)]
        pairs = [(i, j, s) for i, j, s in signs if {i, j} != {0, 1}]
        expected = sum(math.log1p(math.exp(-s * logits[i][j])) for i, j, s in pairs) / 4
    assert value == pytest.approx(expected, rel=1e-4)


def test_a_shuffled_picture_never_gets_a_caption_that_it_has_itself(bert_folder: Path) -> None:
    split = tiny_split("image-text")
    texts = ["a circle", "a circle", "a circle", "a square", "a star", "rain"]
    records = [Record(str(i), {"text": text}) for i, text in enumerate(texts)]
    for seed in range(10):
        options = FormOptions(text_locked=False, partners="wrong", seed=seed)
        task = tiny_form("image-text").open(
            load_tiny(bert_folder), Split(records, split.pictures), NONE, options
        )
        pictures = task.pictures.picture_rows(np.arange(6))
        assert all(texts[picture] != texts[row] for row, picture in enumerate(pictures))


def test_pictures_that_share_label_words_can_be_shuffled(bert_folder: Path) -> None:
    """Chains of equal labels connect all six pictures; groups prevent that a picture gets itself."""
    split = tiny_split("image-text")
    labels = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"), ("f", "a")]
    records, places = [], []
    for picture, words in enumerate(labels):
        for word in words:
            records.append(Record(f"{picture}-{word}", {"text": word}, group=f"p{picture}"))
            places.append(picture)
    options = FormOptions(text_locked=False, partners="wrong", seed=0)
    task = tiny_form("image-text").open(
        load_tiny(bert_folder), Split(records, split.pictures, np.array(places)), NONE, options
    )
    pictures = task.pictures.picture_rows(
        np.arange(0, 12, 2)
    )  # of the first record of each picture
    assert sorted(pictures) == list(range(6)) and all(pictures != np.arange(6))


# Data without a negative


@pytest.mark.parametrize(
    "texts",
    [
        [("one question", "one answer")],
        [("one question", f"answer {i}") for i in range(5)],
        [(f"question {i}", "One  answer") for i in range(5)],
    ],
)
def test_pairs_without_a_negative_are_refused(
    bert_folder: Path, texts: list[tuple[str, str]]
) -> None:
    with pytest.raises(DataError, match=rf"none of the pairs \({len(texts)}\) has a negative"):
        TextPairs().open(load_tiny(bert_folder), pairs(*texts), NONE, OPTIONS)


def test_training_can_use_one_pair_with_its_own_negative(bert_folder: Path) -> None:
    split = pairs(("a cat", "cat", "dog"))
    task = TextPairs(negative="negative").open(load_tiny(bert_folder), split, NONE, OPTIONS)
    assert task.loss(np.array([0]), np.random.default_rng(0)).loss.item() > 0


@pytest.mark.parametrize("name", ["image-text", "image-text-matching"])
def test_one_picture_or_one_caption_is_refused(bert_folder: Path, name: str) -> None:
    split = tiny_split("image-text")
    assert split.pictures is not None
    one = Split(split.records[:1], split.pictures[:1])
    same = Split([Record(str(i), {"text": "a photo"}) for i in range(6)], split.pictures)
    for records in (one, same):
        with pytest.raises(DataError, match="has a negative"):
            tiny_form(name).open(load_tiny(bert_folder), records, NONE, OPTIONS)
