"""The steps of a choice: every try is trained and scored, and the best one is the arm's stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.making.choose import choose_try, is_score, is_try, score_role, try_role
from crosslift.making.loaded_target import Loaded, LoadedTarget
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.planning.shared_items import count_shared
from crosslift.planning.target_steps import evaluate_steps
from crosslift.planning.training_steps import train_step
from crosslift.results.result_record import read_json_file
from crosslift.results.setting_choices import CHOICE_FILE, ChosenSettings, Tried
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.steps.step import Step
from crosslift.studies.arms import Arm
from crosslift.studies.choose_settings import ChooseSettings, tried_budget, tried_stage
from crosslift.studies.schema import Study
from crosslift.targets.target_settings import TargetSettings
from crosslift.training.budget import Budget
from crosslift.training.stage_settings import StageSettings
from crosslift.wording import plural


@dataclass(frozen=True)
class Choice:
    """How an arm chooses settings of its last stage.

    Args:
        settings: settings that the arm tries.
        on: bitexts that score the tries.
        hidden_state: hidden state that the arm's vectors are read from; None: the encoder's usual one.
        postprocessing: post-processing of the arm.
    """

    settings: ChooseSettings
    on: LoadedTarget
    hidden_state: int | None
    postprocessing: tuple[Postprocessing, ...]


@dataclass(frozen=True)
class StageTraining:
    """A stage that is to be trained; see `train_step`."""

    before: Trained
    tasks: Sequence[TaskRun]
    stage: StageSettings
    budget: Budget
    seed: int
    previous: Step | None

    def step(self) -> Step:
        """The step that trains it."""
        return train_step(
            self.before, self.tasks, self.stage, self.budget, self.seed, self.previous
        )


class Choices:
    """The choices of a study's arms; the bitexts that score them are read and checked once.

    Args:
        study: the study.
        targets: targets that the study reports.
        load: function that reads a target.
    """

    def __init__(
        self,
        study: Study,
        targets: Mapping[str, LoadedTarget],
        load: Callable[[TargetSettings], LoadedTarget],
    ) -> None:
        self._study = study
        self._targets = targets
        self._load = load
        self._loaded: dict[str, LoadedTarget] = {}

    def of(self, arm: Arm) -> Choice | None:
        """The choice of an arm; None if it chooses nothing.

        Raises:
            StudyError: the target has no bitexts, or a target of the study reports items of it.
            CrossLiftError: the data cannot be used.
        """
        settings = self._study.choice_of(arm)
        if settings is None:
            return None
        key = settings.on.model_dump_json()
        if key not in self._loaded:
            self._loaded[key] = self._unreported(settings.on)
        return Choice(settings, self._loaded[key], arm.hidden_state, arm.postprocessing)

    def _unreported(self, settings: TargetSettings) -> LoadedTarget:
        """The bitexts that score tries; no target of the study reports any of them."""
        loaded = self._load(settings)
        if not loaded.data.bitexts:
            raise StudyError(
                f"`choose` on {settings.name!r}, which has no bitexts", "a target of bitexts"
            )
        for name, target in self._targets.items():
            shared = count_shared(loaded.data, target.data)
            if shared:
                raise StudyError(
                    f"`choose` on {settings.name!r}, which has {plural(shared, 'item')} in common "
                    f"with target {name!r}",
                    "items or languages that no target reports",
                    "give `on` other languages or another set",
                )
        return replace(loaded, protocols=loaded.protocols[:1])


def choose_step(training: StageTraining, choice: Choice) -> Step:
    """Trains a stage once with each of several settings, and keeps the training that scores best.

    Its artifact: the files of that training step (see `train_step`), and `choice.json`. Its job is the
    job of the first try's training step: all tries have the same tasks, but for a temperature.

    Raises:
        StudyError: as `train_step` raises it; or temperatures are tried, and no task has one.
    """
    protocol, metric = choice.on.protocols[0].id, choice.on.target.metric
    tries = list(choice.settings.tries())
    inputs: dict[str, Step] = {}
    for number, tried in enumerate(tries, 1):
        trained = _try_step(training, tried)
        inputs[try_role(number)] = trained
        for language, scored in _score_steps(training.before, trained, choice).items():
            inputs[score_role(number, language)] = scored
    first = inputs[try_role(1)]
    return Step(
        kind="choose",
        label=f"{first.label} and {len(tries) - 1} more: the best on {choice.on.target.name}",
        settings={
            "tasks": first.settings["tasks"],
            "tries": [dict(tried) for tried in tries],
            "protocol": protocol,
            "metric": metric,
        },
        inputs=inputs,
        make=choose_try,
        work=len(tries),
        job=first.job,
    )


def _try_step(training: StageTraining, tried: Tried) -> Step:
    """An ordinary training step; its label names the settings that it tries."""
    stage, budget = tried_stage(training.stage, tried), tried_budget(training.budget, tried)
    tasks = _tried_tasks(training.tasks, tried)
    step = replace(training, tasks=tasks, stage=stage, budget=budget).step()
    words = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in tried.items())
    return replace(step, label=f"{step.label}, {words}")


def _tried_tasks(tasks: Sequence[TaskRun], tried: Tried) -> Sequence[TaskRun]:
    """Tasks with the temperature of a try. Those without a temperature do not change.

    Raises:
        StudyError: no task has a temperature.
    """
    if "temperature" not in tried:
        return tasks
    if not any(run.task.form.temperature for run in tasks):
        names = ", ".join(run.task.name for run in tasks)
        raise StudyError(
            f"`choose` of a temperature for {names}, whose loss has none",
            "a contrastive task, or other settings to choose",
            "give this arm its own `choose`, with the same number of tries",
        )
    return [run.at_temperature(tried["temperature"]) for run in tasks]


def _score_steps(before: Trained, trained: Step, choice: Choice) -> dict[str, Step]:
    """Language -> the step that scores a try, reading the encoder as the arm does."""
    encoder = replace(before, stages=(*before.stages, trained)).read_from(choice.hidden_state)
    return evaluate_steps(encoder, choice.on, None, choice.postprocessing)


def chooses(step: Step) -> bool:
    """Whether the step of a stage chooses among several trainings."""
    return step.kind == "choose"


def chosen_settings(step: Step, store: Store) -> ChosenSettings:
    """The tries behind the step of a stage that chooses, and the choice.

    Raises:
        ArtifactError: the choice is not made.
    """
    return read_json_file(step.open(store) / CHOICE_FILE, ChosenSettings)


def scored_on(step: Step) -> dict[str, LoadedTarget]:
    """Language -> the target that scores the tries behind the step of a stage that chooses."""
    parts = [each.job_as(Loaded) for role, each in step.inputs.items() if is_score(role, 1)]
    return {language: part for part in parts for language in part.data.languages}


def trainings(step: Step) -> tuple[Step, ...]:
    """The trainings behind the step of a stage: every try of a choice, else the step itself."""
    if not chooses(step):
        return (step,)
    return tuple(each for role, each in step.inputs.items() if is_try(role))
