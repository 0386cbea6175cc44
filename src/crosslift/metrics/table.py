"""The table of metrics: each is declared here once, with all that other code asks about it.

A new metric is one entry of `METRICS`. Its outcomes are computed where its kind of target is
evaluated (``crosslift.targets``), its dev scores by a form. Nothing here loads numpy or torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from crosslift.errors import UnknownNameError
from crosslift.wording import decimal, signed_decimal

Aggregation = Literal["mean", "median", "all queries"]
Answers = Literal["candidates", "pairs", "labels", "tags", "spans"]

DEV = "dev_"
"""Begins the names of scores on dev records; a metric's name follows."""
_RIGHT = {"candidates": "top1_accuracy", "labels": "accuracy", "spans": "exact_match"}


@dataclass(frozen=True, slots=True)
class Unit:
    """In what scores are shown.

    Args:
        scale: shown is this many times the score.
        sign: follows the name of a metric, above scores of it.
        of_differences: follows a difference.
    """

    scale: float
    sign: str
    of_differences: str


PERCENT = Unit(100, "%", "points")
HUNDREDTHS = Unit(100, "x 100", "points")
PLAIN = Unit(1, "", "")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, and how it is shown.

    Args:
        name: as results, curves and verdicts have it.
        title: in words, as a sentence has it.
        outcome: the outcome of single queries that it is taken of; None: it is a score of dev
            records alone, which has no outcomes.
        aggregation: how it is taken of the outcomes. ``all queries``: their mean, but over all
            queries together, which compete for candidates or weigh by their words: the outcomes of
            a part of the queries say nothing of it.
        answers: what is compared with the right answers; None: something else.
        lower_is_better: whether a smaller score is the better one.
        oracle: whether something was fitted on what is scored, so that it is no result.
        beside: the metric that is shown beside this one; XTREME averages the two.
        unit: of its scores.
        note: what its title says more, above a column.
    """

    name: str
    title: str
    outcome: str | None = None
    aggregation: Aggregation = "mean"
    answers: Answers | None = None
    lower_is_better: bool = False
    oracle: bool = False
    beside: str | None = None
    unit: Unit = PERCENT
    note: str = ""

    @property
    def heading(self) -> str:
        """The title above a column or axis, such as ``median rank (lower is better)``."""
        return self.title + self.note

    @property
    def right(self) -> str | None:
        """The outcome that says of a single query whether it is answered right; None if none does."""
        return None if self.answers is None else _RIGHT.get(self.answers)

    @property
    def shown(self) -> tuple[str, ...]:
        """Its name, and that of the metric beside it, if any."""
        return (self.name,) if self.beside is None else (self.name, self.beside)

    @property
    def column(self) -> str:
        """Its name with the sign of its unit, such as ``mrr %``."""
        return f"{self.name} {self.unit.sign}".rstrip()

    def is_better(self, effect: float) -> bool:
        """Whether a difference is one for the better."""
        return effect < 0 if self.lower_is_better else effect > 0

    def score(self, value: float) -> str:
        """A score as it is shown (``85.3`` for 0.853; a rank as the number it is)."""
        return f"{value * self.unit.scale:,.1f}"

    def change(self, effect: float) -> str:
        """A difference of scores with its sign (``+4.2`` for 0.042); 0 has none."""
        return signed_decimal(effect * self.unit.scale)

    def end(self, effect: float) -> str:
        """An end of an interval in a sentence (``4.2``)."""
        return decimal(effect * self.unit.scale)

    def amount(self, effect: float) -> str:
        """A difference with its unit (``3.1 points``; of ranks ``2.5``)."""
        return f"{self.end(effect)} {self.unit.of_differences}".rstrip()

    def signed_amount(self, effect: float) -> str:
        """The same with its sign (``+3.1 points``)."""
        return f"{self.change(effect)} {self.unit.of_differences}".rstrip()


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        # retrieval of single queries
        Metric("top1_accuracy", "top-1 accuracy", "top1_accuracy", answers="candidates"),
        Metric("mrr", "mean reciprocal rank", "reciprocal_rank", answers="candidates"),
        Metric("recall_at_5", "recall at 5", "recall_at_5", answers="candidates"),
        Metric("recall_at_10", "recall at 10", "recall_at_10", answers="candidates"),
        Metric(
            "median_rank",
            "median rank",
            "rank",
            "median",
            answers="candidates",
            lower_is_better=True,
            unit=PLAIN,
            note=" (lower is better)",
        ),
        # of all queries together
        Metric(
            "weighted_f1", "support-weighted F1", "weighted_f1", "all queries", answers="candidates"
        ),
        Metric("mining_f1", "mining F1", "mining_f1", "all queries", answers="pairs"),
        Metric(
            "mining_precision",
            "mining precision",
            "mining_precision",
            "all queries",
            answers="pairs",
        ),
        Metric("mining_recall", "mining recall", "mining_recall", "all queries", answers="pairs"),
        Metric(
            "oracle_mining_f1",
            "oracle mining F1",
            "oracle_mining_f1",
            "all queries",
            answers="pairs",
            oracle=True,
        ),
        # labelled examples
        Metric("accuracy", "accuracy", "accuracy", answers="labels"),
        Metric("tag_f1", "F1 of tags", "tag_f1", "all queries", answers="tags"),
        Metric("entity_f1", "F1 of entities", "entity_f1", "all queries", answers="tags"),
        Metric(
            "tagging_accuracy",
            "tagging accuracy",
            "tagging_accuracy",
            "all queries",
            answers="tags",
        ),
        Metric("answer_f1", "F1 of answers", "answer_f1", answers="spans", beside="exact_match"),
        Metric("exact_match", "exact match", "exact_match", answers="spans"),
        # vectors of pairs
        Metric("pair_cosine", "cosine of pairs", "pair_cosine", unit=HUNDREDTHS, note=", x 100"),
        Metric(
            "pair_margin",
            "cosine over random pairs",
            "pair_margin",
            unit=HUNDREDTHS,
            note=", x 100",
        ),
        # pictures by class, topic and text
        Metric(
            "class_accuracy",
            "mean accuracy of classes",
            "class_accuracy",
            "all queries",
            answers="candidates",
        ),
        Metric("chance", "chance", "chance", answers="candidates"),
        Metric("ndcg_at_10", "nDCG at 10", "ndcg_at_10", answers="candidates"),
        # of dev records alone
        Metric("macro_f1", "macro F1", answers="labels"),
        Metric("pearson", "Pearson correlation"),
        Metric("spearman", "Spearman correlation"),
        Metric("loss", "loss", lower_is_better=True, unit=PLAIN),
        Metric("has_answer_exact_match", "exact match where there is an answer", answers="spans"),
        Metric("has_answer_f1", "F1 of answers where there is one", answers="spans"),
        Metric("no_answer_accuracy", "accuracy where there is no answer", answers="spans"),
    )
}
"""Name -> metric, in the order in which results list them."""

OUTCOME_OF_METRIC: Mapping[str, str] = {
    name: metric.outcome for name, metric in METRICS.items() if metric.outcome is not None
}
"""Metric -> the outcome of single queries that it is taken of; without scores of dev records alone."""


def metric_named(name: str) -> Metric:
    """A metric that the table has.

    Raises:
        UnknownNameError: it has none of that name.
    """
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS)
    return METRICS[name]


def described(name: str) -> Metric:
    """The metric of a score that was read from a file, or of a dev score, which says so in its title.

    A run of another version, or a form of a user, may have one that the table lacks: its title is its
    name in words, and a smaller one is better if it is a loss.
    """
    if name.startswith(DEV):
        of_dev = described(name.removeprefix(DEV))
        return replace(of_dev, name=name, title=f"dev {of_dev.title}", outcome=None)
    if name in METRICS:
        return METRICS[name]
    return Metric(name, name.replace("_", " "), lower_is_better=name.endswith("loss"))
