"""Splits the rows of your data: for training, for choosing settings, and for measuring."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from hashlib import sha256

from crosslift.sources.record import SplitName

SHARE = 0.1
"""Share of the rows that is held out for each of dev and test."""
MOST = 1000
"""Largest number of rows that is held out for each: enough to show a difference of one point."""
LEAST = 20
"""Fewest rows of each: fewer show nothing."""


def split_rows(rows: Sequence[Iterable[Hashable]]) -> list[SplitName]:
    """A split for each row; rows that share anything are in one split.

    Groups are ordered by a hash of the contents of their rows, so that one more row moves few others.
    The first groups are test, the next ones dev, until each has a tenth of the rows, at most 1,000; the
    other groups are train, and so is a group that is larger than that.

    Args:
        rows: contents of each row, such as its texts or its picture.
    """
    groups = _groups(rows)
    members: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    order = sorted(members.values(), key=lambda each: _hash(rows, each))
    wanted = min(MOST, int(len(rows) * SHARE))
    splits: list[SplitName] = ["train"] * len(rows)
    names: list[SplitName] = ["test", "dev"]
    counts = dict.fromkeys(names, 0)
    for group_rows in order:
        room = [name for name in names if counts[name] + len(group_rows) <= wanted]
        if not room:
            continue
        counts[room[0]] += len(group_rows)
        for row in group_rows:
            splits[row] = room[0]
    return splits


def _hash(rows: Sequence[Iterable[Hashable]], members: Sequence[int]) -> str:
    """A hash of everything that some rows hold, in any order."""
    held = sorted({repr(value) for row in members for value in rows[row]})
    return sha256("\n".join(held).encode()).hexdigest()


def _groups(rows: Sequence[Iterable[Hashable]]) -> list[int]:
    """The group of each row: rows that share something, directly or through others."""
    parents = list(range(len(rows)))

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    first_with: dict[Hashable, int] = {}
    for row, values in enumerate(rows):
        for value in values:
            other = first_with.setdefault(value, row)
            parents[root(row)] = root(other)
    return [root(row) for row in range(len(rows))]
