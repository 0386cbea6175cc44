"""How each arm was trained, and what it spent: records of ``run.json``."""

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
    """Number of words of all copies."""
    with_synonyms: int
    """Number of these words that have synonyms."""
    replaced: int
    """Number of these words that a synonym replaces."""


class TaskTower(ResultRecord):
    """The image tower of a task."""

    name: str
    """Name of the tower in the study."""
    side: str
    """``frozen`` or ``trainable``."""
    trained_on: str
    """What it was trained on before the study, in words."""
    photographs: tuple[str, ...] | None
    """Published sets whose photographs it was trained on; null: not recorded."""


class Learning(ResultRecord):
    """What a task's dev score says of whether it was learnt."""

    metric: str
    """Metric of the dev score."""
    score: float
    """The dev score of the kept weights, mean over seeds."""
    guess: float
    """The score of the best guess that reads no text: of the commonest answer; 0 of a correlation."""
    learnt: bool
    """Whether the score is above the guess by more than two of its standard errors."""


class StageTask(ResultRecord):
    """One task of a stage and its training data."""

    task: str
    """Name of the task."""
    form: str
    """Name of its form."""
    examples: int
    """Number of examples that training drew from it."""
    share: Annotated[float, Field(ge=0, le=1)]
    """Its share of the examples of the stage."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the task in this stage that differ from their defaults."""
    cost: float = 1.0
    """Counted operations of an update, relative to an update without robust training."""
    tower: TaskTower | None = None
    """The image tower; null: the task has no pictures, or an earlier version wrote the file."""
    train: int
    """Number of training records."""
    dev: int
    """Number of dev records."""
    rows: int
    """Number of rows that training draws from: a form may make several rows of a record, or none."""
    left_out: dict[str, int]
    """Reason -> number of records that training leaves out."""
    english_share: Annotated[float | None, absent_if(None)] = None
    """Share of its training records that read as English, of an own file that states no language;
    absent: the language is stated, or the data are published."""
    learning: Learning | None = None
    """Whether it was learnt; null: its dev scores do not say, or it has no dev records."""
    augmentation: Annotated[Augmentation | None, absent_if(None)] = None
    """Copies of the records with synonyms; absent: there are none."""


class StageFacts(ResultRecord):
    """One stage of an arm's training."""

    tasks: Annotated[tuple[StageTask, ...], Field(min_length=1)]
    """The tasks that it trains on at once."""
    updates: int
    """Number of updates, mean over seeds."""
    batch_size: int
    """Number of examples of an update."""
    learning_rate: float
    """Peak learning rate; mean over seeds, where each chose its own."""
    settings: dict[str, Any]
    """All other settings that differ from their defaults."""
    kept_updates: tuple[int, ...]
    """The update whose weights were kept, for each seed; empty: the last."""
    learning_rates: Annotated[tuple[float, ...], absent_if(())] = ()
    """The peak learning rate that each seed chose; absent: none was chosen."""


class ArmBudget(ResultRecord):
    """What an arm spent on training, mean over seeds; zeros for an arm that is not trained."""

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
    """What the arm is for."""
    baseline: str
    """The untrained arm of the same start, which the arm is compared with; it may be the arm itself."""
    control_of: str | None
    """The arm that it controls."""
    control: ControlKind | None = None
    """Kind of the control; null: another one, or none."""
    zero_shot: bool = True
    """Whether it saw no labels and no captions in other languages than English."""
    languages: tuple[str, ...] = ()
    """Languages of its labelled training texts."""
    description: str
    """Description in the study."""
    encoder: str
    """Name of the encoder that it starts from."""
    start: str
    """Name of the start in the study."""
    start_seeds: Literal["shared", "paired"] | None = None
    """``shared``: phase one was trained once for all seeds, and no interval contains its variation.
    ``paired``: it was trained once for each seed. null: the start has no stages."""
    prompt: str | None = None
    """The prompt before every text, in training and in our protocols; empty: none. null: an earlier
    version wrote the file."""
    seeds: tuple[int, ...]
    """Seeds of the arm."""
    stages: tuple[StageFacts, ...]
    """Stages of phase two, in order."""
    budget: ArmBudget
    """What the stages spent; of a stage whose settings were chosen, the chosen try alone."""
    choice: Annotated[ArmChoice | None, absent_if(None)] = None
    """Which settings of the last stage were chosen, and what was tried; absent: none were chosen."""
    budget_of_tries: Annotated[ArmBudget | None, absent_if(None)] = None
    """What the stages spent with all tries of the last; absent: nothing was chosen."""
    fine_tune: dict[str, Any] = Field(default_factory=dict)
    """Settings of phase three that replace those of the study."""

    @property
    def not_learnt(self) -> tuple[str, ...]:
        """The tasks of its last stage that it did not learn; none of a control, which may have
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
    """The whole message of the error."""
