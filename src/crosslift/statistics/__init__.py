"""Paired bootstrap intervals, corrections for several comparisons, verdicts in words."""

from __future__ import annotations

from crosslift.statistics.bootstrap import Difference, paired_difference, strata_of
from crosslift.statistics.corrections import holm
from crosslift.statistics.gains import GainNames, GainShare, share_surviving
from crosslift.statistics.verdicts import Comparison, Verdict, judge

__all__ = [
    "Comparison",
    "Difference",
    "GainNames",
    "GainShare",
    "Verdict",
    "holm",
    "judge",
    "paired_difference",
    "share_surviving",
    "strata_of",
]
