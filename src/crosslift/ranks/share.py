"""Which items of a batch each rank works on. Imports no torch."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Item = TypeVar("Item")
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Share:
    """The items of a batch that one rank works on, and those of the other ranks.

    Args:
        parts: for each rank, the places of its items in the batch, int64; some may be empty.
        number: number of this rank.
    """

    parts: tuple[Places, ...]
    number: int

    @property
    def mine(self) -> Places:
        """Places of this rank's items, int64; empty if there are fewer items than ranks."""
        return self.parts[self.number]

    @property
    def run(self) -> Places:
        """The same, but never empty: a rank without items runs the first one, with weight 0 (see
        `of_mean`). So all ranks compute the same operations, and none waits for another."""
        return self.mine if len(self.mine) else np.zeros(1, np.int64)

    @property
    def own(self) -> slice:
        """The places of `mine` as a slice; of contiguous parts (see `even`)."""
        first = int(self.mine[0]) if len(self.mine) else 0
        return slice(first, first + len(self.mine))

    @property
    def span(self) -> slice:
        """The places of `run` as a slice; of contiguous parts (see `even`)."""
        return slice(int(self.run[0]), int(self.run[-1]) + 1)

    def pick(self, items: Sequence[Item]) -> list[Item]:
        """The items at the places of `run`."""
        return [items[place] for place in self.run]

    def of_mean(self, mean: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """This rank's share of the mean over the whole batch: the shares of all ranks sum to it.

        Args:
            mean: mean over the items that this rank runs, scalar.
            sizes: sizes of every item of the batch, such as its words, where the mean is over these;
                None: over the items.
        """
        if len(self.parts) == 1:
            return mean
        counts = np.ones(sum(map(len, self.parts))) if sizes is None else np.asarray(sizes)
        return mean * float(counts[self.mine].sum() / counts.sum())


def balanced(costs: Sequence[int], ranks: int) -> tuple[Places, ...]:
    """Parts of nearly equal cost: each item, the most expensive first, goes to the rank with the least.

    Args:
        costs: costs of the items, such as their tokens.
        ranks: number of parts.

    Returns:
        Places of each part's items, int64, in ascending order.

    Source: Graham 1969 (SIAM J. Appl. Math. 17), "longest processing time first": at most 4/3 of the
    best possible.
    """
    if ranks == 1:
        return even(len(costs), ranks)
    parts: list[list[int]] = [[] for _ in range(ranks)]
    loads = [(0, number) for number in range(ranks)]
    for place in np.argsort(-np.asarray(costs, np.int64), kind="stable").tolist():
        load, number = heapq.heappop(loads)
        parts[number].append(place)
        heapq.heappush(loads, (load + int(costs[place]), number))
    return tuple(np.array(sorted(part), np.int64) for part in parts)


def even(count: int, ranks: int) -> tuple[Places, ...]:
    """Parts of nearly equal numbers of items, each of them contiguous, int64."""
    return tuple(np.array_split(np.arange(count), ranks))
