"""Texts of a test that stand, exactly or nearly, among training texts."""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from crosslift.errors import DataError, UnknownNameError

Kind = Literal["none", "near", "exact"]
KINDS: tuple[Kind, ...] = ("none", "near", "exact")
"""Names of the codes in `Overlap.codes`."""

GRAM = 4
"""Length of the character grams that near duplicates are compared by."""

_CANDIDATES_AT_ONCE = 4_000_000
_SLACK = 1e-9  # keeps a float error from shortening a prefix


@dataclass(frozen=True)
class Overlap:
    """What of a test stands among training texts.

    Args:
        kind: str array [N test]: "none", "near" or "exact".
        train_index: int64 array [N test]: the most similar training text, the first of equals;
            -1 for none.
        similarity: float64 array [N test]: 1 for exact, the Jaccard similarity for near, 0 for
            none.
    """

    kind: NDArray[np.str_]
    train_index: NDArray[np.int64]
    similarity: NDArray[np.float64]

    def count(self, kind: Kind) -> int:
        """How many test texts are of one kind.

        Raises:
            UnknownNameError: no such kind.
        """
        if kind not in KINDS:
            raise UnknownNameError("kind of overlap", kind, KINDS)
        return int(np.count_nonzero(self.kind == kind))


def find_overlap(
    train_texts: Sequence[str], test_texts: Sequence[str], *, threshold: float = 0.8
) -> Overlap:
    """Finds each test text's exact or near duplicate among training texts, without omission.

    Texts are normalised (`normalise`): NFKC, case folded, without punctuation, spaces and control
    characters. Equal ones are exact duplicates. Near ones have sets of character 4-grams with a
    Jaccard similarity of at least ``threshold``; texts of fewer than four characters can only be
    exact. The result equals that of comparing all pairs: two sets as similar as that share a gram
    among the rarest few of each, so only pairs that do are compared (prefix filtering: Bayardo,
    Ma, Srikant, "Scaling up all pairs similarity search", WWW 2007, section 4; with the length
    bound of Xiao et al., "Efficient similarity joins for near duplicate detection", WWW 2008,
    section 2).

    Args:
        train_texts: M texts.
        test_texts: N texts.
        threshold: smallest Jaccard similarity of a near duplicate, above 0 and at most 1.

    Returns:
        The overlap of the N test texts.

    Raises:
        DataError: the threshold is out of its range.
    """
    if not 0 < threshold <= 1:
        raise DataError(f"threshold {threshold} of overlap", "above 0 and at most 1")
    train, train_first, _ = _distinct(train_texts)
    test, _, test_row = _distinct(test_texts)
    index, similarity = _near(train, test, threshold)
    exact = _exact(train, test)
    index = np.where(exact >= 0, exact, index)
    kind = np.where(exact >= 0, "exact", np.where(index >= 0, "near", "none"))
    similarity = np.where(exact >= 0, 1.0, similarity)
    first = np.append(train_first, -1)  # so that -1 stays -1
    return Overlap(kind[test_row], first[index][test_row], similarity[test_row])


def normalise(text: str) -> str:
    """A text under NFKC and case folding, without punctuation, spaces and control characters.

    A text that has nothing else keeps what it has, so that "!" and "?" stay different.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.translate(_DROPPED) or "".join(folded.split())


class _Dropped(dict[int, int | None]):
    """Translation table that learns each character when it first comes."""

    def __missing__(self, point: int) -> int | None:
        drop = unicodedata.category(chr(point))[0] in "PZC"
        self[point] = None if drop else point
        return self[point]


_DROPPED = _Dropped()


def _distinct(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Distinct normalised texts, the first place of each, and the distinct text of each place."""
    rows: dict[str, int] = {}
    row = np.array([rows.setdefault(normalise(text), len(rows)) for text in texts], dtype=np.int64)
    _, first = np.unique(row, return_index=True)
    return list(rows), first.astype(np.int64), row


def _exact(train: Sequence[str], test: Sequence[str]) -> NDArray[np.int64]:
    places = {text: place for place, text in enumerate(train)}
    return np.array([places.get(text, -1) for text in test], dtype=np.int64)


