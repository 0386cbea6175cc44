"""The plan of a study: every arm with every seed, and the steps that each needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from crosslift.errors import CrossLiftError
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.trained import Trained
from crosslift.planning.phase_three import PhaseThree
from crosslift.planning.training_steps import task_with_pictures
from crosslift.steps.graph import inputs_first, with_input_places
from crosslift.steps.step import Step
from crosslift.studies.schema import Study
from crosslift.training.trackers.all_trackers import TRACKING, tracker_named
from crosslift.training.trackers.tracker import Tracker

Evaluations = dict[str, Step]
"""Language -> the step that scores it."""


@dataclass(frozen=True)
class ArmRun:
    """One arm with one seed.

    Args:
        arm: name of the arm.
        seed: seed of its stages, and of its start's stages if the study pairs them.
        encoder: encoder of the arm after its stages.
        start_steps: training steps of its start.
        stage_steps: training steps of its stages; the last may choose among several.
        evaluations: target -> language -> the step that scores it. A target that needs pictures is
            absent if the arm has no image tower; a target of fine-tuned encoders has one step for all
            languages.
        diagnoses: target of bitexts -> the step that describes its vectors.
        sweep: the step that chooses a hidden state; None: the study has no sweep.
        path: share of the way from the start to the end -> target -> language -> the step that scores
            it there; empty if the arm is not interpolated.
        fine_tuned: target of labelled examples -> its fine-tuning and answers.
    """

    arm: str
    seed: int
    encoder: Trained
    start_steps: tuple[Step, ...]
    stage_steps: tuple[Step, ...]
    evaluations: dict[str, Evaluations] = field(default_factory=dict)
    diagnoses: dict[str, Step] = field(default_factory=dict)
    sweep: Step | None = None
    path: dict[float, dict[str, Evaluations]] = field(default_factory=dict)
    fine_tuned: dict[str, PhaseThree] = field(default_factory=dict)

    @property
    def tower_step(self) -> Step | None:
        """The last stage that puts pictures and texts into one space; None if there is none."""
        return next((s for s in reversed(self.stage_steps) if task_with_pictures(s)), None)

    def places(self) -> dict[str, Step]:
        """Place in words -> step: training steps, then measuring steps."""
        steps = {f"start {number}": step for number, step in enumerate(self.start_steps, 1)}
        steps |= {f"stage {number}": step for number, step in enumerate(self.stage_steps, 1)}
        return steps | self._measuring()

    @property
    def ends(self) -> list[Step]:
        """The steps that measure something."""
        return list(self._measuring().values())

    def _measuring(self) -> dict[str, Step]:
        steps = _named_scores(self.evaluations)
        steps |= {f"diagnosis on {target}": step for target, step in self.diagnoses.items()}
        if self.sweep:
            steps["sweep"] = self.sweep
        for share, evaluations in self.path.items():
            steps |= _named_scores(evaluations, f" at {share:g} of the way")
        for target, tuned in self.fine_tuned.items():
            numbered = enumerate(tuned.ends, 1)
            steps |= {f"answers on {target}, {number}": step for number, step in numbered}
        return steps

    def steps(self) -> Iterator[Step]:
        """All steps of the run, each after its inputs; some steps come several times."""
        ends = list(self.places().values())
        for _, steps in groupby(ends, key=lambda step: (step.kind, step.group or step.label)):
            yield from inputs_first(list(steps))


@dataclass(frozen=True)
class Plan:
    """All runs of a study, with their steps.

    Args:
        study: study, without the arms that failed.
        runs: every arm with every seed.
        targets: name -> target with its data.
        overlaps: (task, target) -> the step that compares their texts.
        picture_overlaps: (task, target) -> the step that compares their pictures.
        failures: arm -> reason why the study runs without it.
    """

    study: Study
    runs: tuple[ArmRun, ...]
    targets: dict[str, LoadedTarget]
    overlaps: dict[tuple[str, str], Step]
    picture_overlaps: dict[tuple[str, str], Step] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.study.name

    @property
    def incomplete(self) -> bool:
        """Whether arms are left out because they could not be planned or run."""
        return bool(self.failures)

    def places(self) -> Iterator[tuple[str, Step]]:
        """Every step with its place in the plan, in words that do not change with the settings."""
        for kind, overlaps in (("texts", self.overlaps), ("pictures", self.picture_overlaps)):
            for (task, target), step in overlaps.items():
                yield from with_input_places(f"overlap of {kind}/{task}/{target}", step)
        for run in self.runs:
            for place, step in run.places().items():
                yield from with_input_places(f"{run.arm}/{run.seed}/{place}", step)

    def steps(self) -> list[Step]:
        """Every distinct step, each after its inputs, in the order they are run: all arms with one seed
        before the next seed, so that a run that is stopped has whole seeds."""
        by_key: dict[str, Step] = {}
        for step in (*self.overlaps.values(), *self.picture_overlaps.values()):
            by_key |= {each.key: each for each in step.with_inputs()}
        seeds = list(dict.fromkeys(run.seed for run in self.runs))
        for run in sorted(self.runs, key=lambda run: seeds.index(run.seed)):
            for step in run.steps():
                by_key.setdefault(step.key, step)
        return list(by_key.values())

    def owners(self) -> dict[str, list[str]]:
        """Key of a step -> the arms and seeds that need it, in words."""
        owners: dict[str, list[str]] = {}
        for run in self.runs:
            for key in dict.fromkeys(step.key for step in run.steps()):
                owners.setdefault(key, []).append(f"{run.arm}, seed {run.seed}")
        return owners

    def tracker(self, name: str | None, out: Path) -> Tracker | None:
        """The tracker that shows training steps while they train; None: no tracker does.

        Args:
            name: name of the tracker.
            out: folder of the run; a tracker writes into its folder `tracking`.

        Raises:
            UnknownNameError: there is no such tracker.
            StudyError: its package is not installed.
        """
        if name is None:
            return None
        return tracker_named(name, self.name, out.absolute() / TRACKING, self.owners())

    def without(self, failed: Mapping[str, CrossLiftError]) -> Plan:
        """The plan without the arms that need a step that failed.

        Args:
            failed: key of a step -> reason why it could not be made.

        Raises:
            CrossLiftError: the baseline needs such a step, or every arm does.
        """
        reasons: dict[str, CrossLiftError] = {}
        for run in self.runs:
            for step in run.steps():
                if step.key in failed:
                    reasons.setdefault(run.arm, failed[step.key])
        refuse_hollow(self.study, reasons)
        return Plan(
            self.study.without(reasons),
            tuple(run for run in self.runs if run.arm not in reasons),
            self.targets,
            {pair: s for pair, s in self.overlaps.items() if s.key not in failed},
            {pair: s for pair, s in self.picture_overlaps.items() if s.key not in failed},
            self.failures | {arm: str(error) for arm, error in reasons.items()},
        )


def refuse_hollow(study: Study, reasons: Mapping[str, CrossLiftError]) -> None:
    """Refuses to leave out the baseline, or every arm.

    Args:
        study: study with all its arms.
        reasons: arm -> reason for leaving it out.

    Raises:
        CrossLiftError: the reason of the baseline, or of the first arm.
    """
    if reasons and (study.baseline in reasons or len(reasons) == len(study.arms)):
        raise reasons.get(study.baseline) or next(iter(reasons.values()))


def _named_scores(evaluations: Mapping[str, Evaluations], suffix: str = "") -> dict[str, Step]:
    """Place in words -> the step that scores a language of a target."""
    return {
        f"scores on {target}, {language}{suffix}": step
        for target, steps in evaluations.items()
        for language, step in steps.items()
    }
