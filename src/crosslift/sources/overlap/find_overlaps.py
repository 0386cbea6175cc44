"""Finds texts of a test that are, exactly, nearly or in part, among training texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.overlap.compared_forms import Wording, joined, spaced, wording_of
from crosslift.sources.overlap.rules import (
    OverlappingPairs,
    Texts,
    inside_test,
    inside_training,
    near_in_grams,
    near_in_letters,
    near_in_words,
)

Kind = Literal["none", "part", "near", "exact"]
KINDS: tuple[Kind, ...] = ("none", "part", "near", "exact")
"""Kinds of overlap, from none to the closest."""


TEXTS_AT_ONCE, LETTERS_AT_ONCE = 1 << 16, 8 << 20
"""Training texts, and their letters, that are compared together: about 300 MB."""


@dataclass(frozen=True)
class Overlap:
    """The overlap of a test with training texts.

    Args:
        kind: str array [N test]: one of `KINDS`.
        train_index: int64 array [N test]: the most similar training text of that kind, the first one in
            a tie; -1 for none.
        similarity: float64 array [N test], in [0, 1]: 1 for exact, 0 for none; see `find_overlap`.
    """

    kind: NDArray[np.str_]
    train_index: NDArray[np.int64]
    similarity: NDArray[np.float64]

    def count(self, kind: Kind) -> int:
        """The number of test texts of one kind.

        Raises:
            UnknownNameError: no such kind.
        """
        if kind not in KINDS:
            raise UnknownNameError("kind of overlap", kind, KINDS)
        return int(np.count_nonzero(self.kind == kind))


def find_overlap(
    train_texts: Iterable[str], test_texts: Sequence[str], *, threshold: float = 0.8
) -> Overlap:
    """Finds the training text that each test text overlaps, if there is one.

    - ``exact``: the texts are equal once normalised (`normalise`).

    The other kinds compare letters: normalised texts without spaces and combining marks.

    - ``near``: both have at least 6 letters, and one of these holds. The sets of their runs of four
      letters have a Jaccard similarity of at least ``threshold``. Or the test text has at least 4
      words, and the texts share three quarters of the words of the longer one, in any order. Or the
      test text has at least 2 words, both have at most 32 letters and share a run of four, and their
      edit distance is at most a sixth of the longer one's letters. Similarity is the greatest of the
      three: the Jaccard similarity, the share of words, 1 less the share of edited letters.
    - ``part``: the test text has at least 6 letters, and 5 words or 20 letters, and is inside the
      training text (similarity 1); or the test text has at least 2 words, the training text has at
      least 6 letters, is inside the test text, and has at least 0.6 of its letters (similarity is
      that share).

    Scripts without spaces between words are counted and compared as in `Wording`. The result equals
    that of comparing all pairs. Training texts are compared block by block, so that memory does not
    grow with their number.

    Args:
        train_texts: M texts, read once.
        test_texts: N texts.
        threshold: smallest Jaccard similarity of a near duplicate, above 0 and at most 1.

    Returns:
        The overlap of the N test texts.

    Raises:
        DataError: the threshold is out of its range.
    """
    if not 0 < threshold <= 1:
        raise DataError(f"threshold {threshold} of overlap", "above 0 and at most 1")
    tested = _Distinct.of(test_texts)
    exact, near, part = (_Best.of(len(tested.first)) for _ in range(3))
    for block in _blocks(train_texts):
        trained = _Distinct.of(list(block))
        places = np.array(list(block.values()), dtype=np.int64)[trained.first]
        train, test = Texts.of(trained.wordings, tested.wordings)
        near.update(near_in_grams(train, test, threshold), places)
        near.update(near_in_words(train, test), places)
        near.update(near_in_letters(train, test), places)
        part.update(inside_training(train, test), places)
        part.update(inside_test(train, test), places)
        exact.update([_equal(trained, tested)], places)
    closest = _closest({"exact": exact, "near": near, "part": part})
    row = tested.row
    return Overlap(closest.kind[row], closest.train_index[row], closest.similarity[row])


def _blocks(texts: Iterable[str]) -> Iterator[dict[str, int]]:
    """The texts in blocks: each distinct text -> its first place in the block, at least one block."""
    block: dict[str, int] = {}
    letters = 0
    for place, text in enumerate(texts):
        if text in block:
            continue
        block[text] = place
        letters += len(text)
        if len(block) == TEXTS_AT_ONCE or letters > LETTERS_AT_ONCE:
            yield block
            block, letters = {}, 0
    yield block


@dataclass(frozen=True)
class _Distinct:
    """Distinct normalised texts: row, wording and first place of each, and the row of each place."""

    rows: dict[str, int]
    wordings: list[Wording]
    first: NDArray[np.int64]
    row: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Distinct:
        rows: dict[str, int] = {}
        wordings: list[Wording] = []
        first: list[int] = []
        row = np.zeros(len(texts), dtype=np.int64)
        for place, text in enumerate(map(spaced, texts)):
            row[place] = rows.setdefault(joined(text), len(rows))
            if len(wordings) < len(rows):
                wordings.append(wording_of(text))
                first.append(place)
        return cls(rows, wordings, np.array(first, dtype=np.int64), row)


def _equal(train: _Distinct, test: _Distinct) -> OverlappingPairs:
    pairs = [(row, train.rows[text]) for text, row in test.rows.items() if text in train.rows]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return OverlappingPairs(rows, columns, np.ones(len(rows)))


@dataclass(frozen=True)
class _Best:
    """The most similar training text of each test row so far, the first of equals; -1: none."""

    index: NDArray[np.int64]
    similarity: NDArray[np.float64]

    @classmethod
    def of(cls, count: int) -> _Best:
        return cls(np.full(count, -1, dtype=np.int64), np.zeros(count))

    def update(self, blocks: Iterable[OverlappingPairs], places: NDArray[np.int64]) -> None:
        """Updates the rows for which a block has a better pair.

        Args:
            blocks: blocks of pairs.
            places: int64, the training text of each column, ascending.
        """
        for block in blocks:
            order = np.lexsort((block.columns, -block.similarity, block.rows))
            order = order[np.unique(block.rows[order], return_index=True)[1]]
            rows, columns = block.rows[order], places[block.columns[order]]
            score, known = block.similarity[order], self.similarity[rows]
            better = (score > known) | ((score == known) & (columns < self.index[rows]))
            self.index[rows[better]] = columns[better]
            self.similarity[rows[better]] = score[better]


def _closest(best_of_kind: dict[str, _Best]) -> Overlap:
    """The closest kind of each row; the kinds are sorted, closest first."""
    matches = [best.index >= 0 for best in best_of_kind.values()]
    kind = np.select(
        matches,
        [np.full(len(rows), name) for name, rows in zip(best_of_kind, matches, strict=True)],
        "none",
    )
    index = np.select(matches, [best.index for best in best_of_kind.values()], -1)
    return Overlap(
        kind, index, np.select(matches, [best.similarity for best in best_of_kind.values()], 0.0)
    )
