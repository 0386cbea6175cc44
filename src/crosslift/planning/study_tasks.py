"""The tasks of a study."""

from __future__ import annotations

from dataclasses import replace

from crosslift.making.task_run import TaskRun
from crosslift.planning.negatives import check_negatives_of
from crosslift.planning.task_runs import names_of, task_run
from crosslift.training.guards.guard import GuardOnData
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

_BESIDE_DATA = {"weight", "loss_weight", "limit", "dev_limit"}


class StudyTasks:
    """The tasks of a study, each opened once for all arms and seeds that train on it."""

    def __init__(self) -> None:
        self._opened: dict[str, TaskRun] = {}
        self._of_stages: dict[tuple[str, bool], TaskRun] = {}
        self._guards: dict[tuple[str, str], TaskRun] = {}

    def of(self, stage: StageSettings) -> list[TaskRun]:
        """The tasks of a stage.

        Raises:
            CrossLiftError: a task cannot be opened, or has no negatives to learn from.
        """
        for guard in stage.guards:
            if isinstance(guard, GuardOnData):
                self._add_guard(guard)
        return [self._as_asked(member, stage.chooses_by_dev) for member in stage.tasks]

    def _as_asked(self, settings: MixedTaskSettings, chooses_by_dev: bool) -> TaskRun:
        """A task with the settings of a stage, the same object for the same settings."""
        run = self._one(settings, chooses_by_dev)
        key = (settings.model_dump_json(), run.chooses_by_dev)
        if key not in self._of_stages:
            run = replace(run, settings=settings)
            check_negatives_of(run)
            self._of_stages[key] = run
        return self._of_stages[key]

    def _one(self, settings: MixedTaskSettings, chooses_by_dev: bool = False) -> TaskRun:
        key = settings.model_dump_json(exclude=_BESIDE_DATA)
        if key not in self._opened:
            self._opened[key] = task_run(settings)
        if chooses_by_dev and not self._opened[key].chooses_by_dev:
            self._opened[key] = replace(self._opened[key], chooses_by_dev=True)
        return self._opened[key]

    def _add_guard(self, guard: GuardOnData) -> None:
        settings = MixedTaskSettings(**guard.texts)
        key = (guard.name, settings.model_dump_json())
        if key not in self._guards:
            self._guards[key] = task_run(settings)

    def titled(self) -> dict[str, TaskRun]:
        """All tasks of the study by name. Tasks of one name with different data are numbered from the
        second on. A control of a task has the same texts and pictures as the task."""
        plain: dict[str, TaskRun] = {}
        choosing: set[str] = set()
        for run in self._opened.values():
            settings = run.settings.model_dump_json(exclude={*_BESIDE_DATA, "control"})
            if run.chooses_by_dev:
                choosing.add(settings)
            if settings not in plain or plain[settings].settings.control is not None:
                plain[settings] = run
        runs = [replace(run, chooses_by_dev=key in choosing) for key, run in plain.items()]
        return dict(zip(names_of(runs), runs, strict=True))

    def of_texts(self) -> dict[str, TaskRun]:
        """All tasks whose texts train an encoder, by name, including the tasks of guards."""
        names = names_of(list(self._guards.values()))
        with_guards = zip(names, self._guards.items(), strict=True)
        return self.titled() | {f"{name} ({guard})": run for name, ((guard, _), run) in with_guards}
