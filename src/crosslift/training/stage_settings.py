"""Settings of one training stage. Imports no torch: studies are validated without it."""

from __future__ import annotations

from collections.abc import Mapping
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

from crosslift.training.bounded_numbers import Count, NotNegative, Positive, Share
from crosslift.training.budget import Budget
from crosslift.training.guards.distillation import Distillation, DistillationSettings
from crosslift.training.guards.guard import Guard, GuardOnData
from crosslift.training.guards.l2_sp import L2SP
from crosslift.training.guards.lora import Lora, LoraSettings
from crosslift.training.robust_settings import SEARCH, RobustSettings
from crosslift.training.task_settings import MixedTaskSettings, MixingSettings, TaskSettings

_SUM_TOLERANCE = 1e-6

GUARDS: dict[str, type[Guard]] = {kind.name: kind for kind in (Lora, L2SP, Distillation)}
"""Setting of a stage -> the guard that it asks for."""
CACHED = ("cached_texts", "cached_tokens")
"""Settings that limit what goes through the encoder at a time; only forms that read vectors have
them."""
GUARDS_ON_DATA = [name for name, kind in GUARDS.items() if issubclass(kind, GuardOnData)]


class EarlyStopping(BaseModel):
    """Ends a stage before its budget is spent, when the dev score no longer rises."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    patience: Count = 2
    """Number of dev evaluations in a row without a gain that end the stage."""
    least_gain: NotNegative = 0.0
    """A score counts as a gain if it is above the best one so far by more than this."""


def _several(value: Any) -> Any:
    """Turns bare names of tasks into their settings."""
    if not isinstance(value, (list, tuple)):
        return value
    return [{"task": each} if isinstance(each, str) else each for each in value]


class TrainingSettings(BaseModel):
    """How the weights of a stage are trained, whatever it is trained on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: Budget | None = None
    """None: the study's budget."""
    learning_rate: Positive = 2e-5
    """Peak learning rate of the text encoder."""
    head_learning_rate: Positive = 1e-3
    """Peak learning rate of parts that start from scratch: heads, an unpublished image tower,
    temperature."""
    tower_learning_rate: Positive | None = None
    """Peak learning rate of a published image tower that trains; None: that of the text
    encoder."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """After the warm-up, the rate falls to 0 in a line or half a cosine, or stays constant."""
    warmup_share: Share = 0.1
    """Share of the budget over which the learning rate rises from 0."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Factor between the learning rate of a layer of the text encoder and that of the layer above
    it; the embeddings have this factor to the lowest layer (Howard and Ruder 2018, arXiv
    1801.06146, section 3.2; as in ELECTRA)."""
    weight_decay: NotNegative = 0.01
    """Weight decay of matrices; biases, norms and token rows have none."""
    clip_norm: Positive = 1.0
    """Largest L2 norm of the gradient; longer gradients are scaled down."""
    accumulation: Count = 1
    """Number of parts into which the batch of an update is split; their gradients add up.
    Contrastive forms find their negatives within a part: `cached_texts` saves memory without
    that."""
    cached_texts: Count | None = None
    """Number of texts that go through the encoder at a time; the backward pass computes their
    activations again. It bounds the memory of a large contrastive batch (Gao et al. 2021, arXiv
    2101.06983). None: all at once."""
    cached_tokens: Count | None = None
    """The same by tokens: number of tokens of all texts that go through the encoder at a time. A text
    with more goes through alone. With both, neither is exceeded."""
    gradient_checkpointing: bool = False
    """The backward pass computes activations inside layers again: less memory."""
    devices: Count | None = None
    """Number of devices, or of processes on a machine without accelerators, that train the stage
    together. Each works on a part of every batch; see `docs/training.md`. None: as the study
    says."""
    dropout: Share | None = None
    """Dropout of the text encoder; None: as its own configuration says."""
    text_side: Literal["trainable", "locked"] = "trainable"
    """Locked: the text encoder does not change, and only the heads train."""
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    """Number of lowest layers of the text encoder that do not change; then its embeddings do not
    change either."""
    token_table: Literal["occurring", "frozen"] = "occurring"
    """Occurring: the token rows that occur in the tasks train. Frozen: no row trains. Either way,
    memory and optimizer hold only the rows that occur."""
    lora: LoraSettings | None = None
    """Trains only low-rank adapters; token rows do not change."""
    l2_sp: NotNegative = 0.0
    """Pulls the text encoder's weights towards those at the start of the stage: the loss gets
    half this value times their squared distance (Li et al. 2018, arXiv 1802.01483, equation
    2)."""
    distillation: DistillationSettings | None = None
    """Keeps the vectors of multilingual texts close to those at the start of the stage."""
    robust: RobustSettings | None = None
    """Adversarial training or randomized smoothing; None: neither."""
    dev_evaluations: Annotated[int, Field(ge=0)] = 4
    """Number of dev evaluations, the one at the end included; 0: none."""
    dev_metric: str | None = None
    """Dev metric that early stopping and `keep_best` compare, with `TASK:` before it if several
    tasks have a metric of that name. None: the mean of the first dev metric of each task."""
    early_stopping: EarlyStopping | None = None
    """None: training uses the whole budget."""
    keep_best: bool = False
    """Keeps the weights with the best dev score instead of the last ones."""

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
        """Cost of an update by its passes, in updates without robust training. If only adapters train,
        a pass needs no gradient of the weights under them."""
        of_rows = self.robust.of_rows if self.robust else None
        search = SEARCH if all(guard.trains_weights for guard in self.guards) else 1.0
        return of_rows.cost(search) if of_rows else 1.0

    @property
    def guards(self) -> tuple[Guard, ...]:
        """The guards that keep the encoder from forgetting."""
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

    A stage with one task has a short form: `task` and its settings beside those of the stage.
    """

    short_form: ClassVar[type[TaskSettings]] = TaskSettings
    """The settings that a file may hold beside those of the stage, instead of `tasks`."""
    tasks: Annotated[tuple[MixedTaskSettings, ...], BeforeValidator(_several)] = ()
    """Tasks to train on; a bare name means the task of that name."""
    mixing: MixingSettings = MixingSettings()
    """How several tasks share the budget."""
    heads: Literal["new", "kept"] = "new"
    """Kept: heads and image towers continue from the same tasks in the previous stage, so that a
    side can be locked first and trained later (staged unfreezing)."""

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
            unweighted = next(task.task for task in self.tasks if task.weight is None)
            return f"a weight for each task or for none: {unweighted} has none"
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
    """The errors of a stage, at the places where the user wrote its settings.

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
