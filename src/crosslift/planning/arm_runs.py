"""From an arm of a study to its runs: one with each seed, with the steps that train and measure it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from crosslift.errors import StudyError
from crosslift.making.loaded_target import Loaded, LoadedTarget
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.planning.choice_steps import Choice, Choices, StageTraining, choose_step
from crosslift.planning.phase_three import english_run, phase_three
from crosslift.planning.plan import ArmRun, Evaluations
from crosslift.planning.study_tasks import StudyTasks
from crosslift.planning.sweep_steps import sweep_steps
from crosslift.planning.target_steps import diagnose_step, embed_pictures_step, evaluate_steps
from crosslift.planning.text_steps import encode_steps
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.sources.labelled.english import LEAST
from crosslift.steps.step import Step
from crosslift.studies.arms import Arm, Start
from crosslift.studies.schema import Study
from crosslift.targets.kinds.labelled_examples import LabelledData


class FineTuned(NamedTuple):
    """A target that every arm's encoder is fine-tuned for, and the English examples to train on."""

    loaded: Loaded[LabelledData]
    english: TaskRun

    @classmethod
    def of(cls, study: Study, loaded: Loaded[LabelledData]) -> Self:
        """A target of a study; dev data choose the fine-tuned weights if they do so in any arm."""
        english = english_run(loaded, study.fine_tuning_of(loaded.settings))
        settings = (study.fine_tuning_of(loaded.settings, arm) for arm in study.arms.values())
        chooses = any(each.chooses_by_dev for each in settings)
        return cls(loaded, replace(english, chooses_by_dev=chooses))


def arm_runs(
    study: Study,
    name: str,
    targets: dict[str, LoadedTarget],
    tasks: StudyTasks,
    choices: Choices,
    tuned: Mapping[str, FineTuned],
) -> list[ArmRun]:
    """The runs of an arm with every seed.

    An arm that no seed changes has one run for all measurements of its encoder without fine-tuning, and
    one run for each seed for fine-tuning.

    Args:
        study: the study.
        name: name of the arm.
        targets: targets of the study, by name.
        tasks: tasks of the study; the arm's tasks are added.
        choices: choices of the study.
        tuned: targets that encoders are fine-tuned for, by name.

    Raises:
        CrossLiftError: data or an encoder's files cannot be used, or the arm says
            `zero_shot: true` and is not.
    """
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
    """Refuses labels, captions and pairs in other languages in an arm that says it is zero-shot."""
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
    """Refuses an own file whose language nothing states and whose texts do not read as English."""
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
    """Adds the scores of an arm on the way from its start to its end, if training changes the
    encoder."""
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
    """The steps that score an arm's encoder on a target. Empty if it cannot be scored: the target needs
    an image tower and the arm has none, or the arm has post-processing and the target has no
    bitexts."""
    if postprocessing and not loaded.target.postprocessed:
        return {}
    if not loaded.data.pictures:
        return evaluate_steps(encoder, loaded, None, postprocessing)
    if run.tower_step is None:
        return {}
    return evaluate_steps(encoder, loaded, embed_pictures_step(run.tower_step, loaded, run.seed))
