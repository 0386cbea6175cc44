"""``xtreme.json``: every arm on every task of XTREME."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crosslift.results.numbers import Count, UnitScore
from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import Outcome

XTREME_FILE = "xtreme.json"

GroupName = Literal["classification", "tagging", "qa", "retrieval", "all"]


class FineTuning(ResultRecord):
    """How phase three trained on a task."""

    updates: Count
    """Number of updates of the weights."""
    examples: Count
    """Number of examples drawn from the training set, repetitions included."""
    batch_size: Count | None
    """Number of examples in an update; null: not fixed."""
    learning_rate: float
    """Peak learning rate."""
    train: Count
    """Number of records of the English training set."""
    seconds: float
    """Duration of one fine-tuning in seconds, mean over arms and seeds."""


class XtremeColumn(ResultRecord):
    """A measured task of XTREME."""

    target: str
    """Name of the target."""
    title: str
    """Title in the report."""
    group: str
    """Name of the group of the task."""
    metric: str
    """The compared metric."""
    languages: Count
    """Number of measured languages."""
    n: Count
    """Number of examples or queries in all languages."""
    split: Literal["dev", "test"] | None
    """The scored split; null: the task has only one."""
    selection: str | None
    """How phase three chose its weights, in words; null: no phase three, or it used the last
    weights."""
    remark: str
    """A note on the scores, such as the part of the data; may be empty."""
    fine_tune: FineTuning | None
    """Settings of phase three; null for retrieval."""
    gaps: tuple[str, ...]
    """Codes of the task's languages in XTREME without a score."""


class XtremeGroup(ResultRecord):
    """Tasks with a common average, each with the same weight; for question answering, F1 and exact
    match count half each."""

    name: GroupName
    """Name of the group, as in `cells` of a row."""
    title: str
    """Title in the report."""
    targets: tuple[str, ...]
    """The targets of its measured tasks."""
    missing: tuple[str, ...]
    """Titles of its tasks without a score."""


class XtremeCell(ResultRecord):
    """The score of an arm on a task or a group of tasks, mean over languages and seeds."""

    score: UnitScore
    """The score, in the metric of the column."""
    low_seed: UnitScore
    """The score of the lowest seed."""
    high_seed: UnitScore
    """The score of the highest seed."""
    seeds: Count
    """Number of seeds."""
    details: dict[str, UnitScore]
    """Metric -> mean over languages and seeds, for every metric that the report shows for the task,
    such as ``answer_f1`` and ``exact_match``. Empty for a group."""
    effect: float | None
    """The score minus the score of the baseline of the arm's start; null for a baseline."""
    low: float | None
    """Lower end of the paired interval of the effect."""
    high: float | None
    """Upper end of its interval."""
    verdict: Outcome | None
    """The verdict on the effect; null: not tested, as for groups."""


class XtremeRow(ResultRecord):
    """The scores of an arm."""

    arm: str
    """Name of the arm."""
    cells: dict[str, XtremeCell]
    """Name of a target or of a group -> the score."""


class BestArm(ResultRecord):
    """The arm with the highest score in a column, except baselines, controls and references. The choice
    uses these same scores."""

    column: str
    """Name of a target or of a group."""
    arm: str
    """Name of the arm."""
    score: UnitScore
    """As in the cell of the arm, as are the fields below."""
    effect: float | None
    """The score minus the score of the baseline of the arm's start."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""
    verdict: Outcome | None
    """The verdict on the effect; null: not tested."""


class TransferGap(ResultRecord):
    """The gap between English and the other languages, for an arm on a target."""

    arm: str
    """Name of the arm."""
    target: str
    """Name of the target."""
    english: UnitScore
    """The score in English."""
    others: UnitScore
    """The mean of the scores in the other languages."""
    gap: float
    """``english`` minus ``others``."""
    effect: float | None
    """The gap minus the gap of the baseline of the arm's start; below 0: the other languages moved
    closer to English. null for a baseline."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""


class LanguageScore(ResultRecord):
    """The score of an arm on a target in one language."""

    target: str
    """Name of the target."""
    arm: str
    """Name of the arm."""
    language: str
    """Code of the language."""
    score: UnitScore
    """Mean over seeds."""
    effect: float | None
    """The score minus the score of the baseline of the arm's start; null for a baseline."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""


class PublishedScores(ResultRecord):
    """Published scores of an encoder that the study starts from."""

    name: str
    """Name of the row."""
    source: str
    """The publication, and where the scores were read."""
    remark: str = ""
    """A note for the reader; may be empty or absent."""
    encoder: str
    """Name of the encoder."""
    cells: dict[str, dict[str, UnitScore]]
    """Target -> metric -> score."""
    average: UnitScore | None
    """The published average over all tasks; null: none is published."""


class XtremeTable(ResultRecord):
    """Every arm on every task of XTREME that the study measures.

    Scores are means over languages and seeds, in [0, 1]. ``effect`` is the score minus the score of the
    baseline of the arm's start, with a paired interval.
    """

    columns: Annotated[tuple[XtremeColumn, ...], Field(min_length=1)]
    """The tasks."""
    groups: tuple[XtremeGroup, ...]
    """The averages."""
    rows: tuple[XtremeRow, ...]
    """The arms."""
    best: tuple[BestArm, ...]
    """The best arm of each column."""
    transfer_gaps: tuple[TransferGap, ...]
    """English compared with the other languages."""
    languages: tuple[LanguageScore, ...]
    """The scores behind the cells."""
    published: tuple[PublishedScores, ...]
    """Published rows."""
