"""What a study is: arms x seeds x targets, and the questions asked of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from crosslift.artifacts.field_checks import EachOnce, Name
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.studies.choose_settings import ChooseSettings, TargetField, named
from crosslift.studies.equal_tries import choice_faults
from crosslift.targets.protocol import OURS
from crosslift.targets.target_settings import SmallestEffect, TargetSettings
from crosslift.tasks.all_tasks import form_name
from crosslift.tasks.controls import CONTROLS, Control, automatic_controls, legal_controls
from crosslift.training.bounded_numbers import Count, Share
from crosslift.training.budget import Budget
from crosslift.training.fine_tune_settings import FineTuneSettings
from crosslift.training.stage_settings import CACHED, StageSettings, TrainingSettings


def _path(shares: tuple[float, ...]) -> tuple[float, ...]:
    """The points of a path, in order; its ends belong to it."""
    if len(set(shares)) < len(shares):
        raise ValueError("each point of the path once")
    return tuple(sorted({0.0, 1.0, *shares})) if shares else ()


Path = Annotated[tuple[Share, ...], AfterValidator(_path)]


EncoderField = Annotated[EncoderSettings, BeforeValidator(named)]


Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""Of random generators."""
Controls = Literal["auto"] | Annotated[tuple[Control, ...], EachOnce]
TrainsWith = TypeVar("TrainsWith", bound=TrainingSettings)
StartSeeds = Literal["shared", "paired"]
_SHARED_SEED = 0


