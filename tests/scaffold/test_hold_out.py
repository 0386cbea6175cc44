"""What is held out of own rows."""

from __future__ import annotations

from collections import Counter

from crosslift.scaffold.hold_out import split_rows


def test_a_tenth_is_measured_and_a_tenth_chooses() -> None:
    splits = split_rows([(f"question {n}", f"answer {n}") for n in range(500)])
    assert Counter(splits) == {"train": 400, "test": 50, "dev": 50}


def test_at_most_a_thousand_rows_are_held_out_for_each() -> None:
    counts = Counter(split_rows([(n,) for n in range(30_000)]))
    assert counts["test"] == counts["dev"] == 1000


def test_rows_that_share_a_text_are_in_one_split() -> None:
    rows = [(f"question {n}", f"answer {n // 3}") for n in range(300)]
    splits = split_rows(rows)
    for first in range(0, 300, 3):
        assert len(set(splits[first : first + 3])) == 1
    assert {"train", "dev", "test"} == set(splits)


def test_rows_that_are_linked_through_others_are_in_one_split() -> None:
    chain = [(n, n + 1) for n in range(40)]
    others = [(f"a{n}", f"b{n}") for n in range(400)]
    assert len(set(split_rows(chain + others)[:40])) == 1


def test_a_text_that_most_rows_share_is_trained_on() -> None:
    rows = [("yes", f"question {n}") for n in range(300)] + [(n,) for n in range(100)]
    splits = split_rows(rows)
    assert set(splits[:300]) == {"train"}
    assert Counter(splits)["test"] == 40


def test_order_does_not_matter_and_a_row_more_moves_few() -> None:
    rows = [(f"question {n}",) for n in range(400)]
    splits = dict(zip(rows, split_rows(rows), strict=True))
    backwards = dict(zip(rows[::-1], split_rows(rows[::-1]), strict=True))
    assert splits == backwards
    more = [*rows, ("another question",)]
    moved = sum(
        splits[row] != split for row, split in zip(more[:-1], split_rows(more), strict=False)
    )
    assert moved <= 2
