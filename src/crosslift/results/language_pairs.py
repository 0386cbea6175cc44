"""``generalised.json``: scores of arms on pairs of texts in two languages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crosslift.results.numbers import Count, UnitScore
from crosslift.results.result_record import ResultRecord

GENERALISED_FILE = "generalised.json"


class LanguagePairScores(ResultRecord):
    """The scores of an arm on pairs of texts in any two languages of a target.

    Source: generalised cross-lingual transfer of Huang et al. 2021 (arXiv 2104.08645), section 4.
    """

    target: str
    """Name of the target."""
    title: str
    """Title of the target in the report."""
    arm: str
    """Name of the arm."""
    languages: Annotated[tuple[str, ...], Field(min_length=2)]
    """Codes of the languages, in the order of the matrix."""
    matrix: tuple[tuple[UnitScore, ...], ...]
    """Scores [L, L], means over seeds; the row is the language of the first text, the column that of
    the second."""
    seeds: Count
    """Number of seeds."""
    n: Count
    """Number of examples in each cell."""
    same: UnitScore
    """Mean of the diagonal."""
    mixed: UnitScore
    """Mean of the other cells."""
    effect: float | None
    """``mixed`` minus ``mixed`` of the baseline of the arm's start, without a test; null for a
    baseline."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""
