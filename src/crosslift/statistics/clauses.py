"""Clauses of the sentences on differences: their interval, sample, seeds and place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from crosslift.metrics.table import Metric
from crosslift.statistics.differences import Difference
from crosslift.wording import level_words, plural, points

SUBSET_WORDS = {"all": "", "clean": " (only items that overlap no training text)"}


class Interval(Protocol):
    """Whatever has an interval: a difference, or a verdict on one."""

    @property
    def low(self) -> float:
        """Its lower end."""
        ...

    @property
    def high(self) -> float:
        """Its upper end."""
        ...

    @property
    def level(self) -> float:
        """Its level, such as 0.95."""
        ...


def interval_clause(difference: Interval, metric: Metric | None = None) -> str:
    """Such as ``95% interval 1.2 to 5.0``.

    Args:
        difference: with its interval.
        metric: whose unit the ends are in; None: they are in points.
    """
    end = points if metric is None else metric.end
    ends = f"{end(difference.low)} to {end(difference.high)}"
    return f"{level_words(difference.level)} interval {ends}"


def sample(difference: Difference) -> str:
    """What was asked, such as ``400 items in 13 languages, 5,200 queries``."""
    languages = plural(difference.languages, "language")
    queries = plural(difference.queries, "query")
    if difference.items == difference.queries:
        return f"{queries} in {languages}"
    return f"{plural(difference.items, 'item')} in {languages}, {queries}"


def seeds_clause(seeds: int, trained: bool = True) -> str:
    """Such as ``2 seeds``; says what one seed or no training means."""
    if not trained:
        return "no seed changes either arm"
    if seeds == 1:
        return "one seed, which gives no verdict: variation between seeds is not measured"
    return f"{seeds} seeds"


def place(target: str, subset: str) -> str:
    """The target as read, with what part of it was scored."""
    return target + SUBSET_WORDS.get(subset, f" ({subset})")


def zero_shot_words(languages: Collection[str], *, captions: bool) -> str:
    """What is said of an arm that is not zero-shot, such as ``not zero-shot: captions in de, fr``.

    Args:
        languages: of its labelled training texts; English is not named.
        captions: whether these texts are captions of pictures; else they have labels.
    """
    others = ", ".join(code for code in languages if code != "en") or "other languages"
    return f"not zero-shot: {'captions' if captions else 'labels'} in {others}"
