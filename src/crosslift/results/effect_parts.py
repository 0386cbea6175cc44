"""The sources of an arm's effect: records of ``run.json``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import EQUIVALENT, INCONCLUSIVE, ONE_SEED, Outcome, Verdict


class Figure(ResultRecord):
    """The verdict on two arms, in figures."""

    arm: str
    """The compared arm."""
    against: str
    """The arm that it is compared with."""
    effect: float
    """Mean of the scores of ``arm`` minus that of ``against``, in [-1, 1]."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    level: float
    """Level of the interval."""
    p_corrected: float | None
    """The p-value after Holm's correction; null: no verdict."""
    verdict: Outcome
    """As in a verdict."""
    n_queries: int
    """Number of queries under one seed."""
    n_languages: int
    """Number of languages; each has the same weight."""
    seeds: int
    """Number of seeds of ``arm``."""

    @classmethod
    def of(cls, verdict: Verdict) -> Figure:
        """The figure of a verdict."""
        return cls(**{name: getattr(verdict, name) for name in cls.model_fields})

    @property
    def shown(self) -> str:
        """``shown``; ``equivalent``; ``not shown`` where the interval holds 0, else ``not shown after
        correction``; or ``one seed``, which gives no verdict."""
        if self.verdict == ONE_SEED:
            return "one seed"
        if self.verdict == EQUIVALENT:
            return "equivalent"
        if self.verdict != INCONCLUSIVE:
            return "shown"
        return "not shown" if self.low <= 0 <= self.high else "not shown after correction"

    @property
    def corrected(self) -> None:
        """None: its table shows the corrected verdict in words."""
        return None


class EffectPart(ResultRecord):
    """The parts of an effect, according to one control. ``named`` and ``rest`` add up to the whole
    effect."""

    source: str
    """The source of the named part, in words."""
    control: str
    """Name of the control arm."""
    kind: str | None
    """Kind of the control; null: the study defines it itself."""
    named: Figure
    """The part of that name: the arm against the control (``shuffled-pictures``: picture content;
    ``same-kind-pictures``: detail of the pictures; ``random-features``: learned features;
    ``placebo-labels``: labels; a control that the study defines itself: what it lacks), or the
    control against the baseline (``captions-only``: text exposure; ``same-updates-no-task``:
    training at all)."""
    rest: Figure
    """The whole effect without the named part."""
    within_whole: bool = True
    """Whether ``named`` lies between 0 and the whole. If not, it is no part of the whole: the control
    is on the other side of the baseline."""


class Attribution(ResultRecord):
    """The sources of the effect of an arm with controls, on one target.

    The parts of different controls overlap, and do not add up.
    """

    arm: str
    """The arm."""
    baseline: str
    """The baseline of its start."""
    target: str
    """Name of the target."""
    metric: str
    """Primary metric of the target."""
    protocol: str
    """Id of the primary protocol of the target."""
    whole: Figure
    """The arm against its baseline."""
    parts: Annotated[tuple[EffectPart, ...], Field(min_length=1)]
    """One part for each control."""
    sentence: str
    """The result in words, with effects in percentage points."""


class Gain(ResultRecord):
    """The part of an arm's gain over the baseline that remains against a control that the study defines
    itself."""

    arm: str
    """The arm."""
    control: str
    """Its control."""
    target: str
    """Name of the target."""
    sentence: str
    """The result in words."""


class Orientation(ResultRecord):
    """The difference between a reference and a baseline, without a test or a correction."""

    arm: str
    """The reference."""
    against: str
    """The baseline of its start; if that is the reference itself, the baseline of the study."""
    target: str
    """Name of the target."""
    effect: float
    """Mean of the scores of ``arm`` minus that of ``against``."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    level: float
    """Level of the interval."""
    n_queries: int
    """Number of queries under one seed."""
    n_languages: int
    """Number of languages; each has the same weight."""

    @property
    def corrected(self) -> None:
        """No correction applies to it."""
        return None
