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

    All languages of a group have the same weight. The correction covers the p-values of one arm, target
    and grouping together.
    """

    arm: str
    """The compared arm."""
    against: str
    """The baseline of its start."""
    target: str
    """Name of the target."""
    metric: str
    """Primary metric of the target."""
    protocol: str
    """Id of the primary protocol of the target."""
    grouping: Grouping
    """The grouping of languages. ``pretraining`` is absent if the pretraining of the encoder is
    unknown, or if one group would hold all languages of the target."""
    group: str
    """Name of the group. ``pretraining`` has "In the pretraining", "In the pretraining, in another
    script" and "Not in the pretraining"."""
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    """Codes of the languages."""
    effect: float
    """Mean of the scores of ``arm`` minus that of ``against``."""
    low: float
    """Lower end of its 95% interval."""
    high: float
    """Upper end of its interval."""
    p: float
    """Two-sided p-value."""
    p_corrected: float | None
    """The p-value after Holm's correction; null: no verdict."""
    verdict: Outcome
    """As in a verdict."""
    n_queries: int
    """Number of queries under one seed."""
    seeds: int
    """Number of seeds of ``arm``."""
