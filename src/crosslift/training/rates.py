"""Learning rates over a stage: warm-up, then a schedule."""

from __future__ import annotations

import math

from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress
from crosslift.training.stage_settings import StageSettings

_LEAST = 1e-3  # so that the first update is not without effect


def rate_of(settings: StageSettings, budget: Budget, progress: Progress) -> float:
    """Share of the peak learning rates for the next update, taken at the update's middle.

    Args:
        settings: settings of the stage: schedule and warm-up.
        budget: budget of the stage.
        progress: progress before the update.

    Returns:
        In [0, 1].
    """
    mean_tokens = progress.tokens / max(1, progress.updates)
    step = {"updates": 1.0, "examples": float(budget.batch_size), "tokens": mean_tokens}
    done = float(getattr(progress, budget.unit))
    middle = min(1.0, (done + step[budget.unit] / 2) / budget.amount)
    rise = settings.warmup_share
    if middle < rise or rise == 1:
        return min(1.0, max(middle, _LEAST) / rise)
    remaining = (1 - middle) / (1 - rise)
    if settings.schedule == "constant":
        return 1.0
    if settings.schedule == "cosine":
        return (1 - math.cos(math.pi * remaining)) / 2
    return remaining
