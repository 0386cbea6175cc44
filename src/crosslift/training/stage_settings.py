"""Settings of one training stage. No torch here: studies are validated without it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from crosslift.sources.translation.translation_settings import TranslationSettings
from crosslift.tasks.controls import Control
from crosslift.training.guards.distillation import Distillation, DistillationSettings
from crosslift.training.guards.guard import Guard, GuardOnData
from crosslift.training.guards.l2_sp import L2SP
from crosslift.training.guards.lora import Lora, LoraSettings
from crosslift.training.robust_settings import (
    SEARCH,
    RobustSettings,
    SmoothedPredictionSettings,
)

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Weight = NotNegative | dict[Share, NotNegative]

_SUM_TOLERANCE = 1e-6

GUARDS: dict[str, type[Guard]] = {kind.name: kind for kind in (Lora, L2SP, Distillation)}
"""Setting of a stage -> the guard that it asks for."""
GUARDS_ON_DATA = [name for name, kind in GUARDS.items() if issubclass(kind, GuardOnData)]


class Budget(BaseModel):
    """How much a stage may train: exactly one of updates, examples and tokens.

    Training ends with the first update that reaches the budget.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    updates: Count | None = None
    """Optimizer updates."""
    examples: Count | None = None
    """Training records, counted each time one is used."""
    tokens: Count | None = None
    """Tokens through the text encoder, prompt and special tokens included."""
    batch_size: Count = 128
    """Records in one update, of all tasks of the stage and all parts of its accumulation."""

    @model_validator(mode="after")
    def _one_unit(self) -> Budget:
        units = [name for name in ("updates", "examples", "tokens") if getattr(self, name)]
        if len(units) != 1:
            named = " and ".join(units) if units else "none of them"
            raise ValueError(f"exactly one of updates, examples, tokens is needed, found {named}")
        return self

    @property
    def unit(self) -> Literal["updates", "examples", "tokens"]:
        """The unit in which the budget is given."""
        if self.updates:
            return "updates"
        return "examples" if self.examples else "tokens"

    @property
    def amount(self) -> int:
        """The budget in its unit."""
        return int(getattr(self, self.unit))


class TaskSettings(BaseModel):
    """An intermediate task, alone in its stage or one of several."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    """Name of an intermediate task (`crosslift tasks` lists them)."""
    data: Path | None = None
    """File of records, for the tasks that read your own files (text-pairs, image-text, masked-lm);
    folder of the published files, for those on published datasets (None: from the hub)."""
    hub: str | None = None
    """Dataset of the hub with pictures and captions, as ORG/NAME@REVISION, in the place of `data`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Column of the form -> column of your file, where the names differ."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the task's form, such as `whole_words` of a masked LM."""
    limit: Count | None = None
    """Number of training records, drawn once at random, the same for every seed. Of captioned pictures
    it counts captions, and a picture is drawn with all of its captions. None: all."""
    dev_limit: Count | None = None
    """So many of its dev records, drawn likewise; None: all."""
    translate: TranslationSettings | None = None
    """Trains on machine-translated records, too; None: as the data are."""
    control: Control | None = None
    """Trains on a control of the task instead: the same records without what the task is about. See
    `crosslift.tasks.controls`."""
    skip_broken: bool = False
    """Records whose picture is missing or damaged are left out and counted. False: an error."""
    check_language: bool = False
    """Captions in another language than declared are left out and counted (`pip install
    crosslift[languages]`)."""


