"""Training that learned nothing: updates at which the loss of a task was 0."""

from __future__ import annotations

from collections.abc import Iterable

from crosslift.results.score_rows import CurvePoint
from crosslift.wording import count, plural

LEAST_SHARE = 0.1
"""Least share of a stage's updates, all seeds together; less is not reported."""


def idle_sentences(curves: Iterable[CurvePoint]) -> list[str]:
    """One sentence for each stage of an arm and each of its tasks whose loss was often 0.

    A loss of 0 has no gradient. A contrastive loss is 0 if no anchor of the batch has a negative.

    Args:
        curves: every point of the run.

    Returns:
        In the order of the points; none for tasks with a loss of 0 at less than a tenth of the
        updates.
    """
    losses: dict[tuple[str, int, str], list[float]] = {}
    for point in curves:
        if point.metric == "loss":
            losses.setdefault((point.arm, point.stage, point.task), []).append(point.value)
    return [
        _sentence(*place, sum(value == 0 for value in values), len(values))
        for place, values in losses.items()
        if sum(value == 0 for value in values) >= LEAST_SHARE * len(values)
    ]


def _sentence(arm: str, stage: int, task: str, zeros: int, updates: int) -> str:
    where = f"Arm {arm}, stage {stage + 1}: the loss of {task} was 0 at"
    if zeros == updates:
        every = f"every one of its {count(updates)} updates" if updates > 1 else "its only update"
        return f"{where} {every}: it learned nothing."
    return f"{where} {count(zeros)} of {plural(updates, 'update')}, which taught it nothing."
