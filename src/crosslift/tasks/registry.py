"""All intermediate tasks by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crosslift.errors import StudyError, UnknownNameError
from crosslift.tasks.gettext_mlm import GETTEXT_MLM
from crosslift.tasks.name_alias import NAME_ALIAS
from crosslift.tasks.own_files import FORMS, task_of_file
from crosslift.tasks.picture_name import PICTURE_NAME
from crosslift.tasks.task import IntermediateTask

TASKS = {task.name: task for task in (GETTEXT_MLM, NAME_ALIAS, PICTURE_NAME)}


def task_names() -> list[str]:
    """Every legal task name."""
    return sorted([*TASKS, *FORMS])


def find_task(
    name: str, data: Path | None = None, columns: Mapping[str, str] | None = None
) -> IntermediateTask:
    """The task of a name.

    Args:
        name: of the task.
        data: the file of records, for the tasks that read your own files.
        columns: column of the form -> column of that file, where the names differ.

    Raises:
        UnknownNameError: no task of that name.
        StudyError: data or columns that do not fit the task.
    """
    if name in FORMS:
        return task_of_file(name, data, columns or {})
    if name not in TASKS:
        raise UnknownNameError("task", name, task_names())
    if data is not None or columns:
        raise StudyError(
            f"task {name!r} brings its own data, but data {str(data)!r} was given",
            f"no `data` and no `columns`, or one of the tasks {', '.join(FORMS)}",
        )
    return TASKS[name]
