"""Choices by the English dev score: when a stage ends, and which of its weights are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from crosslift.errors import TrainingError, nearest
from crosslift.metrics.table import described
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.training.checkpoint import Progress, load_tensors, save_tensors
from crosslift.training.stage_settings import StageSettings
from crosslift.training.weights import Weights

Scores = Mapping[str, Mapping[str, float]]
"""Task -> dev metric -> value; the first metric of a task is its primary one."""


class Selection:
    """Follows the dev score of a stage.

    Args:
        settings: settings of the stage.
        place: file of the best weights so far, beside the stage's checkpoint.
        ranks: ranks that train the stage; the first one writes.
    """

    def __init__(self, settings: StageSettings, place: Path, ranks: Ranks = ALONE) -> None:
        self.settings = settings
        self._ranks = ranks
        self.place = place

    @property
    def wanted(self) -> bool:
        """Whether the stage chooses at all."""
        return self.settings.early_stopping is not None or self.settings.keep_best

    def note(self, scores: Scores, progress: Progress, weights: Weights) -> None:
        """Processes a dev evaluation; if it is the best so far, its weights are kept.

        Raises:
            TrainingError: there is no such dev score.
        """
        if not self.wanted:
            return
        score = chosen_score(scores, self.settings.dev_metric)
        stopping = self.settings.early_stopping
        least = stopping.least_gain if stopping else 0.0
        if progress.best is not None and score <= progress.best + least:
            progress.without_gain += 1
            return
        progress.best, progress.best_update, progress.without_gain = score, progress.updates, 0
        if self.settings.keep_best:
            self._ranks.once(lambda: save_tensors(self.place, weights.named()))

    def ended(self, progress: Progress) -> bool:
        """Whether the stage ends before its budget does."""
        stopping = self.settings.early_stopping
        return stopping is not None and progress.without_gain >= stopping.patience

    def finish(self, weights: Weights) -> None:
        """Restores the best weights, if the stage keeps them."""
        if self.settings.keep_best:
            weights.put_back(load_tensors(self.place)[0])


def chosen_score(scores: Scores, metric: str | None) -> float:
    """The score that a stage chooses by; higher is better, so that a loss counts negative.

    Args:
        scores: scores of all tasks that have dev records.
        metric: a metric's name, with ``TASK:`` before it where several tasks have it; None: the mean
            of the tasks' primary ones.

    Raises:
        TrainingError: no task has dev records, or none, or several, that metric.
    """
    if not any(scores.values()):
        raise TrainingError(
            "early_stopping and keep_best choose by a dev score, and no task of the stage has dev "
            "records",
            "a task with dev records",
            "take early_stopping and keep_best out, or train on a task that has a dev split",
        )
    if metric is None:
        firsts = [next(iter(metrics.items())) for metrics in scores.values() if metrics]
        return sum(_oriented(name, value) for name, value in firsts) / len(firsts)
    by_task_and_metric = {
        f"{task}:{m}": v for task, metrics in scores.items() for m, v in metrics.items()
    }
    matching = [
        name for name in by_task_and_metric if name == metric or name.partition(":")[2] == metric
    ]
    if len(matching) != 1:
        raise _unclear(metric, matching, list(by_task_and_metric))
    return _oriented(matching[0], by_task_and_metric[matching[0]])


def _oriented(name: str, value: float) -> float:
    metric = described(name.rpartition(":")[2])
    return -value if metric.lower_is_better else value


def _unclear(metric: str, matching: Sequence[str], legal: Sequence[str]) -> TrainingError:
    if matching:
        return TrainingError(f"dev_metric {metric!r} is of several tasks", ", ".join(matching))
    near = nearest(metric, legal)
    return TrainingError(
        f"there is no dev metric {metric!r}",
        f"one of {', '.join(legal)}",
        f"did you mean {' or '.join(map(repr, near))}?" if near else None,
    )