class Start(BaseModel):
    """Where arms start: an encoder and, optionally, stages that all arms share (phase one)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: EncoderField
    """The encoder: a name, or its settings."""
    stages: tuple[StageSettings, ...] = ()
    """Phase one; none: the encoder without training. `Study.start_seeds` decides its seeds."""


class Arm(BaseModel):
    """One condition of a study."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    """Description that reports and lists show."""
    start: str | None = None
    """One of the study's starts; None: the study's own."""
    stages: tuple[StageSettings, ...] = ()
    """Phase two; none: the start without training."""
    postprocessing: Annotated[tuple[Postprocessing, ...], EachOnce] = ()
    """Changes the vectors and scores of bitexts, in this order, without labels: `centre` per
    language, `whiten`, `all-but-the-top`, and `csls`. Other targets have no score then."""
    hidden_state: Annotated[int, Field(ge=0)] | None = None
    """Vectors are read from this hidden state instead of the start's own; 0 is the embedding
    output. It does not affect training. Such an arm has no phase three."""
    interpolate: Path | None = None
    """Also measures the weights at these shares of the way from start to end (weight
    interpolation, WiSE-FT, arXiv 2109.01903), without more training; 0 is the start, 1 the end.
    None: as the study says."""
    control_of: str | None = None
    """The arm that this arm is a control of."""
    control: Control | None = None
    """Kind of the control; None: another kind, or no control."""
    controls: Controls | None = None
    """Adds control arms, ARM--CONTROL, with the stages, budget and seeds of this arm. `auto`:
    those that separate its effect from that of its updates. None: as the study says."""
    choose: ChooseSettings | None = None
    """Settings of the last stage to choose among several values. None: as the study says."""
    zero_shot: bool = True
    """True: its labels, captions and pairs are English only. False: some are in other languages;
    every table marks the arm."""
    reference: bool = False
    """Shown beside the others for orientation, without comparisons."""
    fine_tune: FineTuneSettings | None = None
    """Settings of phase three that override those of the study or a target in this arm, such as
    `robust`; budget and records are the same for all arms."""

    @model_validator(mode="after")
    def _tuned_alike(self) -> Self:
        set_here = self.fine_tune.model_fields_set if self.fine_tune else set()
        shared = [name for name in ("budget", "limit", "dev_limit") if name in set_here]
        if shared:
            raise ValueError(f"no {shared[0]} in an arm's fine_tune: it is the same for all arms")
        if self.fine_tune and self.is_a_reading:
            raise ValueError(
                "no fine_tune of an arm with postprocessing or a hidden state, which has no phase three"
            )
        return self

    @model_validator(mode="after")
    def _trains_what_it_chooses(self) -> Self:
        if self.choose is not None and not self.stages:
            raise ValueError("no `choose` of an arm without stages: it trains nothing")
        return self

    @property
    def is_a_reading(self) -> bool:
        """Whether it reads its encoder in its own way: vectors alone are measured, without phase
        three."""
        return bool(self.postprocessing) or self.hidden_state is not None


def control_arms(
    name: str, arm: Arm, of_the_study: Literal["auto"] | tuple[Control, ...] = ()
) -> dict[str, Arm]:
    """The control arms that come with an arm, by name.

    In each, every task of the last stage that can have the control is trained on it; the stages before
    are the arm's own, and so are budget and settings.

    Args:
        name: of the arm.
        arm: the arm.
        of_the_study: the controls of arms that do not say so themselves.

    Raises:
        ValueError: no task of the arm's last stage has a control that is asked for.
    """
    controls = arm.controls
    if controls is None:
        controls = (
            of_the_study if arm.stages and arm.control_of is None and not arm.reference else ()
        )
    if not controls:
        return {}
    if not arm.stages:
        raise ValueError(f"controls of arm {name}, which trains nothing")
    forms = [form_name(task.task) for task in arm.stages[-1].tasks]
    if controls == "auto":
        candidates = dict.fromkeys(c for form in forms for c in automatic_controls(form))
        locked = arm.stages[-1].text_side == "locked"
        controls = tuple(c for c in candidates if not (locked and c == "captions-only"))
    return {f"{name}--{control}": _control_arm(name, arm, control) for control in controls}


def _control_arm(name: str, arm: Arm, control: Control) -> Arm:
    stage = arm.stages[-1]
    able = {t.task for t in stage.tasks if control in legal_controls(form_name(t.task))}
    if not able:
        raise ValueError(f"control {control} of arm {name}: no task of its last stage has it")
    changed: dict[str, Any] = {
        "tasks": tuple(
            t.model_copy(update={"control": control}) if t.task in able else t for t in stage.tasks
        )
    }
    if control == "same-updates-no-task":
        changed |= dict.fromkeys(CACHED)  # it reads tokens; the loss is the same without
    stages = (*arm.stages[:-1], stage.model_copy(update=changed))
    update = {
        "description": f"{CONTROLS[control]} (control of {name})",
        "stages": stages,
        "control_of": name,
        "control": control,
        "controls": (),
        "interpolate": (),
    }
    return arm.model_copy(update=update)


class Comparison(BaseModel):
    """A question about two arms, declared before the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str
    """Name of an arm, or of a control that comes with one (`ARM--shuffled-pictures`)."""
    against: str
    """Name of the other arm."""
    targets: Annotated[tuple[str, ...], EachOnce] | None = None
    """Names of targets; None: every target that both arms have scores on."""
    question: str = ""
    """The question in words; reports group comparisons by it."""
    smallest_effect: SmallestEffect | None = None
    """Overrides that of the study, on these targets."""


class Expected(BaseModel):
    """A score that a study should measure, declared before the run; it changes no step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str
    """Name of an arm."""
    target: str
    """Name of a target."""
    protocol: Annotated[str, Field(min_length=1)] = OURS
    """Name of one of the target's protocols, whose first direction and own metric count."""
    score: Annotated[float, Field(allow_inf_nan=False)]
    """The mean over languages and seeds, in points, or in the unit of the metric."""
    within: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """A score at most this far from it is as expected, in the same unit."""
    source: str = ""
    """Source of the score, in words."""


