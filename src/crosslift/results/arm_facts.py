"""The training of each arm, and its budget: records of ``run.json``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from crosslift.results.result_record import ResultRecord, absent_if
from crosslift.results.setting_choices import ArmChoice


class Augmentation(ResultRecord):
    """Copies of a task's training records in which synonyms replace words."""

    copies: int
    """Number of copies of each record."""
    source: str
    """Source of the synonyms."""
    words: int
    """Number of words in all copies."""
    with_synonyms: int
    """Number of these words that have synonyms."""
    replaced: int
    """Number of these words that were replaced by a synonym."""


class TaskTower(ResultRecord):
    """The image tower of a task."""

    name: str
    """Name of the tower in the study."""
    side: str
    """``frozen`` or ``trainable``."""
    trained_on: str
    """Its training data before the study, in words."""
    photographs: tuple[str, ...] | None
    """Published sets whose photographs it was trained on; null: not recorded."""


class Learning(ResultRecord):
    """Whether training learnt a task, judged by its dev score."""

    metric: str
    """Metric of the dev score."""
    score: float
    """The dev score of the kept weights, mean over seeds."""
    guess: float
    """The score of the best guess without reading the text: the most common answer; 0 for a
    correlation."""
    learnt: bool
    """Whether the score is more than two standard errors above the guess."""


class StageTask(ResultRecord):
    """One task of a stage and its training data."""

    task: str
    """Name of the task."""
    form: str
    """Name of its form."""
    examples: int
    """Number of examples that training drew from it."""
    share: Annotated[float, Field(ge=0, le=1)]
    """Its share of the stage's examples."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the task in this stage that differ from their defaults."""
    cost: float = 1.0
    """Operations of an update, relative to an update without robust training."""
    tower: TaskTower | None = None
    """The image tower; null: the task has no pictures, or an earlier version wrote the file."""
    train: int
    """Number of training records."""
    dev: int
    """Number of dev records."""
    rows: int
    """Number of rows that training draws from; a form makes no row, one or several rows from a
    record."""
    left_out: dict[str, int]
    """Reason -> number of records that training leaves out."""
    english_share: Annotated[float | None, absent_if(None)] = None
    """For an own file without a stated language: the share of its training records that read as
    English. Absent: the language is stated, or the data are published."""
    learning: Learning | None = None
    """Whether training learnt the task; null: unknown, because it has no dev records or no suitable dev
    score."""
    augmentation: Annotated[Augmentation | None, absent_if(None)] = None
    """Copies of the records with synonyms; absent: none."""


class StageFacts(ResultRecord):
    """One stage of an arm's training."""

    tasks: Annotated[tuple[StageTask, ...], Field(min_length=1)]
    """The tasks that it trains on at the same time."""
    updates: int
    """Number of updates, mean over seeds."""
    batch_size: int
    """Number of examples in an update."""
    learning_rate: float
    """Peak learning rate; the mean over seeds if each seed chose one."""
    settings: dict[str, Any]
    """All other settings that differ from their defaults."""
    kept_updates: tuple[int, ...]
    """The update whose weights each seed kept; empty: the last update."""
    learning_rates: Annotated[tuple[float, ...], absent_if(())] = ()
    """The peak learning rate that each seed chose; absent: no choice."""


class ArmBudget(ResultRecord):
    """The training budget that an arm spent, mean over seeds; zeros for an arm without training."""

    updates: float
    """Number of updates of the weights."""
    examples: float
    """Number of examples."""
    tokens: float
    """Number of tokens."""
    flops: float
    """Number of floating-point operations."""
    seconds: float
    """Time, in seconds."""


Role = Literal["baseline", "trained", "control", "reference"]
ControlKind = Literal[
    "shuffled-pictures",
    "same-kind-pictures",
    "captions-only",
    "same-updates-no-task",
    "random-features",
    "placebo-labels",
]
"""The controls that a study can name. They are those of `crosslift.tasks.controls`, which cannot import
them from here: an edit of a result would then count as an edit of the code that trains."""


class ArmFacts(ResultRecord):
    """One arm of the study."""

    name: str
    """Name of the arm."""
    role: Role
    """Role of the arm."""
    baseline: str
    """The untrained arm of the same start, with which the arm is compared; possibly the arm itself."""
    control_of: str | None
    """The arm that it is a control of; null: none."""
    control: ControlKind | None = None
    """Kind of the control; null: another kind, or no control."""
    zero_shot: bool = True
    """Whether all labels and captions in its training data are English."""
    languages: tuple[str, ...] = ()
    """Languages of its labelled training texts."""
    description: str
    """Its description in the study."""
    encoder: str
    """Name of the encoder that it starts from."""
    start: str
    """Name of the start in the study."""
    start_seeds: Literal["shared", "paired"] | None = None
    """``shared``: all seeds use one training run of phase one, and intervals do not cover its
    variation. ``paired``: each seed has a separate run of phase one. null: the start has no stages."""
    prompt: str | None = None
    """The prompt before every text in training and in our protocols; empty: no prompt. null: an earlier
    version wrote the file."""
    postprocessing: Annotated[tuple[str, ...], absent_if(())] = ()
    """What changes its vectors and scores without training, such as ``csls``; absent: nothing, or an
    earlier version wrote the file."""
    seeds: tuple[int, ...]
    """Seeds of the arm."""
    stages: tuple[StageFacts, ...]
    """Stages of phase two, in order."""
    budget: ArmBudget
    """The budget of the stages; for a stage with chosen settings, the budget of the chosen try only."""
    choice: Annotated[ArmChoice | None, absent_if(None)] = None
    """The chosen settings of the last stage, and all tries; absent: no choice."""
    budget_of_tries: Annotated[ArmBudget | None, absent_if(None)] = None
    """The budget of the stages including all tries of the last stage; absent: no choice."""
    fine_tune: dict[str, Any] = Field(default_factory=dict)
    """Settings of phase three that replace those of the study."""

    @property
    def not_learnt(self) -> tuple[str, ...]:
        """The tasks of its last stage that it did not learn; empty for a control, which may have
        nothing to learn."""
        if self.control_of is not None or not self.stages:
            return ()
        tasks = self.stages[-1].tasks
        return tuple(t.task for t in tasks if t.learning is not None and not t.learning.learnt)


class Failure(ResultRecord):
    """An arm that the run left out."""

    arm: str
    """Name of the arm."""
    error: str
    """The full error message."""
