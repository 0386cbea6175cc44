"""An arm's answers to XTREME's test sets, in the folder layout of the official scorer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosslift.artifacts.progress import Silent
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_folder import prompt_of
from crosslift.errors import DataError, StudyError, UnknownNameError
from crosslift.making.answer import answers_in
from crosslift.making.loaded_target import Loaded, LoadedTarget
from crosslift.making.trained import Trained
from crosslift.planning.load_target import load_target
from crosslift.planning.phase_three import english_run, phase_three
from crosslift.planning.plan_study import arm_run
from crosslift.results.run_folder import RunFolder
from crosslift.steps.run import Listener, StepRecord
from crosslift.steps.step import Step
from crosslift.studies.reading import saved_study
from crosslift.studies.schema import Study
from crosslift.submissions.reported_steps import ReportedSteps
from crosslift.submissions.retrieval_answers import mined_pairs, retrieved_lines, with_tests
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings
from crosslift.xtreme.benchmark import TASKS, XtremeTask, xtreme_task
from crosslift.xtreme.write import (
    write_answers,
    write_labels,
    write_line_numbers,
    write_pairs,
    write_tags,
)

Answered = tuple[XtremeTask, dict[str, Any]]
"""A task and, for each language, the content of a file in its layout."""
_WRITERS: dict[str, Callable[[Path, str, str, Any], Path]] = {
    "labels": write_labels,
    "tags": write_tags,
    "answers": write_answers,
    "pairs": write_pairs,
    "lines": write_line_numbers,
}


@dataclass(frozen=True, slots=True)
class Submission:
    """The written files, and the steps that they depend on.

    Args:
        files: the written files, in order.
        other_code: the steps behind the files whose artifacts other code made.
    """

    files: list[Path]
    other_code: list[StepRecord]


@reading_once()
def write_submission(
    run: Path,
    arm: str,
    to: Path,
    seed: int | None = None,
    tasks: Sequence[str] | None = None,
    listener: Listener | None = None,
    *,
    trust_code: bool = False,
) -> Submission:
    """Writes the answers of an arm to the test sets of XTREME's tasks.

    The encoders of phase three are those of the run: encoders that are up to date in the store are not
    trained again, and a result that differs from the run is an error.

    Args:
        run: folder of a run.
        arm: name of the arm.
        to: new folder; it gets a sub-folder for each task, with `test-{language}.tsv` or `.json`.
        seed: the seed whose answers are written; None: the first seed of the study.
        tasks: names of XTREME's folders or of our targets; None: all nine.
        listener: receives the progress of the work. None: no reports.
        trust_code: use artifacts that other code made.

    Raises:
        UnknownNameError: no such arm, seed or task.
        StudyError: the study lacks a task, or the folder is not empty.
        DataError: a language of a task is missing. Nothing is written.
        ArtifactError: an artifact of the store differs from the one that the run reports. Nothing is
            written.
    """
    folder = RunFolder.read(run)
    study = saved_study(run)
    if arm not in study.arms:
        raise UnknownNameError("arm", arm, study.arms)
    _refuse_another_prompt(folder, study, arm)
    chosen = study.seeds[0] if seed is None else seed
    if chosen not in study.seeds:
        raise UnknownNameError("seed", str(chosen), map(str, study.seeds))
    if to.exists() and any(to.iterdir()):
        raise StudyError(f"{to} exists and is not empty", "a new folder")
    settings_of_tasks = _tasks_and_settings(study, tasks)
    _refuse_unmeasured(study, arm, [task for task, _ in settings_of_tasks])
    loaded = [(task, settings, _whole(task, settings)) for task, settings in settings_of_tasks]
    store = Store(Path(folder.run.store))
    steps = ReportedSteps(folder, store, listener or Silent(), trust_code)
    answers_of_tasks = list(_answers_of_tasks(study, arm, chosen, loaded, steps))
    files = [
        _WRITERS[task.layout](to, task.folder, language, content)
        for task, answers in answers_of_tasks
        for language, content in answers.items()
    ]
    return Submission(files, steps.by_other_code)


def _refuse_another_prompt(folder: RunFolder, study: Study, arm: str) -> None:
    """Raises if prompts changed since the run, because the answers would differ."""
    recorded, present = folder.arm(arm).prompt, prompt_of(study.start_of(study.arms[arm]).encoder)
    if recorded != present:
        was = "a prompt that is not recorded" if recorded is None else f"the prompt {recorded!r}"
        raise StudyError(
            f"arm {arm!r} of {folder.path} was run with {was}; this release puts {present!r}",
            "a run of this release",
            "run the study again, with `prompt` of its encoder set where another one is meant",
        )


def _tasks_and_settings(
    study: Study, tasks: Sequence[str] | None
) -> list[tuple[XtremeTask, TargetSettings]]:
    """The tasks and how the study measures them."""
    requested = [xtreme_task(name) for name in tasks or ()]
    distinct = list({task.folder: task for task in requested}.values())
    selected = list(TASKS) if tasks is None else distinct
    measured = {settings.name: settings for settings in study.targets}
    missing = [task.target for task in selected if task.target not in measured]
    if missing:
        raise StudyError(
            f"study {study.name!r} does not measure {', '.join(missing)}",
            "a target for each requested task",
            "add them to the study's targets, or name those it has with --tasks",
        )
    return [(task, measured[task.target]) for task in selected]


def _refuse_unmeasured(study: Study, name: str, tasks: Sequence[XtremeTask]) -> None:
    """Raises if an arm reads vectors in its own way and a task needs phase three; post-processing
    exists only for bitexts."""
    arm = study.arms[name]
    targets = {task.target: find_target(task.target) for task in tasks}
    others = [
        target
        for target, facts in targets.items()
        if (facts.fine_tuned and arm.is_a_reading)
        or (arm.postprocessing and not facts.postprocessed)
    ]
    if others:
        raise StudyError(
            f"arm {name!r} reads vectors in its own way, and is not measured on {', '.join(others)}",
            "the task tatoeba alone, for such an arm",
            "give `--tasks tatoeba`",
        )


def _whole(task: XtremeTask, settings: TargetSettings) -> Loaded[Any]:
    """The whole test set of a task, with or without labels, in all languages of XTREME.

    Raises:
        DataError: a language is missing.
    """
    whole: dict[str, Any] = dict.fromkeys(("languages", "examples", "pairs", "sentences"))
    if find_target(task.target).fine_tuned:
        whole |= {"split": "test", "generalised": False}
    loaded = load_target(settings.model_copy(update=whole))
    if loaded.data.gaps:
        code, reason = next(iter(loaded.data.gaps.items()))
        others = len(loaded.data.gaps) - 1
        raise DataError(
            f"{task.title} lacks {code} ({reason})" + (f" and {others} more" if others else ""),
            f"all {len(task.languages)} languages of XTREME: {', '.join(task.languages)}",
            "get the missing files, or name other tasks with --tasks",
        )
    if task.layout == "pairs":
        return with_tests(loaded)
    _refuse_left_out(task, loaded)
    return loaded


def _refuse_left_out(task: XtremeTask, loaded: LoadedTarget) -> None:
    for language, counts in loaded.data.left_out.items():
        reason, count = next(iter(counts.items()))
        raise DataError(
            f"{task.title}: {count:,} rows of the {language} files are no example here ({reason}), "
            "and XTREME's test set has them otherwise",
            "XTREME's own files, or the hub",
            "give `data` with the folder that XTREME's download script leaves",
        )


def _answers_of_tasks(
    study: Study,
    arm: str,
    seed: int,
    loaded: Sequence[tuple[XtremeTask, TargetSettings, Loaded[Any]]],
    steps: ReportedSteps,
) -> Iterator[Answered]:
    encoder = arm_run(study, arm, seed).encoder
    tuned = {
        task.folder: _tuned(study, arm, encoder, settings, whole, seed)
        for task, settings, whole in loaded
        if whole.target.fine_tuned
    }
    steps.make([step for _, step in tuned.values()])
    for task, _, whole in loaded:
        if whole.target.fine_tuned:
            data, step = tuned[task.folder]
            yield task, _by_layout(task, data, answers_in(step, steps.store))
        elif task.layout == "pairs":
            yield task, mined_pairs(encoder, whole, steps)
        else:
            postprocessing = study.arms[arm].postprocessing
            yield task, retrieved_lines(encoder, whole, steps, postprocessing)


def _tuned(
    study: Study,
    arm: str,
    encoder: Trained,
    settings: TargetSettings,
    whole: Loaded[LabelledData],
    seed: int,
) -> tuple[LabelledData, Step]:
    """The test set, and the step that answers it with the fine-tuned encoder of the run."""
    run_data: LabelledData = load_target(settings).data
    data = replace(whole.data, task=run_data.task, selection=run_data.selection)
    test_target = replace(whole, data=data)
    tuning = study.on_devices(study.fine_tuning_of(settings, study.arms[arm]))
    run = english_run(test_target, tuning)
    return data, phase_three(encoder, test_target, run, tuning, seed).answers


def _by_layout(
    task: XtremeTask, data: LabelledData, answers: Mapping[str, list[Any]]
) -> dict[str, Any]:
    if task.layout != "answers":
        return dict(answers)
    return {
        language: {r.id: answer for r, answer in zip(records, answers[language], strict=True)}
        for language, records in data.tests.items()
    }