class Study(BaseModel):
    """A study, checked as far as its own text allows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    """The run folder is `runs/NAME`."""
    question: Annotated[str, Field(min_length=1)]
    """The question of the study, in one sentence."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), EachOnce] = (1, 2, 3)
    """Each trained arm runs once for each seed. A seed must not be repeated: it would count one
    run twice."""
    start_seeds: StartSeeds = "shared"
    """`shared`: phase one of each start trains once, with seed 0, like a published checkpoint,
    and all seeds start from it; no interval contains its variation. `paired`: phase one trains
    once per seed, and seed s of every arm starts from phase one with seed s; intervals contain
    its variation. Untrained arms of such a start are then measured once per seed."""
    starts: Annotated[dict[str, Start], Field(min_length=1)]
    """Name -> encoder and stages that arms start from."""
    start: str
    """The start of every arm that does not name another."""
    budget: Budget | None = None
    """Budget of every stage in an arm that has no budget."""
    devices: Count = 1
    """Number of devices that train each stage that has no `devices`, and each fine-tuning, that encode
    texts, and that share the long parts of an evaluation; see `docs/training.md`."""
    arms: Annotated[dict[str, Arm], Field(min_length=1)]
    """Name -> arm. Tables keep this order."""
    baseline: str = "baseline"
    """The arm that all others are compared with. Arms of another start are compared with the
    first arm without stages of that start, if there is one."""
    targets: Annotated[tuple[TargetField, ...], Field(min_length=1)]
    """Names of targets to measure, or their settings."""
    controls: Controls = ()
    """Controls of every arm with stages that has no `controls` and is no control itself."""
    interpolate: Path = ()
    """Shares for every arm with stages that has no `interpolate`; none: arms are measured at
    their end."""
    choose: ChooseSettings | None = None
    """Settings to choose in every arm with stages that has no `choose`; None: settings are as
    written."""
    sweep: SweepSettings | None = None
    """Finds the hidden state, pooling and prompt that retrieve best, for every arm without
    post-processing; chosen on dev data."""
    comparisons: Annotated[tuple[Comparison, ...], EachOnce] = ()
    """Questions about two arms, declared before the run."""
    expected: Annotated[tuple[Expected, ...], EachOnce] = ()
    """Scores that are known beforehand, such as published ones of the baseline. A run says
    whether it reaches them."""
    fine_tune: FineTuneSettings = FineTuneSettings()
    """Phase three: settings of the fine-tuning on the English training set of a labelled target
    (XNLI, UD-POS, XQuAD, ...), the same for all arms. A target may have its own. It needs a
    budget."""
    smallest_effect: SmallestEffect | None = None
    """The smallest difference that matters, in points: a comparison is equivalent if its
    difference is shown to be smaller. A target or a comparison may have its own value. A target
    with another unit, such as the median rank, needs its own, in that unit."""
    overlap_threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Jaccard similarity of character 4-grams from which two texts are near duplicates. The check
    also finds changed words and letters, and texts inside others: see `docs/leaks.md`."""

    @model_validator(mode="after")
    def _with_controls(self) -> Study:
        arms: dict[str, Arm] = {}
        for name, arm in self.arms.items():
            arms[name] = arm.model_copy(update={"controls": ()})
            arms |= control_arms(name, arm, self.controls)
        if len(arms) < len(self.arms) + sum(n not in self.arms for n in arms):
            raise ValueError("an arm has the name of another's control arm")
        object.__setattr__(self, "arms", arms)
        for comparison in self.comparisons:
            for side in (comparison.arm, comparison.against):
                if side not in arms:
                    raise ValueError(f"comparisons of arms of the study; {side} is none of them")
        return self

    @model_validator(mode="after")
    def _tuned_alike(self) -> Self:
        faults = list(choice_faults(self))
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _trains_paired_starts(self) -> Self:
        if self.start_seeds == "paired" and not any(s.stages for s in self.starts.values()):
            raise ValueError(
                "`start_seeds: paired` trains phase one once per seed, and no start has stages; "
                "leave it out, or give a start stages"
            )
        return self

    @model_validator(mode="after")
    def _tunable(self) -> Study:
        for name, arm in self.arms.items():
            for target in self.targets if arm.fine_tune else ():
                try:
                    self.fine_tuning_of(target, arm)
                except ValidationError as error:
                    message = error.errors()[0]["msg"].removeprefix("Value error, ")
                    raise ValueError(
                        f"fine_tune of arm {name} with that of {target.name}: {message}"
                    ) from error
        return self

    def start_of(self, arm: Arm) -> Start:
        """The start of an arm."""
        return self.starts[arm.start or self.start]

    def start_seeds_of(self, arm: Arm) -> StartSeeds | None:
        """How an arm's phase one has seeds; None where its start has no stages: nothing is trained."""
        return self.start_seeds if self.start_of(arm).stages else None

    def start_seed_of(self, arm: Arm, seed: int) -> int:
        """The seed of phase one in an arm's run with a seed."""
        return seed if self.start_seeds_of(arm) == "paired" else _SHARED_SEED

    def seeds_of(self, arm: Arm) -> tuple[int, ...]:
        """The seeds an arm runs with: those of the study, or 0 alone where no seed changes it, since
        neither the arm nor its phase one is trained with it."""
        varies = arm.stages or self.start_seeds_of(arm) == "paired"
        return self.seeds if varies else (0,)

    def fine_tuning_seeds_of(self, arm: Arm) -> tuple[int, ...]:
        """The seeds with which an arm is fine-tuned on targets: those of the study, also where no seed
        changes the arm before. Arms that are a reading of vectors alone are not."""
        return () if arm.is_a_reading else self.seeds

    def fine_tuning_of(self, target: TargetSettings, arm: Arm | None = None) -> FineTuneSettings:
        """How an arm's encoder is fine-tuned on a target; None: of arms that set nothing of it."""
        of_all = target.fine_tune or self.fine_tune
        return of_all.changed(arm.fine_tune) if arm is not None else of_all

    def baseline_of(self, name: str) -> str:
        """The arm that an arm is compared with (itself, of a baseline)."""
        start = self.arms[name].start or self.start
        if (
            self.baseline not in self.arms
            or (self.arms[self.baseline].start or self.start) == start
        ):
            return self.baseline
        untouched = (
            other
            for other, arm in self.arms.items()
            if (arm.start or self.start) == start and not arm.stages and not arm.is_a_reading
        )
        return next(untouched, self.baseline)

    def path_of(self, arm: Arm) -> tuple[float, ...]:
        """The shares of the way at which an arm is measured besides its end; none where it trains
        nothing."""
        return (
            (self.interpolate if arm.interpolate is None else arm.interpolate) if arm.stages else ()
        )

    def choice_of(self, arm: Arm) -> ChooseSettings | None:
        """How an arm chooses settings of its last stage; None where it chooses none."""
        return (arm.choose or self.choose) if arm.stages else None

    def without(self, arms: Collection[str]) -> Study:
        """The study without some arms and without what refers to them."""
        arms_left = {
            name: arm.model_copy(update={"control_of": None}) if arm.control_of in arms else arm
            for name, arm in self.arms.items()
            if name not in arms
        }
        comparisons = tuple(
            c for c in self.comparisons if c.arm in arms_left and c.against in arms_left
        )
        return self.model_copy(update={"arms": arms_left, "comparisons": comparisons})

    def on_devices(self, settings: TrainsWith) -> TrainsWith:
        """The settings of a stage with the number of devices that train it: its own or the study's."""
        devices = settings.devices or self.devices
        return settings.model_copy(update={"devices": devices})

    def budget_of(self, stage: StageSettings) -> Budget:
        """The budget of a stage: its own or the study's."""
        budget = stage.budget or self.budget
        if budget is None:
            raise ValueError(f"stage {stage.title} has no budget")
        return budget
