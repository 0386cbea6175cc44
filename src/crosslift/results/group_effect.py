"""The effect of an arm in a group of languages: a record of ``groups.json``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import Outcome

GROUPS_FILE = "groups.json"

Grouping = Literal["family", "script", "pretraining"]


class GroupEffect(ResultRecord):
    """The effect of an arm against its baseline over the languages of one group.

    The languages of a group have the same weight. The p-values of one arm, target and grouping are
    corrected together.
    """

    arm: str
    """The arm that is compared."""
    against: str
    """The baseline of its start."""
    target: str
    """Name of the target."""
    metric: str
    """Primary metric of the target."""
    protocol: str
    """Id of the primary protocol of the target."""
    grouping: Grouping
    """How the languages are grouped. ``pretraining`` is absent where the pretraining of the encoder is
    not known, or where one of its groups holds all languages of the target."""
    group: str
    """Name of the group. ``pretraining`` has "In the pretraining", "In the pretraining, in another
    script" and "Not in the pretraining"."""
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    """Codes of the languages."""
    effect: float
    """Mean of the scores of ``arm`` minus that of ``against``."""
    low: float
    """Lower end of its interval, of the level 0.95."""
    high: float
    """Upper end of its interval."""
    p: float
    """Two-sided p-value."""
    p_corrected: float | None
    """The p-value after Holm's correction; null where there is no verdict."""
    verdict: Outcome
    """As that of a verdict."""
    n_queries: int
    """Number of queries under one seed."""
    seeds: int
    """Number of seeds of ``arm``."""
