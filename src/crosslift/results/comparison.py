"""The output of ``crosslift compare``: two encoders on the same queries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crosslift.results.published_scores import ModelScores
from crosslift.results.result_record import ResultRecord, absent_if
from crosslift.results.verdict import Outcome


class ComparedLanguage(ResultRecord):
    """Two encoders in one language, or in the mean of all."""

    language: str
    """Code of the language; ``macro``: the mean of all, each with the same weight."""
    n_queries: int
    """Number of queries."""
    first: float
    """Score of the first encoder; mean over its seeds."""
    second: float
    """Score of the second."""
    difference: float
    """The second minus the first."""
    low: float
    """Lower end of the 95% interval of the difference."""
    high: float
    """Upper end of its interval."""
    p_corrected: float | None
    """The p-value, corrected over the languages of the target (Holm); null if one seed gives no
    verdict. The p-value of the mean is not corrected."""
    verdict: Outcome
    """Whether the second encoder is shown to be higher or lower."""
    gained: int | None
    """Number of queries that the second encoder answers correctly more often than the first, by the
    median of seeds. Under a protocol that asks in both directions, each direction is an answer. Null:
    the metric has no correct answers."""
    lost: int | None
    """Number of queries that the first encoder answers correctly more often."""


class ComparedTarget(ResultRecord):
    """Two encoders on one target."""

    target: str
    """Name of the target."""
    metric: str
    """Primary metric of the protocol."""
    protocol: str
    """Id of the protocol."""
    macro: ComparedLanguage
    """The mean over languages."""
    languages: Annotated[tuple[ComparedLanguage, ...], Field(min_length=1)]
    """The languages in which both have a score."""
    published: Annotated[tuple[ModelScores, ...], absent_if(())] = ()
    """Published scores of other models on the target; absent: none are named."""
    notes: Annotated[tuple[str, ...], absent_if(())] = ()
    """Remarks on how a side was measured, such as queries that a run file does not answer."""


class EncoderComparison(ResultRecord):
    """Two encoders on the targets that both have scores for."""

    first: str
    """Name of the first encoder, or RUN:ARM."""
    second: str
    """Name of the second."""
    seeds: tuple[int, int]
    """Number of trained seeds of each. 1 for an untrained encoder: its intervals cover the variation of
    items only."""
    targets: Annotated[tuple[ComparedTarget, ...], Field(min_length=1)]
    """The targets."""
