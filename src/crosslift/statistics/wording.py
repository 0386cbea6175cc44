"""How differences, intervals and p-values are put into words."""

from __future__ import annotations

from math import ceil, floor, log10

from crosslift.statistics.bootstrap import Difference

METRIC_WORDS = {
    "top1_accuracy": "top-1 accuracy",
    "mrr": "mean reciprocal rank",
    "reciprocal_rank": "mean reciprocal rank",
    "mining_f1": "mining F1",
    "weighted_f1": "support-weighted F1",
}
SUBSET_WORDS = {"all": "", "clean": " (only items that overlap no training text)"}


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


def interval(difference: Difference) -> str:
    """Such as ``95% interval 1.2 to 5.0``."""
    low, high = points(difference.low), points(difference.high)
    return f"{percent(difference.level)} interval {low} to {high}"


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
    """Such as ``2 seeds``; one seed and no training are said."""
    if not trained:
        return "neither arm is trained, so there are no seeds"
    if seeds == 1:
        return "one seed: variation between seeds not measured"
    return f"{seeds} seeds"


def p_clause(p: float, at_bound: bool, alpha: float) -> str:
    """A p-value, such as ``p = 0.003``; below what the draws can show, ``p < 0.0002``.

    Args:
        p: the value.
        at_bound: whether it is the smallest that could have come out.
        alpha: the rounded value is kept on the side of alpha that the value is on.
    """
    if p >= 1:
        return "p = 1"
    if at_bound:
        return f"p < {_round_up(p)}"
    text = f"{p:.3f}" if p >= 0.001 else f"{p:.1g}"
    if (float(text) < alpha) != (p < alpha):
        text = f"{p:.6f}"
    return f"p = {text}"


def _round_up(value: float) -> str:
    """``value`` with one digit, rounded up, such as ``0.0002`` for 0.00019998."""
    decimals = -floor(log10(value))
    return f"{ceil(value * 10**decimals - 1e-9) / 10**decimals:.{decimals}f}"


def metric_words(metric: str) -> str:
    """The name of a metric as read, such as ``recall at 5`` for ``recall_at_5``."""
    return METRIC_WORDS.get(metric, metric.replace("_", " "))


def place(target: str, subset: str) -> str:
    """The target as read, with what part of it was scored."""
    return target + SUBSET_WORDS.get(subset, f" ({subset})")