class MixedTaskSettings(TaskSettings):
    """One of several tasks that a stage trains on at once."""

    weight: Weight | None = None
    """Its share of the examples, the shares of all tasks summing to 1; a mapping from shares of the
    budget to weights lets it change in straight lines, as {0: 1, 1: 0.5}. None: see `mixing`."""
    loss_weight: Positive = 1.0
    """Factor of its loss."""

    def weight_at(self, spent: float) -> float:
        """Its weight when so much of the budget is spent, in [0, 1]."""
        if self.weight is None:
            raise ValueError(f"task {self.task} has no weight")
        if not isinstance(self.weight, dict):
            return self.weight
        knots = sorted(self.weight.items())
        before = [knot for knot in knots if knot[0] <= spent]
        after = [knot for knot in knots if knot[0] > spent]
        if not before or not after:
            return knots[0][1] if not before else knots[-1][1]
        (x, low), (y, high) = before[-1], after[0]
        return low + (high - low) * (spent - x) / (y - x)


class MixingSettings(BaseModel):
    """How the tasks of a stage share its budget."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sampling: Literal["uniform", "proportional", "temperature", "capped", "weights"] | None = None
    """A task's share of the examples. Uniform: the same for all. Proportional: to its records.
    Temperature: to its records to the power of 1 / temperature. Capped: to its records, of which so
    many at most count as `cap` says. Weights: as each task's `weight` says. None: weights where
    tasks have them, else proportional."""
    temperature: Annotated[float, Field(ge=1)] = 2.0
    """1 is proportional; the higher, the more alike the shares."""
    cap: Count = 16_384
    """Records of a task that count at most."""
    batches: Literal["one-task", "interleaved"] = "one-task"
    """One-task: each part of an update holds records of one task, drawn by the shares. Interleaved:
    it holds records of all tasks, in the shares."""
    accumulate: Literal["within", "across"] = "within"
    """Of batches of one task, where `accumulation` parts an update: within: all its parts are of one
    task; across: each part's task is drawn anew."""


