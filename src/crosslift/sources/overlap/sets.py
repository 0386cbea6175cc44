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


class Sets(NamedTuple):
    """N sets, without the members that can meet nothing.

    Args:
        members: binary [N, members], from the rarest to the commonest.
        absent: int64 [N], number of members of each set that are left out: no text that it is compared
            with has them. They count as rarer than all others.
    """

    members: csr_matrix
    absent: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of members of each set, int64 [N]."""
        return sizes_of(self.members) + self.absent

    def part(self, rows: slice) -> Sets:
        """Some of the sets."""
        return Sets(self.members[rows], self.absent[rows])


_AT_ONCE = 4_000_000
_MOST_PAIRS = 1 << 26
"""Above this many possible pairs of letters, their numbers are made dense. So numbers of runs of four
stay below 2 to the 52nd."""
_BITS_OF_A_HASH = 22
_ODD = np.uint64(0x9E3779B97F4A7C15)


def gram_sets(texts: Sequence[str], compared_from: int = 0) -> Sets:
    """The runs of four letters of each text.

    Args:
        texts: N texts.
        compared_from: runs that no text from here on has are left out.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    encoding = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
    joined = "".join(texts).encode(encoding, "surrogatepass")
    grams, width = _grams(np.frombuffer(joined, dtype=np.uint32))
    owner = np.repeat(np.arange(len(texts)), lengths)[: len(grams)]
    remaining = np.repeat(lengths.cumsum(), lengths)[: len(owner)] - np.arange(len(owner))
    inside = remaining >= GRAM
    owner, grams = owner[inside], grams[inside]
    return _rarest_first(owner, grams, len(texts), width, compared_from)


def _grams(letters: NDArray[np.uint32]) -> tuple[NDArray[np.int64], int]:
    """A number for each run of four letters, exact with any alphabet, and an upper bound of the
    numbers."""
    occurs = np.zeros(sys.maxunicode + 1, dtype=np.bool_)
    occurs[letters] = True
    ids = (occurs.cumsum() - 1)[letters]
    width = max(1, int(occurs.sum()))
    pairs, width = ids[:-1] * width + ids[1:], width**2
    if width > _MOST_PAIRS:
        pairs = _dense_ids(pairs)
        width = int(pairs.max(initial=0)) + 1
    return pairs[:-2] * width + pairs[2:], width**2


def word_sets(texts: Sequence[Sequence[str]], compared_from: int = 0) -> Sets:
    """The words of each text.

    A word that occurs twice in a text counts as two, its first and its second occurrence.

    Args:
        texts: words of N texts.
        compared_from: words that no text from here on has are left out.
    """
    ids: dict[str, int] = {}
    for word in chain.from_iterable(texts[compared_from:]):
        ids.setdefault(word, len(ids))
    sizes = np.array([len(words) for words in texts], dtype=np.int64)
    words = np.array([ids.get(word, -1) for word in chain.from_iterable(texts)], dtype=np.int64)
    owner = np.repeat(np.arange(len(texts)), sizes)
    owner, words = owner[words >= 0], words[words >= 0]
    width = max(len(ids), 1)
    keys = np.sort(owner * width + words)
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    time = np.arange(len(keys)) - np.repeat(starts, np.diff(starts, append=len(keys)))
    owner, words = np.divmod(keys, width)
    members, number = time * width + words, (int(time.max(initial=0)) + 1) * width
    sets = _rarest_first(owner, members, len(texts), number, compared_from)
    return Sets(sets.members, sizes - sizes_of(sets.members))


def _dense_ids(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _rarest_first(
    owner: NDArray[np.int64], member: NDArray[np.int64], count: int, width: int, compared_from: int
) -> Sets:
    """Sets of members, ``count`` of them, from the sets' numbers and members below ``width``."""
    owner, member = _each_once(owner, member, width)
    sizes = np.bincount(owner, minlength=count)
    wanted = np.unique(member[np.searchsorted(owner, compared_from) :])
    owner, member = _only(owner, member, wanted)
    frequency = np.bincount(member, minlength=len(wanted))
    rank = np.empty(len(wanted), dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(wanted))
    kept = np.bincount(owner, minlength=count)
    values = np.ones(len(owner), dtype=np.int32)
    starts = np.concatenate([[0], kept.cumsum()])
    matrix = csr_matrix((values, rank[member], starts), shape=(count, max(len(wanted), 1)))
    matrix.sort_indices()
    return Sets(matrix, sizes - kept)


def _each_once(
    owner: NDArray[np.int64], member: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct pairs, in order, of owners that ascend and members below ``width``."""
    rows = max(1, (1 << 62) // width)  # this many owners, and their members, fit into 63 bits
    owners, members = [], []
    for first in range(0, int(owner.max(initial=-1)) + 1, rows):
        part = slice(*np.searchsorted(owner, (first, first + rows)))
        keys = np.sort(
            (owner[part] - first) * width + member[part]
        )  # np.unique hashes: slower here
        of_part, once = np.divmod(keys[np.diff(keys, prepend=-1) > 0], width)
        owners.append(of_part + first)
        members.append(once)
    if not owners:
        return owner, member
    return np.concatenate(owners), np.concatenate(members)


def _only(
    owner: NDArray[np.int64], member: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs whose member is wanted, with the place of the member among the wanted ones.

    Args:
        owner, member: int64 [M].
        wanted: ascending.
    """
    numbers = np.arange(len(wanted))
    slots, of_wanted = np.full(1 << _BITS_OF_A_HASH, -1, dtype=np.int32), _hashes(wanted)
    slots[of_wanted] = numbers
    of_members = _hashes(member)
    place = slots[of_members].astype(np.int64)
    several = np.zeros(len(slots), dtype=np.bool_)
    several[of_wanted[slots[of_wanted] != numbers]] = True
    unclear = several[of_members]
    place[unclear] = np.searchsorted(wanted, member[unclear])
    among = np.append(wanted, -1)[place] == member
    return owner[among], place[among]


def _hashes(members: NDArray[np.int64]) -> NDArray[np.int64]:
    mixed = members.astype(np.uint64) * _ODD
    return (mixed >> np.uint64(64 - _BITS_OF_A_HASH)).astype(np.int64)


def sizes_of(sets: csr_matrix) -> NDArray[np.int64]:
    """The number of members of each set that a matrix holds."""
    sizes: NDArray[np.int64] = np.diff(sets.indptr).astype(np.int64)
    return sizes


def rarest(sets: Sets, most: NDArray[np.int64]) -> csr_matrix:
    """The rarest members of each set, without those that are absent.

    Args:
        sets: from `gram_sets` or `word_sets`.
        most: int64 [sets], how many of each; 0 leaves a set without any.
    """
    members = sets.members
    sizes = sizes_of(members)
    place = np.arange(members.nnz) - np.repeat(members.indptr[:-1], sizes)
    mask = place < np.repeat(most - sets.absent, sizes)
    rows = np.repeat(np.arange(members.shape[0]), sizes)[mask]
    values = np.ones(len(rows), dtype=np.int32)
    return csr_matrix((values, (rows, members.indices[mask])), shape=members.shape)


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
