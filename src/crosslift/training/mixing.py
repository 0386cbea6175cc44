"""Several tasks in one stage: the tasks whose records each update holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.forms.form import OpenTask
from crosslift.training.task_settings import MixedTaskSettings, MixingSettings
from crosslift.training.update_part import UpdatePart

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MixedTask:
    """An opened task of a stage.

    Args:
        name: name of the task, distinct in its stage.
        settings: its weight among the tasks, and the weight of its loss.
        task: the task to train on.
        seed: seed of its batches; with one seed, tasks of the same size would draw the same positions.
    """

    name: str
    settings: MixedTaskSettings
    task: OpenTask
    seed: int


def shares_of(
    settings: Sequence[MixedTaskSettings],
    sizes: Sequence[int],
    mixing: MixingSettings,
    spent: float,
) -> Shares:
    """Each task's share of the examples.

    Args:
        settings: settings of T tasks.
        sizes: number of training rows of each task.
        mixing: how shares follow from these.
        spent: spent share of the budget, in [0, 1]: weights may change with it.

    Returns:
        float64 [T], summing to 1.

    Source: temperature: Devlin 2018 (multilingual BERT, as released), exponent 1 / temperature;
    capped: Raffel et al. 2020 (arXiv 1910.10683), section 3.5.2.
    """
    counts = np.asarray(sizes, np.float64)
    if any(each.weight is not None for each in settings):
        weights = np.array([each.weight_at(spent) for each in settings])
    elif mixing.sampling == "uniform":
        weights = np.ones(len(counts))
    elif mixing.sampling == "temperature":
        weights = counts ** (1 / mixing.temperature)
    elif mixing.sampling == "capped":
        weights = np.minimum(counts, mixing.cap)
    else:
        weights = counts
    shares: Shares = weights / weights.sum()
    return shares


class Mixture:
    """Chooses the tasks whose records each update holds, from the seed and the update's number alone.

    Args:
        members: the tasks.
        mixing: their shares, and whether a batch holds one task.
        accumulation: number of parts of an update.
        seed: seed of the draws.
    """

    def __init__(
        self, members: Sequence[MixedTask], mixing: MixingSettings, accumulation: int, seed: int
    ) -> None:
        self.members = members
        self.mixing = mixing
        self.accumulation = accumulation
        self.seed = seed

    def parts(
        self, number: int, spent: float, batch_size: int, taken: Mapping[str, int]
    ) -> list[UpdatePart]:
        """The parts of an update.

        Args:
            number: number of the update, from 0.
            spent: share of the budget spent before it, in [0, 1].
            batch_size: number of records of the update.
            taken: task -> number of records drawn before.
        """
        counts = self._counts(number, spent, batch_size)
        drawn = dict(taken)
        parts = []
        for of_part in counts:
            for member, count in zip(self.members, of_part.tolist(), strict=True):
                if count == 0:
                    continue
                start = drawn.get(member.name, 0)
                weight = count / batch_size * member.settings.loss_weight
                parts.append(UpdatePart(member.name, start, count, weight))
                drawn[member.name] = start + count
        return parts

    def _counts(self, number: int, spent: float, batch_size: int) -> NDArray[np.int64]:
        """Records of each task in each part, int64 [parts, tasks]."""
        sizes = [member.task.size for member in self.members]
        shares = shares_of([m.settings for m in self.members], sizes, self.mixing, spent)
        generator = np.random.default_rng((self.seed, number, 2))
        parts = min(self.accumulation, batch_size)
        lengths = [len(part) for part in np.array_split(np.arange(batch_size), parts)]
        if self.mixing.batches == "interleaved":
            return np.stack([_spread(shares, length, generator) for length in lengths])
        across = self.mixing.accumulate == "across"
        chosen = generator.choice(len(shares), size=parts if across else 1, p=shares)
        counts = np.zeros((parts, len(shares)), np.int64)
        counts[np.arange(parts), chosen] = lengths
        return counts


def _spread(shares: Shares, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Distributes a number of records over tasks: each task gets its share, rounded up or down, and its
    exact share in the mean over many draws (systematic sampling)."""
    points = (generator.random() + np.arange(count)) / count
    tasks = np.searchsorted(np.cumsum(shares), points, side="right")
    last = int(np.flatnonzero(shares)[-1])  # where rounding leaves the sum below the last point
    return np.bincount(np.minimum(tasks, last), minlength=len(shares)).astype(np.int64)
