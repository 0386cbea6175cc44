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
    """Number of examples that the updates drew, with repetition, from the training set."""
    batch_size: Count | None
    """Number of examples of an update; null where it is not fixed."""
    learning_rate: float
    """Peak learning rate."""
    train: Count
    """Number of records of the English training set."""
    seconds: float
    """Time of one fine-tuning, in seconds, mean over arms and seeds."""


class XtremeColumn(ResultRecord):
    """A task of XTREME as it was measured."""

    target: str
    """Name of the target."""
    title: str
    """Title in the report."""
    group: str
    """Name of the group of the task."""
    metric: str
    """The metric that is compared."""
    languages: Count
    """Number of languages that were measured."""
    n: Count
    """Number of examples, or queries, of all languages."""
    split: Literal["dev", "test"] | None
    """The split that was scored; null of a task that has but one."""
    selection: str | None
    """What phase three chose weights by, in words; null without phase three, or where it took the
    last weights."""
    remark: str
    """What else a reader of the scores must know, such as parts; may be empty."""
    fine_tune: FineTuning | None
    """Phase three; null of retrieval."""
    gaps: tuple[str, ...]
    """Codes of XTREME's languages of the task that have no score."""


class XtremeGroup(ResultRecord):
    """Tasks that have an average, each with the same weight; of questions, F1 and exact match count
    half."""

    name: GroupName
    """Name of the group, as a row names its cells."""
    title: str
    """Title in the report."""
    targets: tuple[str, ...]
    """The targets of its tasks that were measured."""
    missing: tuple[str, ...]
    """Titles of its tasks that the study did not measure."""


class XtremeCell(ResultRecord):
    """A score of an arm on a task or of a group of tasks, mean over languages and seeds."""

    score: UnitScore
    """In the metric of the column."""
    low_seed: UnitScore
    """The score of the lowest seed."""
    high_seed: UnitScore
    """The score of the highest seed."""
    seeds: Count
    """Number of seeds."""
    details: dict[str, UnitScore]
    """Metric -> mean over languages and seeds, of every metric that the task is shown in: of questions
    ``answer_f1`` and ``exact_match``. Empty of a group."""
    effect: float | None
    """The score minus that of the baseline of the arm's start; null for a baseline."""
    low: float | None
    """Lower end of the paired interval of the effect."""
    high: float | None
    """Upper end of it."""
    verdict: Outcome | None
    """The verdict on the effect; null where nothing was tested, as of groups."""


class XtremeRow(ResultRecord):
    """The scores of an arm."""

    arm: str
    """Name of the arm."""
    cells: dict[str, XtremeCell]
    """Name of a target or of a group -> the score."""


class BestArm(ResultRecord):
    """The arm with the highest score in a column that is no baseline, control or reference. It is
    chosen by looking at these scores."""

    column: str
    """Name of a target or of a group."""
    arm: str
    """Name of the arm."""
    score: UnitScore
    """As in the cell of the arm, like all that follows."""
    effect: float | None
    """The score minus that of the baseline of the arm's start."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of it."""
    verdict: Outcome | None
    """The verdict on the effect; null where nothing was tested."""


class TransferGap(ResultRecord):
    """How far the other languages are behind English, of an arm on a target."""

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
    """The gap minus that of the baseline of the arm's start: below 0 the other languages came closer
    to English. Null for a baseline."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of it."""


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
    """The score minus that of the baseline of the arm's start; null for a baseline."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of it."""


class PublishedScores(ResultRecord):
    """Scores that a paper reports of an encoder that the study starts from."""

    name: str
    """What was measured."""
    source: str
    """Where it is published, and where it was read."""
    remark: str = ""
    """What else a reader must know; may be empty, or absent."""
    encoder: str
    """Name of the encoder."""
    cells: dict[str, dict[str, UnitScore]]
    """Target -> metric -> score."""
    average: UnitScore | None
    """Over all tasks, as it is published; null where none is."""


class XtremeTable(ResultRecord):
    """Every arm on every task of XTREME that the study measures.

    Scores are in [0, 1], means over languages and seeds. ``effect`` is the difference to the baseline
    of the arm's start, with a paired interval.
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
    """English beside the other languages."""
    languages: tuple[LanguageScore, ...]
    """The scores behind the cells."""
    published: tuple[PublishedScores, ...]
    """Rows of papers."""
