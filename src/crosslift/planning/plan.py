"""From a study to the tree of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from crosslift.artifacts.read_once import reading_once
from crosslift.errors import CrossLiftError, StudyError
from crosslift.making.loaded_target import Loaded, LoadedTarget
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.planning.choice_steps import Choice, Choices, StageTraining, choose_step
from crosslift.planning.phase_three import PhaseThree, english_run, phase_three
from crosslift.planning.picture_steps import picture_overlap_step
from crosslift.planning.study_tasks import StudyTasks
from crosslift.planning.sweep_steps import sweep_steps
from crosslift.planning.target_steps import (
    diagnose_step,
    embed_pictures_step,
    evaluate_steps,
    overlap_step,
)
from crosslift.planning.text_steps import encode_steps
from crosslift.planning.training_steps import task_with_pictures
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.sources.labelled.english import LEAST
from crosslift.steps.graph import inputs_first, with_input_places
from crosslift.steps.step import Step
from crosslift.studies.schema import Arm, Start, Study
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings
from crosslift.training.trackers.all_trackers import TRACKING, tracker_named
from crosslift.training.trackers.tracker import Tracker

Evaluations = dict[str, Step]
"""Language -> the step that scores it."""


@dataclass(frozen=True)
class ArmRun:
    """One arm with one seed.

    Args:
        arm: its name.
        seed: of its stages, and of its start's where the study pairs them.
        encoder: as the arm leaves it.
        start_steps: training steps of its start.
        stage_steps: training steps of its stages; the last may choose among several.
        evaluations: target -> language -> the step that scores it; a target that needs pictures is
            absent where the arm has no image tower, and one whose encoder is fine-tuned has one step
            for all languages.
        diagnoses: target of bitexts -> the step that describes its vectors.
        sweep: the step that chooses a hidden state; None: the study asks for none.
        path: share of the way from the start to the end -> target -> language -> the step that scores
            it there; empty where the arm is not interpolated.
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

    def places(self) -> dict[str, Step]:
        """Place in words -> step: those that train, then those that measure something."""
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
        """All its steps, each after its inputs; some come several times."""
        ends = list(self.places().values())
        for _, steps in groupby(ends, key=lambda step: (step.kind, step.group or step.label)):
            yield from inputs_first(list(steps))


def _named_scores(evaluations: Mapping[str, Evaluations], suffix: str = "") -> dict[str, Step]:
    """Place in words -> the step that scores a language of a target."""
    return {
        f"scores on {target}, {language}{suffix}": step
        for target, steps in evaluations.items()
        for language, step in steps.items()
    }


@dataclass(frozen=True)
class Plan:
    """Everything a study will do.

    Args:
        study: the study, without the arms that failed.
        runs: every arm with every seed.
        targets: by name, with their data.
        overlaps: (task, target) -> the step that compares their texts.
        picture_overlaps: (task, target) -> the step that compares their pictures.
        failures: arm -> why the study runs without it.
    """

    study: Study
    runs: tuple[ArmRun, ...]
    targets: dict[str, LoadedTarget]
    overlaps: dict[tuple[str, str], Step]
    picture_overlaps: dict[tuple[str, str], Step] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the study."""
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
        """What shows its training steps while they train; None: nothing does.

        Args:
            name: of the tracker.
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
            failed: key of a step -> why it could not be made.

        Raises:
            CrossLiftError: the baseline needs such a step, or every arm does.
        """
        reasons: dict[str, CrossLiftError] = {}
        for run in self.runs:
            for step in run.steps():
                if step.key in failed:
                    reasons.setdefault(run.arm, failed[step.key])
        _refuse_hollow(self.study, reasons)
        return Plan(
            self.study.without(reasons),
            tuple(run for run in self.runs if run.arm not in reasons),
            self.targets,
            {pair: s for pair, s in self.overlaps.items() if s.key not in failed},
            {pair: s for pair, s in self.picture_overlaps.items() if s.key not in failed},
            self.failures | {arm: str(error) for arm, error in reasons.items()},
        )


def _refuse_hollow(study: Study, reasons: Mapping[str, CrossLiftError]) -> None:
    if reasons and (study.baseline in reasons or len(reasons) == len(study.arms)):
        raise reasons.get(study.baseline) or next(iter(reasons.values()))


@reading_once()
def plan_study(study: Study, *, keep_going: bool = False) -> Plan:
    """The plan of a study: its data is read, nothing is computed.

    Args:
        study: the study.
        keep_going: arms whose data or encoder cannot be used are left out and named in `failures`.

    Raises:
        CrossLiftError: data or an encoder's files cannot be used.
    """
    targets = {settings.name: load_target(settings) for settings in study.targets}
    tasks = StudyTasks()
    choices = Choices(study, targets, load_target)
    _refuse_unlabelled(targets)
    tuned = {n: _tuned(study, loaded) for n, loaded in targets.items() if loaded.target.fine_tuned}
    runs: list[ArmRun] = []
    reasons: dict[str, CrossLiftError] = {}
    for name in study.arms:
        try:
            runs += _arm_runs(study, name, targets, tasks, choices, tuned)
        except CrossLiftError as error:
            if not keep_going:
                raise
            reasons[name] = error
    _refuse_hollow(study, reasons)
    overlaps = {
        (title, name): overlap_step(run, loaded, study.overlap_threshold)
        for title, run in tasks.of_texts().items()
        for name, loaded in targets.items()
    }
    overlaps |= {
        (f"{each.english.task.name} (fine-tuning)", name): overlap_step(
            each.english, each.loaded, study.overlap_threshold
        )
        for name, each in tuned.items()
    }
    of_pictures = {
        (title, name): picture_overlap_step(
            run, name, loaded.data.pictures, loaded.picture_facts, loaded
        )
        for title, run in tasks.titled().items()
        for name, loaded in targets.items()
        if run.task.pictures and loaded.data.pictures
    }
    failures = {arm: str(error) for arm, error in reasons.items()}
    return Plan(study.without(reasons), tuple(runs), targets, overlaps, of_pictures, failures)


class _Tuned(NamedTuple):
    """A target that every arm's encoder is fine-tuned for, and the English examples that do it."""

    loaded: Loaded[LabelledData]
    english: TaskRun


