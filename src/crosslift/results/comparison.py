"""What ``crosslift compare`` writes: two encoders on the same queries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crosslift.results.result_record import ResultRecord
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
    """Lower end of the interval of the difference, of the level 0.95."""
    high: float
    """Upper end of it."""
    p_corrected: float | None
    """The p-value, corrected over the languages of the target (Holm); null where one seed gives no
    verdict. That of the mean is corrected for nothing."""
    verdict: Outcome
    """On the difference: whether the second encoder is higher, lower, or neither is shown."""
    gained: int | None
    """Queries that the second encoder answers rightly and the first does not, by the majority of seeds;
    null: the metric has no right answers."""
    lost: int | None
    """The reverse."""


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
    """The languages that both were measured in."""


class EncoderComparison(ResultRecord):
    """Two encoders on the targets that both were measured on."""

    first: str
    """Name of the first encoder, or RUN:ARM."""
    second: str
    """Name of the second."""
    seeds: tuple[int, int]
    """Number of trained seeds of each; 1 of an encoder as it is: its intervals contain the variation of
    items alone."""
    targets: Annotated[tuple[ComparedTarget, ...], Field(min_length=1)]
    """The targets."""
