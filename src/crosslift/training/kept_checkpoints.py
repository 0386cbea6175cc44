"""Weights that a stage keeps in addition to its final ones: those at dev evaluations, and their
mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.training.checkpoint import load_tensors, save_tensors
from crosslift.training.weights import Weights

KeptWeights = Literal["last", "average", "each"]
"""The weights at the end of the budget; the mean of those at all dev evaluations; those of each."""


class KeptCheckpoints:
    """Keeps the weights of a stage at every dev evaluation, until the stage has ended.

    Args:
        wanted: which weights are kept; empty: none.
        folder: folder of the files, beside the stage's checkpoint.
        ranks: ranks that train the stage; the first one writes.
    """

    def __init__(self, wanted: Sequence[KeptWeights], folder: Path, ranks: Ranks = ALONE) -> None:
        self.wanted = wanted
        self._ranks = ranks
        self._folder = folder

    def note(self, number: int, weights: Weights) -> None:
        """Keeps the weights of a dev evaluation.

        Args:
            number: number of the evaluation, from 1. A stage that is resumed writes some a second time.
            weights: present weights.
        """
        if self.wanted:
            place = self._place(number)
            self._ranks.once(lambda: save_tensors(place, weights.named()))

    def at_end(self, count: int) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
        """Name -> kept weights, for the requested ones of ``last``, ``average``, and ``1`` to the
        count.

        Args:
            count: number of dev evaluations.
        """
        if "average" in self.wanted:
            yield "average", self._average(count)
        for number in range(1, count + 1) if "each" in self.wanted else ():
            yield str(number), self._load(number)
        if "last" in self.wanted:
            yield "last", self._load(count)

    def put_back_last(self, count: int, weights: Weights) -> None:
        """Restores the weights at the end of the budget, if others have replaced them."""
        if self.wanted:
            weights.put_back(self._load(count))

    def _average(self, count: int) -> Mapping[str, Tensor]:
        """The mean in float64; tensors of integers are those of the last weights."""
        last = self._load(count)
        means = {n: v.double() / count for n, v in last.items() if v.is_floating_point()}
        for number in range(1, count):
            before = self._load(number)
            for name, mean in means.items():
                torch.add(mean, before[name].double(), alpha=1 / count, out=mean)
        return last | {name: mean.to(last[name].dtype) for name, mean in means.items()}

    def _load(self, number: int) -> dict[str, Tensor]:
        return load_tensors(self._place(number))[0]

    def _place(self, number: int) -> Path:
        return self._folder / f"evaluation-{number}.safetensors"
