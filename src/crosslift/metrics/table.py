"""The table of metrics: each is declared once, with all facts that other code needs.

A new metric is one entry of `METRICS`. Its outcomes are computed by the evaluation of its kind of
target (``crosslift.targets``), or of ranks by the metric itself (``of_rank``); its dev scores by a
form. Nothing here loads numpy or torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, Literal

from crosslift.errors import StudyError, UnknownNameError
from crosslift.extensions.registry import Registry
from crosslift.wording import decimal, signed_decimal

Aggregation = Literal["mean", "median", "all queries"]
Answers = Literal["candidates", "pairs", "labels", "tags", "spans"]

DEV = "dev_"
"""Prefix of the names of scores on dev records, before the metric's name."""
_ROUNDING = 1e-9
_RIGHT = {"candidates": "top1_accuracy", "labels": "accuracy", "spans": "exact_match"}


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of displayed scores.

    Args:
        scale: factor of a score.
        sign: text after the name of a metric, in the heading of its scores.
        of_differences: text after a difference.
    """

    scale: float
    sign: str
    of_differences: str


PERCENT = Unit(100, "%", "points")
HUNDREDTHS = Unit(100, "x 100", "points")
PLAIN = Unit(1, "", "")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, and how it is displayed.

    Args:
        name: name in results, curves and verdicts.
        title: title in words, for sentences.
        outcome: the outcome of single queries that it aggregates. None: it is a score of dev records
            only, which has no outcomes.
        aggregation: how outcomes become a score. ``all queries``: their mean, but only over all queries
            together, because queries compete for candidates or have weights by their words; it cannot
            be computed from the outcomes of a part of the queries.
        answers: kind of the predictions that are compared with the correct answers. None: another kind.
        lower_is_better: whether a smaller score is better.
        oracle: whether a threshold was fitted on the scored data, so that it is not a result.
        beside: the metric that is displayed next to this one; XTREME averages the two.
        unit: unit of its scores.
        note: text after its title above a column.
        of_rank: the outcome of a query of retrieval by the rank of its right answer: a function from
            ranks, int64 [R] from 1, to floats [R]. Among tied candidates, the outcome is the mean over
            their orders. It is computed where a target's own protocols have the metric. None: the kind
            of target computes the outcome.

    Raises:
        StudyError: ``of_rank`` is no function, or has no outcome to compute.
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
    of_rank: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if self.of_rank is None:
            return
        if not isinstance(self.of_rank, FunctionType):
            raise StudyError(f"`of_rank` of metric {self.name!r} is {self.of_rank!r}", "a function")
        if self.outcome is None:
            raise StudyError(
                f"metric {self.name!r} has `of_rank` and no outcome", f"`outcome={self.name!r}`"
            )

    @property
    def code_modules(self) -> tuple[str, ...]:
        """The module that computes its outcomes, if it does so itself."""
        return () if self.of_rank is None else (self.of_rank.__module__,)

    @property
    def heading(self) -> str:
        """The title above a column or axis, such as ``median rank (lower is better)``."""
        return self.title + self.note

    @property
    def right(self) -> str | None:
        """The outcome that is 1 for a query with a correct answer; None if the metric has none."""
        return None if self.answers is None else _RIGHT.get(self.answers)

    @property
    def names_with_beside(self) -> tuple[str, ...]:
        """Its name, and that of the metric beside it, if any."""
        return (self.name,) if self.beside is None else (self.name, self.beside)

    @property
    def column(self) -> str:
        """Its name with the sign of its unit, such as ``mrr %``."""
        return f"{self.name} {self.unit.sign}".rstrip()

    def is_better(self, effect: float) -> bool:
        """Whether a difference is an improvement: more than sums in another order explain."""
        return (-effect if self.lower_is_better else effect) > _ROUNDING

    def score(self, value: float) -> str:
        """A score as displayed (``85.3`` for 0.853; a rank as its plain number)."""
        return f"{value * self.unit.scale:,.1f}"

    def change(self, effect: float) -> str:
        """A difference of scores with its sign (``+4.2`` for 0.042); 0 has no sign."""
        return signed_decimal(effect * self.unit.scale)

    def end(self, effect: float) -> str:
        """An end of an interval in a sentence (``4.2``)."""
        return decimal(effect * self.unit.scale)

    def amount(self, effect: float) -> str:
        """A difference with its unit (``3.1 points``; for ranks ``2.5``)."""
        return f"{self.end(effect)} {self.unit.of_differences}".rstrip()

    def signed_amount(self, effect: float) -> str:
        """The same with its sign (``+3.1 points``)."""
        return f"{self.change(effect)} {self.unit.of_differences}".rstrip()


METRICS: Registry[Metric] = Registry(
    "metric",
    Metric,
    (
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
        Metric(
            "spearman",
            "Spearman correlation",
            "spearman",
            "all queries",
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
        # passages with judgements
        Metric("recall_at_100", "recall at 100", "recall_at_100", answers="candidates"),
        Metric("mrr_at_10", "MRR at 10", "mrr_at_10", answers="candidates"),
        Metric("map_at_100", "MAP at 100", "map_at_100", answers="candidates"),
        # a task of MTEB, whatever its main score is
        Metric("mteb_score", "main score of MTEB", "mteb_score", "all queries"),
        # of dev records alone
        Metric("macro_f1", "macro F1", answers="labels"),
        Metric("pearson", "Pearson correlation"),
        Metric("loss", "loss", lower_is_better=True, unit=PLAIN),
        Metric("has_answer_exact_match", "exact match where there is an answer", answers="spans"),
        Metric("has_answer_f1", "F1 of answers where there is one", answers="spans"),
        Metric("no_answer_accuracy", "accuracy where there is no answer", answers="spans"),
    ),
)
"""Name -> metric, in the order in which results list them; ours come first."""

OUTCOME_OF_METRIC: Mapping[str, str] = {
    name: metric.outcome for name, metric in METRICS.ours.items() if metric.outcome is not None
}
"""Our metric -> the outcome of single queries that it aggregates; no scores of dev records only."""


def outcome_of(metric: str) -> str:
    """The outcome of single queries that a metric aggregates.

    Raises:
        UnknownNameError: there is no such metric, or it has no outcomes.
    """
    outcome = metric_named(metric).outcome
    if outcome is None:
        raise UnknownNameError("metric of single queries", metric, OUTCOME_OF_METRIC)
    return outcome


def metrics_of_queries(further: Iterable[str] = ()) -> dict[str, Metric]:
    """Name -> metric that aggregates outcomes of single queries: ours, and some further ones.

    Args:
        further: names of metrics, such as those of the protocols of a study. A metric that another
            package declares is in no result of a study that does not name it.

    Raises:
        UnknownNameError: there is no such metric.
    """
    metrics = METRICS.ours | {name: metric_named(name) for name in further}
    return {name: metric for name, metric in metrics.items() if metric.outcome is not None}


def metric_named(name: str) -> Metric:
    """The metric of the table with this name.

    Raises:
        UnknownNameError: the table has no such metric.
    """
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS)
    return METRICS[name]


def described(name: str) -> Metric:
    """The metric of a score from a file, or of a dev score, whose title begins with "dev".

    A run of another version, or a form of a user, may have a metric that the table lacks: its title is
    its name in words, and a smaller score is better if it is a loss.
    """
    if name.startswith(DEV):
        of_dev = described(name.removeprefix(DEV))
        return replace(of_dev, name=name, title=f"dev {of_dev.title}", outcome=None)
    if name in METRICS:
        return METRICS[name]
    return Metric(name, name.replace("_", " "), lower_is_better=name.endswith("loss"))
