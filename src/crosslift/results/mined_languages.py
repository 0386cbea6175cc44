"""``mining.json``: which pairs were mined, and where they were cut off."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from crosslift.results.origins import OfArmOnTarget
from crosslift.results.result_record import ResultRecord

MINING_FILE = "mining.json"


def finite_or_none(threshold: float) -> float | None:
    """A threshold as records hold it: None of one that is infinite, as where no pair is taken."""
    return threshold if math.isfinite(threshold) else None


class MiningScore(ResultRecord):
    """How good the pairs at or above a threshold are."""

    precision: float
    """Share of the extracted pairs that are gold; 0 where none is extracted."""
    recall: float
    """Share of the gold pairs that are extracted; 0 where there is no gold."""
    mining_f1: float
    """2 ``correct`` / (``mined`` + ``gold``), the harmonic mean of both; 0 where nothing is there."""
    mined: int
    """Number of pairs that were extracted."""
    correct: int
    """Number of extracted pairs that are gold."""
    gold: int
    """Number of gold pairs, with those that no search found."""
    threshold: float | None
    """Scores from it on are extracted. Null: nothing is extracted, or each half of the texts was cut by
    the other's."""


class MinedLanguage(ResultRecord):
    """How one language's mining was scored."""

    language: str
    """Code of the language."""
    protocol: str
    """Id of the protocol."""
    scored_on: str
    """The split of the data that was scored."""
    threshold_source: str
    """What the threshold was fitted on."""
    thresholds: Annotated[tuple[float | None, ...], Field(min_length=1)]
    """One number, or two where each half of the texts was cut by the other half's; null: no pair is
    taken."""
    score: MiningScore
    """At these thresholds."""
    oracle: MiningScore
    """At the one threshold that is best on what is scored, so it is no result."""
    curve: tuple[tuple[float, float, float], ...]
    """Threshold, precision and recall, from the highest threshold down, at most 200 points."""


class MinedByArm(MinedLanguage, OfArmOnTarget):
    """One language as one arm and seed mined it."""