def _tuned(study: Study, loaded: Loaded[LabelledData]) -> _Tuned:
    english = english_run(loaded, study.fine_tuning_of(loaded.settings))
    settings = (study.fine_tuning_of(loaded.settings, arm) for arm in study.arms.values())
    chooses = any(each.chooses_by_dev for each in settings)
    return _Tuned(loaded, replace(english, chooses_by_dev=chooses))


def _refuse_unlabelled(targets: Mapping[str, LoadedTarget]) -> None:
    if targets and not any(loaded.data.can_be_scored for loaded in targets.values()):
        raise StudyError(
            f"no target of the study has labels: {', '.join(targets)}",
            "a target that can be scored",
            "score `split: dev` of one, for example; `crosslift xtreme predict` answers test sets",
        )


def arm_run(study: Study, arm: str, seed: int) -> ArmRun:
    """An arm of a study with a seed, without any target."""
    only = study.model_copy(update={"arms": {arm: study.arms[arm]}, "targets": (), "sweep": None})
    by_seed = {run.seed: run for run in plan_study(only).runs}
    return by_seed.get(seed) or next(iter(by_seed.values()))


def load_target(settings: TargetSettings) -> Loaded[Any]:
    """A target with its data, which are of its kind.

    Raises:
        UnknownNameError: no such target, direction or protocol.
        StudyError: a setting that the target's kind does not read.
        DataError: the data cannot be used.
    """
    target = find_target(settings.name).with_direction(settings.direction)
    settings.check_read_by(target.settings)
    languages = list(settings.languages) if settings.languages else None
    user_files = settings.data is not None or settings.catalogs is not None
    protocols = target.protocols_for(settings.protocols)
    data_settings: dict[str, Any] = {"languages": languages, "own files": user_files}
    data = target.load(settings)
    part = data.part(settings)
    if part is not None:
        data, data_settings = part.data, data_settings | part.limits
        target = replace(target, title=f"{target.title} ({part.words})")
    if data.split == "dev":
        target = replace(target, title=f"{target.title}, dev")
    return Loaded(target, data, data_settings, protocols, settings, part.words if part else "")


def _arm_runs(
    study: Study,
    name: str,
    targets: dict[str, LoadedTarget],
    tasks: StudyTasks,
    choices: Choices,
    tuned: Mapping[str, _Tuned],
) -> list[ArmRun]:
    """An arm with every seed. One that no seed changes has one run for what is measured on its encoder
    as it is, and one a seed for what it is fine-tuned on."""
    arm = study.arms[name]
    choice = choices.of(arm)
    others = {n: loaded for n, loaded in targets.items() if n not in tuned}
    as_is, tuning = study.seeds_of(arm), study.fine_tuning_seeds_of(arm) if tuned else ()
    runs = []
    for seed in dict.fromkeys((*as_is, *tuning)):
        run = _arm_run(study, name, seed, others if seed in as_is else {}, tasks, choice)
        for target, (loaded, english) in tuned.items() if seed in tuning else ():
            settings = study.on_devices(study.fine_tuning_of(loaded.settings, arm))
            steps = phase_three(run.encoder, loaded, english, settings, seed)
            run.fine_tuned[target] = steps
            if steps.evaluation is not None:
                run.evaluations[target] = {"all languages": steps.evaluation}
        runs.append(run)
    return runs


