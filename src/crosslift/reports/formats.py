"""How numbers are written for people: percent, points, intervals, counts, times, sizes."""

from __future__ import annotations

from markupsafe import Markup, escape

from crosslift.statistics.wording import LOWER_IS_BETTER

MINUS = "\u2212"
METRIC_TITLES = {
    "top1_accuracy": "top-1 accuracy",
    "mrr": "mean reciprocal rank",
    "recall_at_5": "recall at 5",
    "recall_at_10": "recall at 10",
    "mining_f1": "mining F1",
    "mining_precision": "mining precision",
    "mining_recall": "mining recall",
    "oracle_mining_f1": "oracle mining F1",
    "weighted_f1": "weighted F1",
    "median_rank": "median rank",
    "pair_cosine": "cosine of pairs, x 100",
    "pair_margin": "cosine over random pairs, x 100",
    "accuracy": "accuracy",
    "tag_f1": "F1 of tags",
    "entity_f1": "F1 of entities",
    "tagging_accuracy": "tagging accuracy",
    "answer_f1": "F1 of answers",
    "exact_match": "exact match",
    "class_accuracy": "mean accuracy of classes",
    "chance": "chance",
    "ndcg_at_10": "nDCG at 10",
}


def percent(value: float) -> str:
    """A score of [0, 1] in percent with one decimal, without the sign ("85.3")."""
    return f"{value * 100:.1f}"


def share(value: float) -> str:
    """A part of a whole in whole per cent, with a decimal below one ("60 %", "0.4 %")."""
    digits = 1 if 0 < value < 0.00995 else 0
    return f"{value * 100:.{digits}f}\u00a0%"


def points(effect: float) -> str:
    """A difference of scores in points with one decimal and its sign ("+4.2"); "0.0" has none."""
    text = f"{abs(effect) * 100:.1f}"
    if text == "0.0":
        return text
    return f"{'+' if effect > 0 else MINUS}{text}"


def interval(low: float, high: float) -> str:
    """An interval of score differences in points ("[+2.1, +6.3]")."""
    return f"[{points(low)}, {points(high)}]"


def score(metric: str, value: float) -> str:
    """A score as its metric is shown: in percent, or a rank as the plain number it is ("12.5")."""
    return f"{value:,.1f}" if metric in LOWER_IS_BETTER else percent(value)


def change(metric: str, effect: float) -> str:
    """A difference of scores: in points, or of ranks as a plain number with its sign ("+2.5")."""
    if metric not in LOWER_IS_BETTER:
        return points(effect)
    text = f"{abs(effect):,.1f}"
    return text if text == "0.0" else f"{'+' if effect > 0 else MINUS}{text}"


def is_better(metric: str, effect: float) -> bool:
    """Whether a difference is one for the better: of ranks, a smaller one."""
    return effect < 0 if metric in LOWER_IS_BETTER else effect > 0


def p_value(value: float) -> str:
    """A p-value with three decimals, or the bound below which it is not told apart from zero."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(value: float) -> str:
    """A count with thin grouping ("12,800"); whole numbers only."""
    return f"{round(value):,}"


def large(value: float) -> str:
    """A number of any size in four significant digits, grouped ("1,234", "0.5121")."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time span in the two largest fitting units ("2 h 05 min", "48.3 s")."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def memory(size: int | None) -> str:
    """A number of bytes in MiB or GiB; a dash where it was not measured."""
    if size is None:
        return "\u2013"
    mebibytes = size / 2**20
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"


def metric_title(metric: str) -> str:
    """The name of a metric as people read it; an unknown one keeps its own, with spaces. Of one that
    is the better the lower it is, that is said."""
    if metric.startswith("dev_"):
        return f"dev {metric_title(metric.removeprefix('dev_'))}"
    title = METRIC_TITLES.get(metric, metric.replace("_", " "))
    return f"{title} (lower is better)" if metric in LOWER_IS_BETTER else title


def prompt_words(prompt: str) -> str:
    """A prompt for people: `prompt 'query: '`, or `no prompt`."""
    return f"prompt {prompt!r}" if prompt else "no prompt"


def plural(number: int, word: str) -> str:
    """A number with its noun ("1 seed", "3 seeds", "2 queries")."""
    if number == 1:
        return f"1 {word}"
    many = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {many}"


def listed(parts: list[str]) -> str:
    """Parts joined as a sentence lists them ("a, b and c")."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def names_marked(sentence: str) -> Markup:
    """A sentence with the names that stand in backticks marked as such, all else escaped."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return escape(sentence)
    marked = (
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)
    )
    return Markup("").join(marked)
