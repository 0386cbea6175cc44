"""What the files of a run folder hold, typed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """A typed part of a JSON file of the folder: immutable, every number finite."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class StageTask(Entry):
    """One task of a stage and its training data.

    Args:
        task: its name.
        form: of its head and loss.
        examples: records that were drawn from it.
        share: of the examples of all tasks of the stage, in [0, 1].
        train: its training records.
        dev: its dev records.
        rows: what training drew from: a form may make several of a record, or none.
        left_out: reason -> records that were not trained on.
        settings: of the task in its stage that are not what they are by default.
    """

    task: str
    form: str
    examples: int
    share: Annotated[float, Field(ge=0, le=1)]
    train: int
    dev: int
    rows: int
    left_out: dict[str, int]
    settings: dict[str, Any] = {}


class Stage(Entry):
    """One stage of an arm's training.

    Args:
        tasks: what it trained on, one or several at once.
        updates: of the weights.
        batch_size: examples of one update.
        learning_rate: the peak.
        settings: all others that are not what they are by default.
        kept_updates: the update whose weights were kept, one a seed; empty: the last.
    """

    tasks: Annotated[tuple[StageTask, ...], Field(min_length=1)]
    updates: int
    batch_size: int
    learning_rate: float
    settings: dict[str, Any]
    kept_updates: tuple[int, ...]


class Budget(Entry):
    """What an arm spent on training, mean per seed; zeros for an arm that was not trained."""

    updates: float
    examples: float
    tokens: float
    flops: float
    seconds: float


class Arm(Entry):
    """One condition of the study; ``baseline`` is the untrained arm that it is compared with, which
    may be itself.
    """

    name: str
    role: Literal["baseline", "trained", "control", "reference"]
    baseline: str
    control_of: str | None
    description: str
    encoder: str
    start: str
    seeds: tuple[int, ...]
    stages: tuple[Stage, ...]
    budget: Budget


class Gap(Entry):
    """A language without a score, and why."""

    language: str
    reason: str


class Target(Entry):
    """What was measured; ``metric`` and ``protocol`` are the primary ones."""

    name: str
    title: str
    metric: str
    protocol: str
    languages: tuple[str, ...]
    gaps: tuple[Gap, ...]
    kind: Literal["bitext", "pictures", "mining"]


class Step(Entry):
    """One step of the plan as it was run; ``peak_bytes`` is None where it was not measured."""

    key: str
    kind: str
    label: str
    arm: str | None
    seed: int | None
    seconds: float
    peak_bytes: int | None
    reused: bool


class OverlapExample(Entry):
    """A training text and the target text it is close to."""

    train: str
    test: str
    similarity: float


class Overlap(Entry):
    """How many texts of a training task are also in a target."""

    task: str
    target: str
    records: int
    items: int
    exact: int
    near: int
    examples: tuple[OverlapExample, ...]


class Verdict(Entry):
    """One comparison: ``arm`` minus ``against``; effect and interval are scores in [-1, 1]."""

    arm: str
    against: str
    target: str
    protocol: str
    metric: str
    subset: str
    question: str | None
    family: Literal["declared", "vs-baseline"]
    effect: float
    low: float
    high: float
    level: float
    p: float
    p_corrected: float
    n_queries: int
    n_languages: int
    seeds: int
    verdict: Literal["higher", "lower", "no difference shown"]
    budget_equal: bool
    budget_note: str
    sentence: str


class Answer(Entry):
    """What one arm returned for a query."""

    arm: str
    text: str | None
    picture: str | None
    correct: bool


class Example(Entry):
    """One query with the answers of every arm; pictures are paths relative to the folder."""

    target: str
    language: str
    protocol: str
    query_text: str | None
    query_picture: str | None
    gold_text: str | None
    gold_picture: str | None
    answers: tuple[Answer, ...]


class Gain(Entry):
    """What part of an arm's gain over the baseline survives against its control, in words."""

    arm: str
    control: str
    target: str
    sentence: str


class Failure(Entry):
    """An arm that the run left out, and the whole message of why."""

    arm: str
    error: str


class RunFacts(Entry):
    """What ``run.json`` says of the study: arms, targets, protocols, environment, steps."""

    study: str
    question: str
    created: str
    version: str
    baseline: str
    arms: tuple[Arm, ...]
    targets: tuple[Target, ...]
    protocols: dict[str, dict[str, Any]]
    environment: dict[str, Any]
    store: str
    steps: tuple[Step, ...]
    overlap: tuple[Overlap, ...]
    gains: tuple[Gain, ...] = ()
    failed: tuple[Failure, ...] = ()


class Score(NamedTuple):
    """One row of the results; ``value`` in [0, 1], ``n`` the number of queries."""

    arm: str
    seed: int
    target: str
    language: str
    protocol: str
    subset: str
    metric: str
    value: float
    n: int


class CurvePoint(NamedTuple):
    """One point of a learning curve."""

    arm: str
    seed: int
    stage: int
    task: str
    update: int
    metric: str
    value: float
