"""All intermediate tasks by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crosslift.errors import StudyError, UnknownNameError
from crosslift.tasks.anli import ANLI, ANLI_PLUS
from crosslift.tasks.ccg import CCG
from crosslift.tasks.commonsense_qa import COMMONSENSE_QA
from crosslift.tasks.cosmos_qa import COSMOS_QA
from crosslift.tasks.dataset import DatasetTask
from crosslift.tasks.gettext_mlm import GETTEXT_MLM
from crosslift.tasks.hellaswag import HELLASWAG
from crosslift.tasks.mnli import MNLI
from crosslift.tasks.mrpc import MRPC
from crosslift.tasks.name_alias import NAME_ALIAS
from crosslift.tasks.nli_contrastive import (
    NLI_CONTRASTIVE,
    NLI_UNSUPERVISED,
    SNLI_CAD_CONTRASTIVE,
)
from crosslift.tasks.own_files import FORMS, task_of_file
from crosslift.tasks.paws import PAWS
from crosslift.tasks.picture_name import PICTURE_NAME
from crosslift.tasks.qqp import QQP
from crosslift.tasks.sick import SICK, SICK_RELATEDNESS
from crosslift.tasks.snli import SNLI
from crosslift.tasks.snli_cad import SNLI_CAD
from crosslift.tasks.social_iqa import SOCIAL_IQA
from crosslift.tasks.squad import SQUAD_1, SQUAD_2
from crosslift.tasks.squad_pairs import SQUAD_PASSAGE, SQUAD_SENTENCE
from crosslift.tasks.sts_b import STS_B
from crosslift.tasks.task import IntermediateTask

_EMBEDDED = (GETTEXT_MLM, NAME_ALIAS, PICTURE_NAME)
_DATASETS = (
    *(ANLI_PLUS, MNLI, QQP, SQUAD_2, SQUAD_1, HELLASWAG, CCG, COSMOS_QA, COMMONSENSE_QA),
    *(ANLI, SNLI, SNLI_CAD, SICK, SICK_RELATEDNESS, MRPC, PAWS, STS_B, SOCIAL_IQA),
    *(NLI_CONTRASTIVE, NLI_UNSUPERVISED, SNLI_CAD_CONTRASTIVE, SQUAD_SENTENCE, SQUAD_PASSAGE),
)

EMBEDDED: dict[str, IntermediateTask] = {task.name: task for task in _EMBEDDED}
"""Tasks whose data come with the package."""

DATASETS: dict[str, DatasetTask] = {task.name: task for task in _DATASETS}
"""Tasks on published datasets, first the nine of Phang et al. 2020 (arXiv 2005.13013, table 1)."""

TASKS: dict[str, IntermediateTask] = {**EMBEDDED, **DATASETS}


def task_names() -> list[str]:
    """Every legal task name."""
    return sorted([*TASKS, *FORMS])


def needs_data(name: str) -> bool:
    """Whether a task cannot do without `data`: your own file, or a dataset that the hub lacks."""
    return name in FORMS or (name in DATASETS and DATASETS[name].needs_data)


def find_task(
    name: str, data: Path | None = None, columns: Mapping[str, str] | None = None
) -> IntermediateTask:
    """The task of a name.

    Args:
        name: of the task.
        data: the file of records, for the tasks that read your own files; the folder of the
            published files, for those on published datasets (None: they are read from the hub).
        columns: column of the form -> column of that file, where the names differ.

    Raises:
        UnknownNameError: no task of that name.
        StudyError: data or columns that do not fit the task.
        DataError: the tags of a tagging task cannot be counted in its files.
    """
    if name in FORMS:
        return task_of_file(name, data, columns or {})
    if name not in TASKS:
        raise UnknownNameError("task", name, task_names())
    if name in DATASETS:
        return _dataset_task(DATASETS[name], data, columns or {})
    if data is not None or columns:
        raise StudyError(
            f"task {name!r} brings its own data, but data {str(data)!r} was given",
            f"no `data` and no `columns`, or one of the tasks {', '.join(FORMS)}",
        )
    return TASKS[name]


def _dataset_task(
    task: DatasetTask, data: Path | None, columns: Mapping[str, str]
) -> IntermediateTask:
    if columns:
        raise StudyError(
            f"task {task.name!r} knows its columns, but `columns` names {', '.join(columns)}",
            f"no `columns`, or one of the tasks {', '.join(FORMS)}",
        )
    return task if data is None else task.with_data(data)
