"""Paired differences with intervals, corrections for several comparisons, verdicts in words."""

from __future__ import annotations

from crosslift.statistics.attribution import Controlled, attribute
from crosslift.statistics.corrections import holm, holm_steps
from crosslift.statistics.differences import (
    Difference,
    group_differences,
    paired_difference,
    strata_of,
)
from crosslift.statistics.gains import GainNames, GainShare, Share, share_surviving
from crosslift.statistics.verdicts import ComparedScores, judge

__all__ = [
    "ComparedScores",
    "Controlled",
    "Difference",
    "GainNames",
    "GainShare",
    "Share",
    "attribute",
    "group_differences",
    "holm",
    "holm_steps",
    "judge",
    "paired_difference",
    "share_surviving",
    "strata_of",
]
