"""How numbers and lists are written: nothing that is not 0 is shown as 0, and nouns have plurals."""

from __future__ import annotations

import pytest

from crosslift import wording


@pytest.mark.parametrize(
    ("part", "decimals", "text"),
    [
        (0.6, 0, "60%"),
        (0.004, 0, "0.4%"),
        (0.0, 0, "0%"),
        (0.0312, 1, "3.1%"),
        (0.001, 1, "0.10%"),
        (-0.61, 0, "\u221261%"),
        (-0.001, 0, "0%"),
        (float("-inf"), 0, "\u2212inf%"),
    ],
)
def test_shares(part: float, decimals: int, text: str) -> None:
    assert wording.share(part, decimals) == text


def test_levels_keep_their_decimals() -> None:
    assert [wording.level_words(level) for level in (0.95, 0.995)] == ["95%", "99.5%"]


def test_small_differences_are_not_hidden() -> None:
    assert wording.interval(-0.0001, 0.063) == "[\u22120.01, +6.3]"
    assert [wording.signed_decimal(value) for value in (0.05, 0.049)] == ["+0.1", "+0.05"]
    assert wording.decimal(-1234.56) == "\u22121,234.6"
    assert (wording.signed_decimal(0.0), wording.signed_decimal(-1e-9)) == ("0.0", "0.0")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "unknown"),
        (0.0, "0.0 s"),
        (0.01, "under 0.1 s"),
        (0.3, "0.3 s"),
        (59.4, "59.4 s"),
        (59.97, "1 min 00 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


def test_memory() -> None:
    sizes = (None, 200 * 2**10, 512 * 2**20, 3 * 2**30)
    assert [wording.memory(size) for size in sizes] == ["\u2013", "0.2 MiB", "512 MiB", "3.0 GiB"]


def test_plurals_and_lists() -> None:
    words = ("seed", "query", "day", "y")
    assert [wording.plural_of(word) for word in words] == ["seeds", "queries", "days", "ys"]
    assert (wording.plural(1, "query"), wording.plural(0, "query")) == ("1 query", "0 queries")
    lists = ([], ["a"], ["a", "b"], ["a", "b", "c"])
    assert [wording.listed(each) for each in lists] == ["", "a", "a and b", "a, b and c"]


def test_large_counts() -> None:
    counts = (12_800, 1_234_567, 2e9, 3.5e12)
    expected = ["12,800", "1.2 million", "2.0 billion", "3.5 trillion"]
    assert [wording.rounded_count(count) for count in counts] == expected


def test_p_values() -> None:
    assert [wording.p_value(p) for p in (1.0, 0.003, 0.0004, 1e-9)] == [
        "= 1",
        "= 0.003",
        "= 0.0004",
        "< 0.000001",
    ]
    assert wording.p_value(0.04996) == "= 0.049960"
