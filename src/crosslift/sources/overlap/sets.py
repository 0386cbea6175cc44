"""Texts as sparse sets of their words or runs of letters, and the pairs of sets that can be similar.

Two sets that share enough have one of the rarest few of each in common, so only pairs that do are
compared (prefix filtering: Bayardo, Ma, Srikant, "Scaling up all pairs similarity search", WWW 2007,
section 4).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

GRAM = 4
"""Length of the runs of letters by which texts are compared."""


class CandidatePairs(NamedTuple):
    """Pairs of a test text and a training text.

    Args:
        rows: int64 [P], rows of the test.
        columns: int64 [P], rows of training.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def where(self, mask: NDArray[np.bool_]) -> CandidatePairs:
        """The pairs at which a bool array [P] is true."""
        return CandidatePairs(self.rows[mask], self.columns[mask])


_AT_ONCE = 4_000_000


def gram_sets(texts: Sequence[str]) -> csr_matrix:
    """Binary matrix [texts, grams] of runs of four letters, from the rarest to the commonest."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    encoding = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
    joined = "".join(texts).encode(encoding, "surrogatepass")
    grams = _dense_ids(np.frombuffer(joined, dtype=np.uint32).astype(np.int64))
    for step in (1, 2):  # pairs of letters, then pairs of pairs: ids stay exact at any alphabet
        size = int(grams.max(initial=0)) + 1
        grams = _dense_ids(grams[:-step] * size + grams[step:])
    owner = np.repeat(np.arange(len(texts)), lengths)[: max(0, lengths.sum() - GRAM + 1)]
    remaining = np.repeat(lengths.cumsum(), lengths)[: len(owner)] - np.arange(len(owner))
    inside = remaining >= GRAM
    return _rarest_first(owner[inside], grams[: len(owner)][inside], len(texts))


def word_sets(texts: Sequence[Sequence[str]]) -> csr_matrix:
    """Binary matrix [texts, words], from the rarest to the commonest.

    A word that occurs twice in a text has two columns, for its first and its second occurrence.
    """
    ids: dict[str, int] = {}
    word = [ids.setdefault(word, len(ids)) for word in chain.from_iterable(texts)]
    owner = np.repeat(np.arange(len(texts)), [len(words) for words in texts])
    keys = np.sort(owner * max(len(ids), 1) + np.array(word, dtype=np.int64))
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    time = np.arange(len(keys)) - np.repeat(starts, np.diff(starts, append=len(keys)))
    owner, word_ids = np.divmod(keys, max(len(ids), 1))
    return _rarest_first(owner, _dense_ids(time * max(len(ids), 1) + word_ids), len(texts))


def _dense_ids(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _rarest_first(owner: NDArray[np.int64], member: NDArray[np.int64], count: int) -> csr_matrix:
    width = int(member.max(initial=-1)) + 1
    keys = np.sort(owner * max(width, 1) + member)  # np.unique hashes, which is slower here
    keys = keys[np.diff(keys, prepend=-1) > 0]
    owner, member = np.divmod(keys, max(width, 1))
    frequency = np.bincount(member, minlength=width)
    rank = np.empty(width, dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(width)
    ones = np.ones(len(owner), dtype=np.int32)
    matrix = csr_matrix((ones, (owner, rank[member])), shape=(count, max(width, 1)))
    matrix.sort_indices()
    return matrix


def sizes_of(sets: csr_matrix) -> NDArray[np.int64]:
    """The number of members of each set."""
    sizes: NDArray[np.int64] = np.diff(sets.indptr).astype(np.int64)
    return sizes


def rarest(sets: csr_matrix, most: NDArray[np.int64]) -> csr_matrix:
    """The rarest members of each set.

    Args:
        sets: from `gram_sets` or `word_sets`.
        most: int64 [sets], how many of each; 0 leaves a set without any.
    """
    sizes = sizes_of(sets)
    place = np.arange(sets.nnz) - np.repeat(sets.indptr[:-1], sizes)
    mask = place < np.repeat(most, sizes)
    rows = np.repeat(np.arange(sets.shape[0]), sizes)[mask]
    values = np.ones(len(rows), dtype=np.int32)
    return csr_matrix((values, (rows, sets.indices[mask])), shape=sets.shape)


def sharing(test: csr_matrix, train: csr_matrix) -> Iterator[CandidatePairs]:
    """Every pair of a test set and a training set that share a member, test row by test row.

    Yields:
        Pairs, a block of whole test rows at a time.
    """
    by_member = train.T.tocsr()
    postings = np.diff(by_member.indptr)
    work = np.asarray(test @ postings).ravel().cumsum()
    start = 0
    while start < test.shape[0]:
        done = work[start - 1] if start else 0
        stop = max(int(np.searchsorted(work, done + _AT_ONCE, side="right")), start + 1)
        shared = (test[start:stop] @ by_member).tocoo()
        yield CandidatePairs(shared.row.astype(np.int64) + start, shared.col.astype(np.int64))
        start = stop


def count_shared(test: csr_matrix, train: csr_matrix, pairs: CandidatePairs) -> NDArray[np.int64]:
    """The number of members that the sets of each pair share."""
    rows, columns = pairs
    smaller = np.minimum(sizes_of(test)[rows], sizes_of(train)[columns])
    block = max(1, _AT_ONCE // max(1, int(smaller.max(initial=1))))
    parts = np.array_split(np.arange(len(rows)), math.ceil(len(rows) / block) or 1)
    counts = [np.asarray(test[rows[p]].multiply(train[columns[p]]).sum(axis=1)) for p in parts]
    return np.concatenate([count.ravel() for count in counts]).astype(np.int64)
