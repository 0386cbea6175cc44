"""Filters of texts and pairs: what is left out is counted, and nothing is lost uncounted."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.line_filters import (
    FilterCounts,
    KeptTexts,
    check_language,
    in_language,
    kept_texts,
    length_ratios,
    without_copies,
)


def test_each_text_is_kept_once_in_the_order_of_its_first_line() -> None:
    side = kept_texts(["b", "", "a", "b", " \t", "b", "a ", "\u3000"])
    assert side.texts == ["b", "a", "a "]
    assert side.times == [3, 1, 1]
    assert side.left_out == FilterCounts(empty=3, duplicates=2)


def test_lengths_are_characters_and_both_ends_are_in() -> None:
    side = kept_texts(["ab", "äöü", "abcd", "abcde", "abcd"], min_length=3, max_length=4)
    assert side.texts == ["äöü", "abcd"]
    assert side.left_out == FilterCounts(too_short=1, too_long=1, duplicates=1)


def test_copies_go_from_both_sides_character_for_character() -> None:
    src, tgt = kept_texts(["OK", "ja", "OK", "nein"]), kept_texts(["no", "OK", "Ja"])
    src, tgt = without_copies(src, tgt)
    assert (src.texts, src.times) == (["ja", "nein"], [1, 1])
    assert tgt.texts == ["no", "Ja"]
    assert src.left_out == FilterCounts(duplicates=1, copies=1)
    assert tgt.left_out == FilterCounts(copies=1)


GERMAN = [
    "Der Zug nach Hamburg fährt heute leider später ab.",
    "Wir haben keine Zeit für so etwas.",
]
ENGLISH = ["The train to Hamburg leaves later today, unfortunately."]


def test_texts_of_another_language_are_left_out() -> None:
    side = kept_texts([GERMAN[0], ENGLISH[0], GERMAN[1], GERMAN[0]])
    counts: list[int] = []
    german = in_language(side, "de", counts.append)
    assert german.texts == GERMAN
    assert german.times == [2, 1]
    assert german.left_out == FilterCounts(duplicates=1, other_language=1)
    assert in_language(side, "en").texts == ENGLISH


def test_unknown_languages_name_the_nearest() -> None:
    check_language("de")
    with pytest.raises(UnknownNameError, match="'den'"):
        check_language("den")
    with pytest.raises(UnknownNameError, match="did you mean") as raised:
        in_language(kept_texts(["a"]), "deu")
    assert "'de'" in str(raised.value)


def test_a_missing_py3langid_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)
    with pytest.raises(DataError, match=r"pip install crosslift\[languages\]") as raised:
        check_language("de")
    assert "'de'" in str(raised.value)


def test_every_line_is_kept_or_counted_once() -> None:
    generator = np.random.default_rng(0)
    lines = ["x" * int(n) for n in generator.integers(0, 12, 400)] + GERMAN + ENGLISH
    src = kept_texts(lines, 2, 60)
    src, _ = without_copies(src, kept_texts(["xxx", "y", *ENGLISH]))
    src = in_language(src, "de")
    assert len(src.texts) + src.left_out.total == len(lines)
    assert src.left_out.copies == 2


def test_length_ratios_are_symmetric() -> None:
    np.testing.assert_array_equal(
        length_ratios(["abcd", "ab", "äöü"], ["ab", "abcd", "abc"]), [2, 2, 1]
    )
    assert length_ratios([], []).shape == (0,)
    assert KeptTexts([], [], FilterCounts()).left_out.total == 0
