"""How differences, intervals and p-values are put into words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from crosslift.statistics.differences import Difference

METRIC_WORDS = {
    "top1_accuracy": "top-1 accuracy",
    "mrr": "mean reciprocal rank",
    "reciprocal_rank": "mean reciprocal rank",
    "mining_f1": "mining F1",
    "weighted_f1": "support-weighted F1",
    "median_rank": "median rank",
}
LOWER_IS_BETTER = frozenset({"median_rank"})
"""Metrics that are no shares of 1 but plain numbers, of which the smaller is the better."""
_LEAST_SHOWN = 1e-6
"""Smaller p-values are shown as such: they say no more, and rest on the shape of a far tail."""
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


def points(score: float) -> str:
    """A difference of scores as percentage points, such as ``3.1`` for 0.0312.

    One decimal; more where one would show 0.0 for what is not 0; never ``-0.0``.
    """
    value = 100 * score
    for decimals in (1, 2, 3):
        if round(value, decimals) != 0:
            return f"{value:.{decimals}f}"
    return "0.0"


def signed_points(score: float) -> str:
    """The same with its sign, such as ``+0.4``; 0 has none."""
    text = points(score)
    return f"+{text}" if float(text) > 0 else text


def amount(metric: str, effect: float) -> str:
    """A difference in the metric's own unit, such as ``3.1 points`` or, of ranks, ``2.5``."""
    return f"{effect:.4g}" if metric in LOWER_IS_BETTER else f"{points(effect)} points"


def signed_amount(metric: str, effect: float) -> str:
    """The same with its sign, such as ``+3.1 points`` or ``+2.5``; 0 has none."""
    if metric in LOWER_IS_BETTER:
        return f"{effect:+.4g}" if effect else "0"
    return f"{signed_points(effect)} points"


def interval(difference: Interval, metric: str = "") -> str:
    """Such as ``95% interval 1.2 to 5.0``.

    Args:
        difference: with its interval.
        metric: of a metric of plain numbers, the ends are such too; else they are points.
    """
    plain = metric in LOWER_IS_BETTER
    ends = [f"{v:.4g}" if plain else points(v) for v in (difference.low, difference.high)]
    return f"{percent(difference.level)} interval {ends[0]} to {ends[1]}"


def percent(level: float) -> str:
    """A level as ``95%`` or ``99.5%``."""
    return f"{100 * level:.4g}%"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """A count with its noun, such as ``1 item`` or ``5,200 queries``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def sample(difference: Difference) -> str:
    """What was asked, such as ``400 items in 13 languages, 5,200 queries``."""
    languages = plural(difference.languages, "language")
    queries = plural(difference.queries, "query", "queries")
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


def p_clause(p: float, alpha: float) -> str:
    """A p-value, such as ``p = 0.003``; of one that is not resolved, ``p < 0.000001``.

    Args:
        p: the value.
        alpha: the rounded value is kept on the side of alpha that the value is on.
    """
    if p >= 1:
        return "p = 1"
    if p < _LEAST_SHOWN:
        return f"p < {_LEAST_SHOWN:f}"
    text = f"{p:.3f}" if p >= 0.001 else f"{p:.6f}".rstrip("0")
    if (float(text) < alpha) != (p < alpha):
        text = f"{p:.6f}"
    return f"p = {text}"


def metric_words(metric: str) -> str:
    """The name of a metric as read, such as ``recall at 5`` for ``recall_at_5``."""
    return METRIC_WORDS.get(metric, metric.replace("_", " "))


def place(target: str, subset: str) -> str:
    """The target as read, with what part of it was scored."""
    return target + SUBSET_WORDS.get(subset, f" ({subset})")


def zero_shot_words(languages: Collection[str], *, captions: bool) -> str:
    """What is said of an arm that is not zero-shot, such as ``not zero-shot: captions in de, fr``.

    Args:
        languages: of its labelled training texts; English is not named.
        captions: whether these texts are captions of pictures; else they have labels.
    """
    seen = ", ".join(code for code in languages if code != "en") or "other languages"
    return f"not zero-shot: {'captions' if captions else 'labels'} in {seen}"
