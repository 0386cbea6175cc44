"""The questions of a study, declared before it runs: comparisons of arms, and expected scores."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crosslift.artifacts.field_checks import EachOnce
from crosslift.targets.protocol import OURS
from crosslift.targets.target_settings import SmallestEffect


class Comparison(BaseModel):
    """A question about two arms, declared before the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str
    """Name of an arm, or of a control that comes with one (`ARM--shuffled-pictures`)."""
    against: str
    """Name of the other arm."""
    targets: Annotated[tuple[str, ...], EachOnce] | None = None
    """Names of targets; None: every target that both arms have scores on."""
    question: str = ""
    """The question in words; reports group comparisons by it."""
    smallest_effect: SmallestEffect | None = None
    """Overrides the study's smallest effect on these targets."""


class Expected(BaseModel):
    """A score that a study should measure, declared before the run; it changes no step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str
    """Name of an arm."""
    target: str
    """Name of a target."""
    protocol: Annotated[str, Field(min_length=1)] = OURS
    """Name of one of the target's protocols. Its first direction and its own metric count."""
    score: Annotated[float, Field(allow_inf_nan=False)]
    """The mean over languages and seeds, in points, or in the unit of the metric."""
    within: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """A score at most this far from it is as expected, in the same unit."""
    source: str = ""
    """Source of the score, in words."""
