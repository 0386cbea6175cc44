"""The tasks that a study trains on, each found once."""

from __future__ import annotations

from dataclasses import replace

from crosslift.making.task_run import TaskRun
from crosslift.planning.negatives import check_negatives_of
from crosslift.planning.task_runs import names_of, task_run
from crosslift.training.guards.guard import GuardOnData
from crosslift.training.settings import MixedTaskSettings, StageSettings

_BESIDE_DATA = {"weight", "loss_weight", "limit", "dev_limit"}


class StudyTasks:
    """The tasks of a study, each found once however many arms and seeds train on it."""

    def __init__(self) -> None:
        self._found: dict[str, TaskRun] = {}
        self._of_stages: dict[tuple[str, bool], TaskRun] = {}
        self._guards: dict[tuple[str, str], TaskRun] = {}

    def of(self, stage: StageSettings) -> list[TaskRun]:
        """The tasks of a stage.

        Raises:
            CrossLiftError: a task cannot be had, or has no negatives to learn from.
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
            asked = replace(run, settings=settings)
            check_negatives_of(asked)
            self._of_stages[key] = asked
        return self._of_stages[key]

    def _one(self, settings: MixedTaskSettings, chooses_by_dev: bool = False) -> TaskRun:
        key = settings.model_dump_json(exclude=_BESIDE_DATA)
        if key not in self._found:
            self._found[key] = task_run(settings)
        if chooses_by_dev and not self._found[key].chooses_by_dev:
            self._found[key] = replace(self._found[key], chooses_by_dev=True)
        return self._found[key]

    def _add_guard(self, guard: GuardOnData) -> None:
        asked = MixedTaskSettings(**guard.texts)
        key = (guard.name, asked.model_dump_json())
        if key not in self._guards:
            self._guards[key] = task_run(asked)

    def titled(self) -> dict[str, TaskRun]:
        """All tasks that were asked for, by name; those of one name on different data are numbered
        from the second on. A control of a task has the task's own texts and pictures."""
        plain: dict[str, TaskRun] = {}
        choosing: set[str] = set()
        for run in self._found.values():
            settings = run.settings.model_dump_json(exclude={*_BESIDE_DATA, "control"})
            if run.chooses_by_dev:
                choosing.add(settings)
            if settings not in plain or plain[settings].settings.control is not None:
                plain[settings] = run
        found = [replace(run, chooses_by_dev=asked in choosing) for asked, run in plain.items()]
        return dict(zip(names_of(found), found, strict=True))

    def of_texts(self) -> dict[str, TaskRun]:
        """All tasks whose texts are learned from, by name: also those that a guard learns
        from."""
        names = names_of(list(self._guards.values()))
        found = zip(names, self._guards.items(), strict=True)
        return self.titled() | {f"{name} ({guard})": run for name, ((guard, _), run) in found}