class EarlyStopping(BaseModel):
    """Ends a stage before its budget is spent, when the dev score no longer rises."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    patience: Count = 2
    """So many dev evaluations in a row without a gain end it."""
    least_gain: NotNegative = 0.0
    """What counts as a gain: more than this above the best."""


def _several(value: Any) -> Any:
    """A bare name stands for the settings of that task."""
    if not isinstance(value, (list, tuple)):
        return value
    return [{"task": each} if isinstance(each, str) else each for each in value]


class TrainingSettings(BaseModel):
    """How the weights of a stage are trained, whatever it is trained on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: Budget | None = None
    """None: the study's budget."""
    learning_rate: Positive = 2e-5
    """Peak, of the text encoder."""
    head_learning_rate: Positive = 1e-3
    """Peak, of what starts from scratch: heads, an unpublished image tower, temperature."""
    tower_learning_rate: Positive | None = None
    """Peak, of a published image tower that is trained; None: as the text encoder's."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """After the warm-up: down to 0 in a line or half a cosine, or constant."""
    warmup_share: Share = 0.1
    """Share of the budget over which the learning rate rises from 0."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Each layer of the text encoder learns at so many times the rate of the one above it, and the
    embeddings of the lowest (Howard and Ruder 2018, arXiv 1801.06146, section 3.2; as in ELECTRA)."""
    weight_decay: NotNegative = 0.01
    """Of matrices; biases, norms and token rows have none."""
    clip_norm: Positive = 1.0
    """The gradient's largest L2 norm; longer gradients are scaled down."""
    accumulation: Count = 1
    """An update's batch goes through in so many parts, whose gradients add up. Contrastive forms find
    their negatives within a part: `cached_texts` saves memory without that."""
    cached_texts: Count | None = None
    """So many texts go through the encoder at a time and their activations are computed again when the
    gradient comes back, so that the memory of a large contrastive batch is bounded (Gao et al. 2021,
    arXiv 2101.06983). None: all at once."""
    gradient_checkpointing: bool = False
    """Activations inside layers are computed again when the gradient comes back: less memory."""
    dropout: Share | None = None
    """Of the text encoder; None: as its own configuration says."""
    text_side: Literal["trainable", "locked"] = "trainable"
    """Locked: the text encoder stays as it is, and only the heads train."""
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    """So many of the text encoder's lowest layers stay as they are, and its embeddings with them."""
    token_table: Literal["occurring", "frozen"] = "occurring"
    """Occurring: the token rows that occur in the tasks are trained. Frozen: no row is. Either way only
    the rows that occur are read and held in the optimizer."""
    lora: LoraSettings | None = None
    """Trains low-rank adapters alone; token rows stay as they are."""
    l2_sp: NotNegative = 0.0
    """Pulls the text encoder's weights towards where the stage found them: half this times their
    squared distance is added to the loss (Li et al. 2018, arXiv 1802.01483, equation 2)."""
    distillation: DistillationSettings | None = None
    """Holds the vectors of multilingual texts where they were."""
    robust: RobustSettings | None = None
    """Adversarial training or randomized smoothing; None: neither."""
    dev_evaluations: Annotated[int, Field(ge=0)] = 4
    """How often the dev score is taken, the end included; 0: never."""
    dev_metric: str | None = None
    """What early stopping and `keep_best` look at: a dev metric's name, with `TASK:` before it where
    several tasks have one of that name. None: the first dev metric of each task, and their mean."""
    early_stopping: EarlyStopping | None = None
    """None: the whole budget is spent."""
    keep_best: bool = False
    """The weights with the best dev score are kept, not the last."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fault = self._guard_fault()
        if fault:
            raise ValueError(fault)
        if self.chooses_by_dev and self.dev_evaluations == 0:
            raise ValueError("early_stopping and keep_best need dev_evaluations of 1 or more")
        return self

    @property
    def chooses_by_dev(self) -> bool:
        """Whether dev scores choose which weights are kept."""
        return self.early_stopping is not None or self.keep_best

    @property
    def cost(self) -> float:
        """Cost of an update by its passes, in updates without robust training. Of adapters alone, a
        pass that trains needs no gradient of the weights under them."""
        of_rows = self.robust.of_rows if self.robust else None
        search = SEARCH if all(guard.trains_weights for guard in self.guards) else 1.0
        return of_rows.cost(search) if of_rows else 1.0

    @property
    def guards(self) -> tuple[Guard, ...]:
        """What keeps the encoder from forgetting."""
        values = {name: getattr(self, name) for name in GUARDS}
        return tuple(GUARDS[name](value) for name, value in values.items() if value)

    def _guard_fault(self) -> str | None:
        names = [guard.name for guard in self.guards]
        if self.text_side == "locked":
            if self.robust and self.robust.of_rows:
                names.append("robust training of token rows")
            return f"no {names[0]} where text_side is locked: nothing can move" if names else None
        for guard in self.guards:
            for other, reason in guard.excludes.items():
                if other in names:
                    return f"either {guard.name} or {other}: {reason}"
        return None


class StageSettings(TrainingSettings):
    """One stage of training, on one intermediate task or several at once.

    A stage of one task may be written in short: `task` and the settings of that task beside those of
    the stage. `tasks` holds it then, and errors name the place where the user wrote the setting.
    """

    short_form: ClassVar[type[TaskSettings]] = TaskSettings
    """The settings that may stand beside those of the stage, in the place of `tasks`."""
    tasks: Annotated[tuple[MixedTaskSettings, ...], BeforeValidator(_several)] = ()
    """What it trains on; a bare name means the task of that name."""
    mixing: MixingSettings = MixingSettings()
    """How several tasks share the budget."""
    heads: Literal["new", "kept"] = "new"
    """Kept: heads and image towers go on from where the stage before left those of the same tasks, so
    that a side can be locked first and trained then (staged unfreezing)."""

    @model_validator(mode="after")
    def _whole(self) -> StageSettings:
        fault = self._weights_fault() if self.tasks else "either task or tasks, found neither"
        if fault:
            raise ValueError(fault)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _fold_short_form(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, Mapping):
            return validate(value)
        short = {name: value[name] for name in cls.short_form.model_fields if name in value}
        rest = {name: setting for name, setting in value.items() if name not in short}
        folds = short.get("task") is not None and not value.get("tasks")
        beside = {} if folds else short
        short_settings = cls.short_form.model_validate(beside | {"task": beside.get("task") or ""})
        try:
            stage = validate(rest | {"tasks": [short]} if folds else rest)
        except ValidationError as error:
            raise _as_written(error, value, folds) from error
        if short_settings.task:
            raise ValueError("either task or tasks, found both")
        names = [name for name in beside if getattr(short_settings, name)]
        if names:
            inside = "inside the tasks that they are of, not beside `tasks`"
            raise ValueError(f"{' and '.join(names)} {inside}")
        return stage

    def _weights_fault(self) -> str | None:
        weighted = [task for task in self.tasks if task.weight is not None]
        if self.mixing.sampling not in (None, "weights"):
            return f"no weights with sampling {self.mixing.sampling}" if weighted else None
        if not weighted and self.mixing.sampling is None:
            return None
        if len(weighted) < len(self.tasks):
            lacking = next(task.task for task in self.tasks if task.weight is None)
            return f"a weight for each task or for none: {lacking} has none"
        knots = {0.0, *(x for t in self.tasks if isinstance(t.weight, dict) for x in t.weight)}
        for spent in sorted(knots):
            total = sum(task.weight_at(spent) for task in self.tasks)
            if abs(total - 1) > _SUM_TOLERANCE:
                at = f" when {spent:g} of the budget is spent" if len(knots) > 1 else ""
                return f"weights that sum to 1; they sum to {total:g}{at}"
        return None

    @property
    def title(self) -> str:
        """The names of its tasks, joined."""
        return " + ".join(task.task for task in self.tasks)


def _as_written(
    error: ValidationError, written: Mapping[str, Any], in_short: bool
) -> ValidationError:
    """The faults of a stage, at the places where its settings were written.

    Args:
        error: the faults, with a short form folded into `tasks`.
        written: the stage as it was written.
        in_short: whether it was written in the short form.
    """
    faults = []
    for fault in error.errors():
        place, value = fault["loc"], fault["input"]
        if in_short and place[:2] == ("tasks", 0):
            place = place[2:]
        kind = PydanticCustomError(fault["type"], fault["msg"])
        faults.append(InitErrorDetails(type=kind, loc=place, input=value if place else written))
    return ValidationError.from_exception_data(error.title, faults)


class FineTuneSettings(TrainingSettings):
    """Phase three: how an encoder is fine-tuned on the English training set of a target task."""

    limit: Count | None = None
    """So many of its training records, drawn once at random, the same for every arm and seed; None:
    all."""
    dev_limit: Count | None = None
    """So many of the English records that weights are chosen by, drawn likewise; None: all."""
    keep_best: bool = True
    """The weights with the best score on English dev records are kept (the zero-shot rule: no label of
    another language is looked at). False: the last."""

    keep_weights: bool = True
    """The fine-tuned weights stay in the store: as large as the encoder, for each arm, seed and target.
    False: they are deleted once the answers exist, and trained again where others are needed."""

    smoothed_prediction: SmoothedPredictionSettings | None = None
    """Answers by vote over draws of noise; None: the encoder reads texts as they are."""

    def stage(self, task: str) -> StageSettings:
        """The stage that trains on a task so."""
        trained_on = MixedTaskSettings(task=task, limit=self.limit, dev_limit=self.dev_limit)
        how = {name: getattr(self, name) for name in TrainingSettings.model_fields}
        return StageSettings(tasks=(trained_on,), **how)

    def changed(self, own: FineTuneSettings | None) -> FineTuneSettings:
        """These settings with those that an arm sets itself in their place."""
        if own is None:
            return self
        named = {name: getattr(self, name) for name in self.model_fields_set}
        named |= {name: getattr(own, name) for name in own.model_fields_set}
        return FineTuneSettings(**named)
