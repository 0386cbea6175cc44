"""Numbers for texts, equal for equal texts, without the texts in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.uint64]

_BYTES = 16
"""Bytes of a hash: among 10^9 texts, two different ones have the same hash with a probability of
10^-21."""


def equal_numbers(texts: Iterable[str]) -> NDArray[np.int64]:
    """A number for each of N texts, int64 [N]: equal for equal texts, counted by first occurrence.

    Texts are compared by their hashes, so that memory grows by 16 bytes a text, and by a few arrays of
    numbers while they are sorted.

    Example: ``["b", "a", "b"]`` gives 0, 1, 0.
    """
    return numbers_of_digests(digests_of(texts))


def digests_of(texts: Iterable[str]) -> Digests:
    """The hashes of N texts, uint64 [N, 2]."""
    digests = bytearray()
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digests += hashlib.blake2b(content, digest_size=_BYTES).digest()
    return np.frombuffer(digests, np.uint64).reshape(-1, 2)


def numbers_of_digests(digests: Digests) -> NDArray[np.int64]:
    """The numbers that `equal_numbers` gives, from the hashes of the texts, uint64 [N, 2]."""
    high, low = digests.T
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    firsts = order[is_new]  # the first of each, because the sort is stable
    rank = np.empty(len(firsts), np.int64)
    rank[np.argsort(firsts)] = np.arange(len(firsts))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = rank[np.cumsum(is_new) - 1]
    return numbers
