"""Clauses of sentences on differences: interval, sample, seeds and target."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from crosslift.metrics.table import Metric
from crosslift.statistics.differences import Difference
from crosslift.wording import level_words, plural, points

SUBSET_WORDS = {"all": "", "clean": " (only items that overlap no training text)"}


class Interval(Protocol):
    """Anything with an interval: a difference, or a verdict on one."""

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
    """A clause such as ``95% interval 1.2 to 5.0``.

    Args:
        difference: the difference with its interval.
        metric: the metric whose unit the ends have; None: points.
    """
    end = points if metric is None else metric.end
    ends = f"{end(difference.low)} to {end(difference.high)}"
    return f"{level_words(difference.level)} interval {ends}"


def sample(difference: Difference) -> str:
    """The size of the sample, such as ``400 items in 13 languages, 5,200 queries``."""
    languages = plural(difference.languages, "language")
    queries = plural(difference.queries, "query")
    if difference.items == difference.queries:
        return f"{queries} in {languages}"
    return f"{plural(difference.items, 'item')} in {languages}, {queries}"


def seeds_clause(seeds: int, trained: bool = True) -> str:
    """The number of seeds, such as ``2 seeds``, with a remark for one seed or no training."""
    if not trained:
        return "no seed changes either arm"
    if seeds == 1:
        return "one seed, which gives no verdict: variation between seeds is not measured"
    return f"{seeds} seeds"


def place(target: str, subset: str) -> str:
    """The target, with the scored part of it."""
    return target + SUBSET_WORDS.get(subset, f" ({subset})")


def zero_shot_words(languages: Collection[str], *, captions: bool) -> str:
    """The remark on an arm that is not zero-shot, such as ``not zero-shot: captions in de, fr``.

    Args:
        languages: languages of its labelled training texts; English is not named.
        captions: whether these texts are captions of pictures instead of labelled texts.
    """
    others = ", ".join(code for code in languages if code != "en") or "other languages"
    return f"not zero-shot: {'captions' if captions else 'labels'} in {others}"
