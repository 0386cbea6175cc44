"""``mining.json``: scores and thresholds of mined pairs."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from crosslift.results.origins import OfArmOnTarget
from crosslift.results.result_record import ResultRecord

MINING_FILE = "mining.json"


def finite_or_none(threshold: float) -> float | None:
    """A threshold for records: None if it is infinite, because no pair is extracted."""
    return threshold if math.isfinite(threshold) else None


class MiningScore(ResultRecord):
    """How good the pairs at or above a threshold are."""

    precision: float
    """Share of the extracted pairs that are gold; 0 if none is extracted."""
    recall: float
    """Share of the gold pairs that are extracted; 0 if there are no gold pairs."""
    mining_f1: float
    """2 ``correct`` / (``mined`` + ``gold``), the harmonic mean of both; 0 if there are no pairs."""
    mined: int
    """Number of extracted pairs."""
    correct: int
    """Number of extracted pairs that are gold."""
    gold: int
    """Number of gold pairs, including those that the search did not return."""
    threshold: float | None
    """Pairs with this score or a higher one are extracted. null: no pair is extracted, or each half of
    the texts uses the threshold of the other half."""


class MinedLanguage(ResultRecord):
    """The mining result of one language."""

    language: str
    """Code of the language."""
    protocol: str
    """Id of the protocol."""
    scored_on: str
    """The scored split of the data."""
    threshold_source: str
    """The data that the threshold was fitted on."""
    thresholds: Annotated[tuple[float | None, ...], Field(min_length=1)]
    """One threshold, or two if each half of the texts uses the threshold of the other half; null: no
    pair is extracted."""
    score: MiningScore
    """The score at these thresholds."""
    oracle: MiningScore
    """The score at the threshold that is best on the scored data itself; an upper bound, not a
    result."""
    curve: tuple[tuple[float, float, float], ...]
    """Threshold, precision and recall, from the highest threshold down, at most 200 points."""


class MinedByArm(MinedLanguage, OfArmOnTarget):
    """One language as one arm and seed mined it."""
