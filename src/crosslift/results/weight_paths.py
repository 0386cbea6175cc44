"""``interpolation.json``: scores of arms between their start and their end."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import ONE_SEED, Outcome

INTERPOLATION_FILE = "interpolation.json"

_AGAINST_START = ("effect", "low", "high", "p", "p_corrected", "verdict")


class PathPoint(ResultRecord):
    """An arm at a share of the way from its start to its end, on one target, in the target's primary
    metric and protocol.

    The p-values of all points of the file are corrected together. A share that is chosen by looking
    at these scores is fitted on them.
    """

    arm: str
    """Name of the arm."""
    target: str
    """Name of the target."""
    metric: str
    """Primary metric of the target."""
    protocol: str
    """Id of the primary protocol of the target."""
    share: Annotated[float, Field(ge=0, le=1)]
    """0 at the arm's start, 1 at its end."""
    score: float
    """Mean over seeds of the macro mean over languages, in [0, 1]."""
    seeds: Annotated[tuple[float, ...], Field(min_length=1)]
    """The score of each seed."""
    effect: float | None
    """The score minus the score at the start of the arm; null at the start, as are the fields below."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""
    p: float | None
    """Two-sided p-value of the effect."""
    p_corrected: float | None
    """The p-value, corrected over all points of the file (Holm); null if one seed gives no verdict."""
    verdict: Outcome | None
    """The verdict on the effect."""

    @model_validator(mode="after")
    def _check_comparison(self) -> PathPoint:
        missing = [name for name in _AGAINST_START if getattr(self, name) is None]
        uncorrected = ["p_corrected"] if self.verdict == ONE_SEED else []
        if self.share > 0 and missing != uncorrected:
            raise ValueError(f"{self.arm} at share {self.share:g} lacks {', '.join(missing)}")
        if self.share == 0 and len(missing) < len(_AGAINST_START):
            raise ValueError(f"{self.arm} at share 0 is its own start and has no effect")
        return self
