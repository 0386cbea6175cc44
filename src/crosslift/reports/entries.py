"""What the files of a run folder hold, typed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crosslift.statistics.attribution import shown_words
from crosslift.statistics.judgements import Outcome
from crosslift.statistics.wording import zero_shot_words
from crosslift.tasks.controls import trains_on_captions

_WORD_TARGETS_BEFORE = ("names", "word-pairs", "word-pairs-trained")


class Entry(BaseModel):
    """A typed part of a JSON file of the folder: immutable, every number finite."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Augmentation(Entry):
    """The copies of a task's training records in which words are replaced by synonyms.

    Args:
        copies: of each record.
        source: of the synonyms.
        words: of all copies.
        with_synonyms: words among them that have synonyms.
        replaced: words that another one stands for.
    """

    copies: int
    source: str
    words: int
    with_synonyms: int
    replaced: int


class Tower(Entry):
    """The image tower of a task.

    Args:
        name: as the study names it.
        side: ``frozen`` or ``trainable``.
        trained_on: in words, before the study took it.
        photographs: names of published sets that it saw photographs of; None: not recorded.
    """

    name: str
    side: str
    trained_on: str
    photographs: tuple[str, ...] | None


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
        augmentation: None where the records are trained on as they are.
        cost: of an update, in updates without robust training, by the operations that were counted.
        tower: None of a task without pictures, and in folders of an earlier version.
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
    augmentation: Augmentation | None = None
    cost: float = 1.0
    tower: Tower | None = None


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
    """One condition of the study.

    Args:
        baseline: the untrained arm that it is compared with, which may be itself.
        control: what kind of control it is; None: another one, or none.
        zero_shot: False where it saw labels or captions in other languages than English.
        languages: of its labelled training texts.
        fine_tune: settings of phase three that it has in the place of the study's.
        start_seeds: ``shared`` where phase one was trained once for all seeds, ``paired`` where it
            was trained once per seed; None where nothing was trained in it.
        prompt: before every text, in training and where it is measured; empty for none. None: a run
            of a version that did not record it.
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
    control: (
        Literal[
            "shuffled-pictures",
            "captions-only",
            "same-updates-no-task",
            "random-features",
            "placebo-labels",
        ]
        | None
    ) = None
    zero_shot: bool = True
    languages: tuple[str, ...] = ()
    fine_tune: dict[str, Any] = {}
    start_seeds: Literal["shared", "paired"] | None = None
    prompt: str | None = None

    @property
    def seen(self) -> str:
        """What is said of an arm that is not zero-shot; empty for one that is."""
        if self.zero_shot:
            return ""
        forms = [task.form for stage in self.stages for task in stage.tasks]
        return zero_shot_words(self.languages, captions=trains_on_captions(forms))


class Gap(Entry):
    """A language without a score, and why."""

    language: str
    reason: str


class Note(Entry):
    """A language, and what its texts are."""

    language: str
    note: str


class Target(Entry):
    """What was measured; ``metric`` and ``protocol`` are the primary ones."""

    name: str
    title: str
    metric: str
    protocol: str
    languages: tuple[str, ...]
    gaps: tuple[Gap, ...]
    kind: Literal["bitext", "pictures", "mining", "labelled"]
    notes: tuple[Note, ...] = ()
    left_out: dict[str, dict[str, int]] = {}
    """Language -> reason -> number of items that are not measured."""
    unread: dict[str, str] = {}
    """File of the data that looks like a part of it and was not read -> why."""
    photographs: str | None = None
    """The published set that its photographs are of; None: of none that towers are trained on."""
    side_prompts: dict[str, str] = {}
    """`prompt_src`, `prompt_tgt` (texts), `prompt_name_src`, `prompt_name_tgt` (names of the encoder's
    own prompts), where the study sets them."""
    texts: Literal["words", "sentences"] = "sentences"
    """What its texts are."""

    @model_validator(mode="before")
    @classmethod
    def _texts_of_earlier_versions(cls, content: Any) -> Any:
        """An earlier version did not record them; these were its targets of words."""
        if isinstance(content, dict) and content.get("name") in _WORD_TARGETS_BEFORE:
            return {"texts": "words"} | content
        return content

    @property
    def trade_off(self) -> Literal["gain", "loss"] | None:
        """What it shows of a trade-off: gains on words and pictures, losses on sentences. None of
        labelled targets: their encoders were fine-tuned once more."""
        if self.kind == "labelled":
            return None
        return "gain" if self.kind == "pictures" or self.texts == "words" else "loss"


class Step(Entry):
    """One step of the plan as it was run; ``peak_bytes`` is None where it was not measured.

    Args:
        environments: places in those of the run, the one that finished the step first; empty where
            they were not recorded.
        other_code: the modules in which the code that made it differs from that which wrote the folder.
        digest: of its artifact; None in folders of an earlier version.
    """

    key: str
    kind: str
    label: str
    arm: str | None
    seed: int | None
    seconds: float
    peak_bytes: int | None
    reused: bool
    environments: tuple[int, ...] = ()
    other_code: tuple[str, ...] = ()
    digest: str | None = None


class RunEnvironment(Entry):
    """One of the environments of a run.

    Args:
        facts: fact -> its value, in words.
        steps: that were made in it, also in part.
        arms: whose numbers depend on these steps.
    """

    facts: dict[str, str]
    steps: int
    arms: tuple[str, ...]


class OverlapExample(Entry):
    """A training text and the target text it is close to, or two pictures by their ids."""

    train: str
    test: str
    similarity: float


class Overlap(Entry):
    """How many texts, or pictures, of a training task are also in a target.

    Args:
        records: training records that were checked; None where they were not counted.
        items: items of the target that are affected; None likewise.
        exact: texts, or pictures, of the target that are in the training data.
        near: those that nearly are, or of which a part is.
        kind: what was compared.
    """

    task: str
    target: str
    records: int | None = None
    items: int | None = None
    exact: int
    near: int
    examples: tuple[OverlapExample, ...]
    kind: Literal["texts", "pictures"] = "texts"


class Verdict(Entry):
    """One comparison: ``arm`` minus ``against``; effect and interval are scores in [-1, 1]."""

    arm: str
    against: str
    target: str
    protocol: str
    metric: str
    subset: str
    question: str | None
    family: Literal["declared", "vs-baseline", "controls"]
    effect: float
    low: float
    high: float
    level: float
    p: float
    p_corrected: float | None
    n_queries: int
    n_languages: int
    seeds: int
    verdict: Outcome
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


class Figure(Entry):
    """One difference of two arms, with what it rests on; effect and interval in [-1, 1]."""

    arm: str
    against: str
    effect: float
    low: float
    high: float
    level: float
    p_corrected: float | None
    verdict: Outcome
    n_queries: int
    n_languages: int
    seeds: int

    @property
    def shown(self) -> str:
        """Whether it is shown, in words."""
        return shown_words(self.verdict, self.low, self.high)


class Part(Entry):
    """What a control says of an effect; ``named`` and ``rest`` add up to the whole."""

    source: str
    control: str
    kind: str | None
    named: Figure
    rest: Figure
    within_whole: bool = True
    """Whether ``named`` lies between 0 and the whole; runs of earlier releases do not say."""


class Attribution(Entry):
    """Where the effect of an arm on a target comes from."""

    arm: str
    baseline: str
    target: str
    metric: str
    protocol: str
    whole: Figure
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    sentence: str


class Orientation(Entry):
    """How far a reference stands from a baseline; tested against nothing."""

    arm: str
    against: str
    target: str
    effect: float
    low: float
    high: float
    level: float
    n_queries: int
    n_languages: int


class LanguageGroup(Entry):
    """The effect of an arm against its baseline over the languages of one group."""

    arm: str
    against: str
    target: str
    metric: str
    protocol: str
    grouping: Literal["family", "script", "pretraining"]
    group: str
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    effect: float
    low: float
    high: float
    p: float
    p_corrected: float | None
    verdict: Outcome
    n_queries: int
    seeds: int


class Failure(Entry):
    """An arm that the run left out, and the whole message of why."""

    arm: str
    error: str


class RunFacts(Entry):
    """What ``run.json`` says of the study: arms, targets, protocols, environments, steps.

    Args:
        environments: all that the steps were made in, and that of the process which wrote the folder.
        written_in: the place of the latter.
        differing: facts that can change a number and are not the same for all steps.
        checksums: name -> SHA-256 of files of the folder; an earlier version recorded none.
    """

    study: str
    question: str
    created: str
    version: str
    baseline: str
    arms: tuple[Arm, ...]
    targets: tuple[Target, ...]
    protocols: dict[str, dict[str, Any]]
    environments: Annotated[tuple[RunEnvironment, ...], Field(min_length=1)]
    written_in: int
    differing: tuple[str, ...]
    store: str
    steps: tuple[Step, ...]
    overlap: tuple[Overlap, ...]
    gains: tuple[Gain, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    orientations: tuple[Orientation, ...] = ()
    failed: tuple[Failure, ...] = ()
    checksums: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _as_before_the_steps_had_theirs(cls, content: Any) -> Any:
        """An earlier version recorded the environment of the process that wrote the folder alone."""
        if not isinstance(content, dict) or "environment" not in content:
            return content
        written = {"facts": content["environment"], "steps": 0, "arms": ()}
        return {"environments": [written], "written_in": 0, "differing": ()} | content

    @model_validator(mode="after")
    def _environments_exist(self) -> RunFacts:
        places = {self.written_in, *(n for step in self.steps for n in step.environments)}
        wrong = sorted(places - set(range(len(self.environments))))
        if wrong:
            raise ValueError(f"environment {wrong[0]} of {len(self.environments)} is named")
        return self


class Score(NamedTuple):
    """One row of the results; ``value`` in [0, 1], but of ranks; ``n`` the number of queries."""

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