def _near(
    train: list[str], test: list[str], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Most similar training row of each test row at or above the threshold, -1 without one."""
    best = np.full(len(test), -1, dtype=np.int64)
    similarity = np.zeros(len(test))
    grams = _gram_sets([*train, *test])
    sets_train, sets_test = grams[: len(train)], grams[len(train) :]
    heads_train = _prefixes(sets_train, threshold)
    heads_test = _prefixes(sets_test, threshold)
    for rows, columns in _candidates(heads_test, heads_train.T.tocsr()):
        score = _jaccard(sets_test, sets_train, rows, columns, threshold)
        order = np.lexsort((columns, -score, rows))
        firsts = order[np.unique(rows[order], return_index=True)[1]]
        firsts = firsts[score[firsts] >= threshold]
        best[rows[firsts]] = columns[firsts]
        similarity[rows[firsts]] = score[firsts]
    return best, similarity


def _gram_sets(texts: list[str]) -> csr_matrix:
    """Binary matrix [texts, grams], whose columns go from the rarest gram to the commonest."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    encoding = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
    joined = "".join(texts).encode(encoding, "surrogatepass")
    grams = _dense_ids(np.frombuffer(joined, dtype=np.uint32).astype(np.int64))
    for step in (1, 2):  # pairs of characters, then pairs of pairs: ids stay exact at any alphabet
        size = int(grams.max(initial=0)) + 1
        grams = _dense_ids(grams[:-step] * size + grams[step:])
    owner = np.repeat(np.arange(len(texts)), lengths)[: max(0, lengths.sum() - GRAM + 1)]
    left = np.repeat(lengths.cumsum(), lengths)[: len(owner)] - np.arange(len(owner))
    inside = left >= GRAM
    return _rarest_first(owner[inside], grams[: len(owner)][inside], len(texts))


def _dense_ids(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _rarest_first(owner: NDArray[np.int64], gram: NDArray[np.int64], count: int) -> csr_matrix:
    width = int(gram.max(initial=-1)) + 1
    keys = np.sort(owner * max(width, 1) + gram)  # np.unique hashes, which is slower here
    keys = keys[np.diff(keys, prepend=-1) > 0]
    owner, gram = np.divmod(keys, max(width, 1))
    frequency = np.bincount(gram, minlength=width)
    rank = np.empty(width, dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(width)
    ones = np.ones(len(owner), dtype=np.int32)
    matrix = csr_matrix((ones, (owner, rank[gram])), shape=(count, max(width, 1)))
    matrix.sort_indices()
    return matrix


def _prefixes(sets: csr_matrix, threshold: float) -> csr_matrix:
    """The rarest n - ceil(t n) + 1 grams of each set of n: enough to meet any similar set in."""
    sizes = np.diff(sets.indptr)
    length = np.where(sizes > 0, sizes - np.ceil(threshold * sizes - _SLACK) + 1, 0)
    place = np.arange(sets.nnz) - np.repeat(sets.indptr[:-1], sizes)
    kept = place < np.repeat(length, sizes)
    rows = np.repeat(np.arange(sets.shape[0]), sizes)[kept]
    values = np.ones(len(rows), dtype=np.int32)
    return csr_matrix((values, (rows, sets.indices[kept])), shape=sets.shape)


def _candidates(
    heads_test: csr_matrix, train_by_gram: csr_matrix
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of test and training rows that share a prefix gram, a block of test rows at a time."""
    postings = np.diff(train_by_gram.indptr)
    work = np.asarray(heads_test @ postings).ravel().cumsum()
    start = 0
    while start < heads_test.shape[0]:
        done = work[start - 1] if start else 0
        stop = int(np.searchsorted(work, done + _CANDIDATES_AT_ONCE, side="right"))
        stop = max(stop, start + 1)
        shared = (heads_test[start:stop] @ train_by_gram).tocoo()
        yield shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
        start = stop


def _jaccard(
    test: csr_matrix,
    train: csr_matrix,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    threshold: float,
) -> NDArray[np.float64]:
    """Jaccard similarity of each pair; 0 where the sizes alone rule the threshold out."""
    sizes_test, sizes_train = np.diff(test.indptr)[rows], np.diff(train.indptr)[columns]
    smaller = np.minimum(sizes_test, sizes_train)
    larger = np.maximum(sizes_test, sizes_train)
    score = np.zeros(len(rows))
    possible = np.flatnonzero(smaller >= threshold * larger - _SLACK)
    block = max(1, _CANDIDATES_AT_ONCE // max(1, int(larger.max(initial=1))))
    for part in np.array_split(possible, math.ceil(len(possible) / block) or 1):
        both = test[rows[part]].multiply(train[columns[part]])
        common = np.asarray(both.sum(axis=1)).ravel()
        union = sizes_test[part] + sizes_train[part] - common
        score[part] = common / np.maximum(union, 1)
    return score
