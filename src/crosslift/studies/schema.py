"""The settings of a study: arms, seeds, targets and questions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crosslift.artifacts.field_checks import EachOnce, Name
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.studies.arms import Arm, Controls, Start, WeightPath
from crosslift.studies.choose_settings import ChooseSettings, TargetField
from crosslift.studies.control_arms import control_arms
from crosslift.studies.equal_tries import choice_faults
from crosslift.studies.questions import Comparison, Expected
from crosslift.targets.target_settings import SmallestEffect, TargetSettings
from crosslift.training.bounded_numbers import Count
from crosslift.training.budget import Budget
from crosslift.training.fine_tune_settings import FineTuneSettings
from crosslift.training.stage_settings import StageSettings, TrainingSettings

Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""Seed of random generators."""
TrainsWith = TypeVar("TrainsWith", bound=TrainingSettings)
StartSeeds = Literal["shared", "paired"]
_SHARED_SEED = 0


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
    interpolate: WeightPath = ()
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
        """Which seeds train an arm's phase one; None if its start has no stages, so that nothing is
        trained."""
        return self.start_seeds if self.start_of(arm).stages else None

    def start_seed_of(self, arm: Arm, seed: int) -> int:
        """The seed of phase one in an arm's run with a seed."""
        return seed if self.start_seeds_of(arm) == "paired" else _SHARED_SEED

    def seeds_of(self, arm: Arm) -> tuple[int, ...]:
        """The seeds that an arm runs with: the study's seeds, or 0 alone if no seed changes the arm,
        since neither the arm nor its phase one is trained with one."""
        varies = arm.stages or self.start_seeds_of(arm) == "paired"
        return self.seeds if varies else (0,)

    def fine_tuning_seeds_of(self, arm: Arm) -> tuple[int, ...]:
        """The seeds that fine-tune an arm on targets: the study's seeds, even if no seed changes the
        arm before. Arms that only read vectors in another way have none."""
        return () if arm.is_a_reading else self.seeds

    def fine_tuning_of(self, target: TargetSettings, arm: Arm | None = None) -> FineTuneSettings:
        """The settings that fine-tune an encoder on a target.

        Args:
            target: one of the study's targets.
            arm: arm of the encoder; None: any arm without `fine_tune`.
        """
        of_all = target.fine_tune or self.fine_tune
        return of_all.changed(arm.fine_tune) if arm is not None else of_all

    def baseline_of(self, name: str) -> str:
        """The arm that an arm is compared with; a baseline is compared with itself."""
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
        """The shares of the way at which an arm is measured besides its end; empty if it trains
        nothing."""
        return (
            (self.interpolate if arm.interpolate is None else arm.interpolate) if arm.stages else ()
        )

    def choice_of(self, arm: Arm) -> ChooseSettings | None:
        """The settings of an arm's choice for its last stage; None if it chooses nothing."""
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
