"""The interface of work to the ranks that share it. Loads torch only to compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from crosslift.ranks.share import Item, Share, balanced, even

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Result = TypeVar("Result")
RESUMES = (
    "give the command again: training resumes from its last checkpoint, other steps begin again"
)
"""What to do where a rank is lost."""


class Ranks:
    """The ranks that work together: here one process alone, for which everything is the identity.

    In training, every rank draws the same batch and works on its share of it. The loss of a rank is its
    share of the batch's loss, so that losses and gradients of all ranks are summed, never averaged.

    `crosslift.ranks.together` has several of them. Forms and the loop do not depend on their number.
    """

    number = 0
    """Number of this rank, from 0."""
    count = 1
    """Number of all ranks."""

    @property
    def shared(self) -> dict[type, Any]:
        """Class -> its object that one piece of work after another uses on this rank, such as a loaded
        encoder."""
        return {}

    @property
    def turn(self) -> slice:
        """The share of each rank in a list of batches: one after another in turn."""
        return slice(self.number, None, self.count)

    def balanced(self, costs: Sequence[int]) -> Share:
        """The share of each rank in items with costs (tokens), so that all take about as long."""
        return Share(balanced(costs, self.count), self.number)

    def even(self, count: int) -> Share:
        """The share of each rank in a number of items of equal cost, contiguous."""
        return Share(even(count, self.count), self.number)

    def gathered(self, rows: Tensor, share: Share) -> Tensor:
        """The rows of all ranks in the order of the batch, [N, ...], with gradient.

        Args:
            rows: rows of this rank's items, [len(share.mine), ...].
            share: the items of the rows.
        """
        del share
        return rows

    def add_up(self, gradients: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over all ranks."""

    def add_up_rows(self, gradient: Tensor) -> None:
        """The same for a gradient [rows, D] of which most rows may be 0 on all ranks."""

    def summed(self, values: Sequence[float]) -> list[float]:
        """The sum of each of some numbers over all ranks."""
        return list(values)

    def of_the_first(self, values: Tensor) -> Tensor:
        """The tensor of the first rank; tensors have the same shape on all ranks."""
        return values

    def on_the_first(self, work: Callable[[], None]) -> None:
        """Runs a function on the first rank only; the others continue."""
        work()

    def once(self, work: Callable[[], Result]) -> Result:
        """Runs a function on the first rank only while the others wait; returns its result on all
        ranks."""
        return work()

    def united(self, items: Sequence[Item]) -> list[Item]:
        """The items of all ranks, on all of them: those of the first rank first. They are pickled."""
        return list(items)

    def with_shared_norms(self, module: torch.nn.Module) -> torch.nn.Module:
        """A module whose batch norms have statistics over the batch of all ranks."""
        return module

    def check_same(self, work: Callable[[], list[float]]) -> None:
        """Raises if the ranks do not have the same numbers.

        Raises:
            TrainingError: their weights differ.
        """

    def stop_alone_if_asked(self) -> None:
        """Raises KeyboardInterrupt on this rank if the run is to stop. For work in which no rank waits
        for another."""

    def stop_if_asked(self) -> None:
        """Raises KeyboardInterrupt on all ranks at once if the run is to stop. One process alone
        receives its Ctrl-C directly."""


ALONE = Ranks()
"""One process that works alone."""