def _arm_run(
    study: Study,
    name: str,
    seed: int,
    targets: dict[str, LoadedTarget],
    tasks: StudyTasks,
    choice: Choice | None,
) -> ArmRun:
    arm = study.arms[name]
    untouched = Trained.untouched(study.start_of(arm).encoder, study.devices)
    if arm.zero_shot:
        _refuse_other_languages(name, arm, tasks)
    start_seed = study.start_seed_of(arm, seed)
    start, start_steps = _trained(study, untouched, study.start_of(arm), start_seed, tasks)
    encoder, stage_steps = _trained(study, start, arm, seed, tasks, choice)
    encoder = encoder.read_from(arm.hidden_state)
    sweep = None
    if study.sweep is not None and study.sweep.target in targets and not arm.is_a_reading:
        sweep = sweep_steps(encoder, targets[study.sweep.target], study.sweep)[-1]
    run = ArmRun(name, seed, encoder, start_steps, stage_steps, sweep=sweep)
    for loaded in targets.values():
        evaluations = _evaluations(run, encoder, loaded, arm.postprocessing)
        if evaluations:
            run.evaluations[loaded.target.name] = evaluations
        if loaded.data.bitexts:
            texts = encode_steps(encoder, loaded)
            described = diagnose_step(loaded, texts, arm.postprocessing)
            run.diagnoses[loaded.target.name] = described
    _add_path(run, study, start, targets)
    return run


def _refuse_other_languages(name: str, arm: Arm, tasks: StudyTasks) -> None:
    """Labels, captions and pairs in another language make an arm one that is not zero-shot."""
    for stage in arm.stages:
        for run in tasks.of(stage):
            languages = [code for code in run.labelled_languages if code.partition("-")[0] != "en"]
            if languages:
                raise StudyError(
                    f"arm {name!r} learns from {run.task.name} in {', '.join(languages)}, and is not "
                    "marked so",
                    "English alone in a zero-shot arm",
                    "write `zero_shot: false` into the arm: the report then marks it",
                )
            _refuse_unknown_languages(name, run)


def _refuse_unknown_languages(name: str, run: TaskRun) -> None:
    """Nothing states the language of the texts of an own file: they must read as English."""
    share = run.english_share
    if share is not None and share < LEAST:
        raise StudyError(
            f"arm {name!r} is zero-shot, and {share:.0%} of the records of {run.settings.data} read as "
            "English (letters, function words)",
            f"{LEAST:.0%} or more, or a statement of their language",
            "write `language: CODE` beside `data`, or give the file a column `language`; an arm that "
            "learns from other languages has `zero_shot: false`",
        )


def _trained(
    study: Study,
    encoder: Trained,
    owner: Start | Arm,
    seed: int,
    tasks: StudyTasks,
    choice: Choice | None = None,
) -> tuple[Trained, tuple[Step, ...]]:
    steps: list[Step] = []
    for number, stage in enumerate(owner.stages, 1):
        previous = steps[-1] if steps else None
        budget = study.budget_of(stage)
        placed = study.on_devices(stage)
        training = StageTraining(encoder, tasks.of(stage), placed, budget, seed, previous)
        last = number == len(owner.stages)
        steps.append(choose_step(training, choice) if choice and last else training.step())
        if stage.text_side == "trainable":
            encoder = replace(encoder, stages=(*encoder.stages, steps[-1]))
    return encoder, tuple(steps)


def _add_path(
    run: ArmRun, study: Study, start: Trained, targets: Mapping[str, LoadedTarget]
) -> None:
    """Adds what an arm scores on the way from its start to its end, where that moves the encoder."""
    arm, since = study.arms[run.arm], len(start.stages)
    if len(run.encoder.stages) == since:
        return
    for share in study.path_of(arm):
        encoder = run.encoder.part_of_the_way(share, since)
        evaluations = {
            name: _evaluations(run, encoder, loaded, arm.postprocessing)
            for name, loaded in targets.items()
        }
        run.path[share] = {name: steps for name, steps in evaluations.items() if steps}


def _evaluations(
    run: ArmRun, encoder: Trained, loaded: LoadedTarget, postprocessing: Sequence[Postprocessing]
) -> Evaluations:
    """The steps that score an arm's encoder on a target; empty where it cannot be scored: without an
    image tower, or, of an arm with post-processing, on anything but bitexts."""
    if postprocessing and not loaded.target.postprocessed:
        return {}
    if not loaded.data.pictures:
        return evaluate_steps(encoder, loaded, None, postprocessing)
    towers = [step for step in run.stage_steps if task_with_pictures(step)]
    if not towers:
        return {}
    return evaluate_steps(encoder, loaded, embed_pictures_step(towers[-1], loaded, run.seed))
