"""What ``xtreme.json`` and ``generalised.json`` of a run folder hold, typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from crosslift.results.record import Record
from crosslift.results.verdict import Outcome

_ROUNDING = 1e-9


def _share(value: float) -> float:
    """A share of 1. Sums of outcomes may leave [0, 1] by their rounding; that much is taken off."""
    if not -_ROUNDING <= value <= 1 + _ROUNDING:
        raise ValueError("a score in [0, 1]")
    return min(max(value, 0.0), 1.0)


Score = Annotated[float, AfterValidator(_share)]
Count = Annotated[int, Field(ge=0)]


class FineTuning(Record):
    """How phase three trained on a task.

    Args:
        updates: of the weights.
        examples: that they were made of, with repetition.
        batch_size: examples of one update; None where there was no budget.
        learning_rate: the peak.
        train: records of the English training set that were drawn from.
        seconds: of one fine-tuning, mean over arms and seeds.
    """

    updates: Count
    examples: Count
    batch_size: Count | None
    learning_rate: float
    train: Count
    seconds: float


class XtremeColumn(Record):
    """A task of XTREME as it was measured.

    Args:
        target: its name.
        title: as it is shown.
        group: name of the group that it belongs to.
        metric: the one that is compared.
        languages: number of those measured.
        n: number of examples or queries, over all languages.
        split: which one was scored; None where the task has but one.
        selection: what phase three chose weights by, in words; None without phase three.
        remark: what else the scores must be read with, such as parts; may be empty.
        fine_tune: phase three; None for retrieval.
        gaps: codes of XTREME's languages that were not measured.
    """

    target: str
    title: str
    group: str
    metric: str
    languages: Count
    n: Count
    split: Literal["dev", "test"] | None
    selection: str | None
    remark: str
    fine_tune: FineTuning | None
    gaps: tuple[str, ...]


class XtremeGroup(Record):
    """Tasks that have an average.

    Args:
        name: as the cells name it.
        title: as it is shown.
        targets: those of its tasks that were measured.
        missing: titles of those that were not.
    """

    name: Literal["classification", "tagging", "qa", "retrieval", "all"]
    title: str
    targets: tuple[str, ...]
    missing: tuple[str, ...]


class XtremeCell(Record):
    """A score of an arm on a task or of a group of tasks, mean over languages and seeds.

    Args:
        score: in the metric of the column; None where there is none.
        low_seed: that of the lowest seed.
        high_seed: that of the highest seed.
        seeds: how many there are.
        details: every metric of the task, means likewise.
        effect: against the arm's baseline; None for a baseline.
        low: lower end of its interval.
        high: upper end of it.
        verdict: on it; None for groups.
    """

    score: Score | None
    low_seed: Score | None
    high_seed: Score | None
    seeds: Count
    details: dict[str, Score | None]
    effect: float | None
    low: float | None
    high: float | None
    verdict: Outcome | None


class XtremeRow(Record):
    """An arm's scores by name of a target or of a group."""

    arm: str
    cells: dict[str, XtremeCell]


class BestArm(Record):
    """The arm with the highest score on a target or of a group, baselines, controls and references
    left out."""

    column: str
    arm: str
    score: Score
    effect: float | None
    low: float | None
    high: float | None
    verdict: Outcome | None


class TransferGap(Record):
    """How far the other languages are behind English, of an arm on a target.

    Args:
        english: the score in English.
        others: the mean of the scores in the other languages.
        gap: the first less the second.
        effect: the gap less that of the arm's baseline; None for a baseline.
        low: lower end of its interval.
        high: upper end of it.
    """

    target: str
    arm: str
    english: Score
    others: Score
    gap: float
    effect: float | None
    low: float | None
    high: float | None


class LanguageScore(Record):
    """What stands behind a cell: the score of an arm on a target in one language."""

    target: str
    arm: str
    language: str
    score: Score
    effect: float | None
    low: float | None
    high: float | None


class PublishedRow(Record):
    """Scores that a paper reports of the encoder that the study starts from.

    Args:
        name: of what was measured.
        source: where it is published.
        encoder: that it is of.
        cells: target -> metric -> score.
        average: over all tasks, as it is published; None where none is.
        remark: what else it must be read with; may be empty.
    """

    name: str
    source: str
    encoder: str
    cells: dict[str, dict[str, Score]]
    average: Score | None
    remark: str = ""


class XtremeFacts(Record):
    """All of ``xtreme.json``."""

    columns: Annotated[tuple[XtremeColumn, ...], Field(min_length=1)]
    groups: tuple[XtremeGroup, ...]
    rows: tuple[XtremeRow, ...]
    best: tuple[BestArm, ...]
    transfer_gaps: tuple[TransferGap, ...]
    languages: tuple[LanguageScore, ...]
    published: tuple[PublishedRow, ...]


class GeneralisedFacts(Record):
    """An entry of ``generalised.json``: an arm on pairs of texts in every two languages of a target.

    Args:
        target: its name.
        title: as it is shown.
        arm: name of the arm.
        languages: codes, in the order of the matrix.
        matrix: mean over seeds; row: language of the first text, column: of the second.
        seeds: how many there are.
        n: examples of each cell.
        same: mean of the diagonal.
        mixed: mean of the rest.
        effect: of the latter, against the arm's baseline; None for a baseline.
        low: lower end of its interval.
        high: upper end of it.
    """

    target: str
    title: str
    arm: str
    languages: Annotated[tuple[str, ...], Field(min_length=2)]
    matrix: tuple[tuple[Score, ...], ...]
    seeds: Count
    n: Count
    same: Score
    mixed: Score
    effect: float | None
    low: float | None
    high: float | None
