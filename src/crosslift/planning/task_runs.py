"""Finds the tasks that a stage trains on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from crosslift.making.task_run import TaskRun
from crosslift.planning.translation_steps import translate_step
from crosslift.tasks.all_tasks import find_task
from crosslift.tasks.controls import controlled
from crosslift.training.task_settings import MixedTaskSettings


def task_run(settings: MixedTaskSettings) -> TaskRun:
    """The task that settings name, with its translation.

    Raises:
        UnknownNameError, StudyError, DataError: the task does not exist or cannot be used.
    """
    task = find_task(
        settings.task,
        settings.data,
        settings.columns,
        settings.options,
        hub=settings.hub,
        skip_broken=settings.skip_broken,
        check_language=settings.check_language,
        language=settings.language,
    )
    limited_by: Literal["pictures", "records"] = "pictures" if task.pictures else "records"
    if settings.control is not None:
        task = controlled(task, settings.control)
    translated = translate_step(task, settings.translate) if settings.translate else None
    return TaskRun(settings, task, translated, limited_by=limited_by)


def names_of(tasks: Sequence[TaskRun]) -> list[str]:
    """The tasks' names; a name that appears twice is numbered from the second on."""
    names: list[str] = []
    for run in tasks:
        same = sum(name.partition(" (")[0] == run.task.name for name in names)
        names.append(f"{run.task.name} ({same + 1})" if same else run.task.name)
    return names
