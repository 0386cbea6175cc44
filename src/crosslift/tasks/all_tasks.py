"""All intermediate tasks by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosslift.errors import StudyError, UnknownNameError
from crosslift.extensions.registry import Registry
from crosslift.forms.declared_forms import PICTURE_FORMS, form_facts
from crosslift.tasks.anli import ANLI, ANLI_PLUS
from crosslift.tasks.caption_tasks import Allowed, captioned_task
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
from crosslift.tasks.own_files import OWN_FILE_TASKS, task_of_file
from crosslift.tasks.panx import PANX
from crosslift.tasks.paws import PAWS
from crosslift.tasks.pawsx import PAWSX
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
from crosslift.tasks.tydiqa import TYDIQA
from crosslift.tasks.udpos import UDPOS
from crosslift.tasks.wikipedia_mlm import WIKIPEDIA_MLM, WikipediaTask
from crosslift.tasks.word_pairs import FORM as WORD_PAIRS_FORM
from crosslift.tasks.word_pairs import NAME as WORD_PAIRS
from crosslift.tasks.word_pairs import task_of_lexicon

_EMBEDDED = (GETTEXT_MLM, NAME_ALIAS, PICTURE_NAME)
_DATASETS = (
    *(ANLI_PLUS, MNLI, QQP, SQUAD_2, SQUAD_1, HELLASWAG, CCG, COSMOS_QA, COMMONSENSE_QA),
    *(ANLI, SNLI, SNLI_CAD, SICK, SICK_RELATEDNESS, MRPC, PAWS, STS_B, SOCIAL_IQA),
    *(NLI_CONTRASTIVE, NLI_UNSUPERVISED, SNLI_CAD_CONTRASTIVE, SQUAD_SENTENCE, SQUAD_PASSAGE),
    *(dataset.task for dataset in (PAWSX, UDPOS, PANX, TYDIQA)),
)

EMBEDDED: dict[str, IntermediateTask] = {task.name: task for task in _EMBEDDED}
"""Tasks with data that come with the package."""

DATASETS: dict[str, DatasetTask] = {task.name: task for task in _DATASETS}
"""Tasks on published datasets; the nine of Phang et al. 2020 (arXiv 2005.13013, table 1) come first."""

CORPORA: dict[str, WikipediaTask] = {WIKIPEDIA_MLM.name: WIKIPEDIA_MLM}
"""Tasks on unlabelled texts in many languages, from the hub or from a folder."""

_OF_YOUR_DATA = (*OWN_FILE_TASKS, *PICTURE_FORMS, WORD_PAIRS)

TASKS: Registry[IntermediateTask] = Registry(
    "task",
    IntermediateTask,
    (*EMBEDDED.values(), *CORPORA.values(), *DATASETS.values()),
    reserved=_OF_YOUR_DATA,
)
"""Tasks with records, those of other packages included; others are on your own data alone."""


def task_names() -> list[str]:
    """Every legal task name."""
    return sorted([*TASKS, *_OF_YOUR_DATA])


def needs_data(name: str) -> bool:
    """Whether a task requires `data`: your own file, or a dataset that the hub lacks."""
    if name in _OF_YOUR_DATA:
        return name not in PICTURE_FORMS
    return name in TASKS and TASKS[name].needs_data


def legal_options(name: str) -> tuple[str, ...]:
    """The options of a task's form that a study may change, in alphabetical order.

    Args:
        name: name of the task.

    Raises:
        UnknownNameError: there is no task with that name.
    """
    return tuple(sorted(form_facts(form_name(name)).options))


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raises if a study cannot change these options of a task; reads no data.

    Args:
        name: name of the task.
        options: option of its form -> value.

    Raises:
        UnknownNameError: there is no task with that name, or its form lacks an option.
        StudyError: a value has the wrong type or is out of range, or the form has no options.
    """
    form_facts(form_name(name)).checked_options(name, options)


def find_task(
    name: str,
    data: Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    hub: str | None = None,
    skip_broken: bool = False,
    check_language: bool = False,
    language: str | None = None,
) -> IntermediateTask:
    """The task with a name.

    Args:
        name: name of the task.
        data: for the tasks that read your own files, the file of records (or, for a masked LM, a folder
            with a file for each language); for published datasets, the folder of the published files;
            for Wikipedia, the folder of texts by language. None: published data are read from the hub.
        columns: column of the form -> column of that file, if the names differ.
        options: options of the form (see `legal_options`) -> values that replace those of the task;
            None: no changes.
        hub: dataset of the hub, for the tasks on captioned pictures.
        skip_broken: for those tasks, skip and count records without a readable picture.
        check_language: for those tasks, skip and count captions in another language than declared.
        language: language of all texts of your own file, for the tasks that read one; None: English, or
            as its column `language` says.

    Raises:
        UnknownNameError: there is no task or no option with that name.
        StudyError: data, columns or options do not fit the task.
        DataError: the data cannot be read, or the tags of a tagging task cannot be counted in them.
    """
    form = form_name(name)
    if language is not None and name not in OWN_FILE_TASKS:
        raise StudyError(
            f"task {name!r} has `language: {language}`",
            f"a task that reads your own file: {', '.join(OWN_FILE_TASKS)}",
            "remove `language`; captions have a column `language`, published data know their own",
        )
    changed = form_facts(form).checked_options(name, options or {})
    if name in PICTURE_FORMS:
        task = captioned_task(form, data, hub, columns or {}, Allowed(skip_broken, check_language))
    elif hub is not None:
        raise StudyError(
            f"task {name!r} has `hub: {hub}`",
            f"one of the tasks {', '.join(PICTURE_FORMS)}",
            "remove `hub`: a published dataset without `data` is read from the hub anyway",
        )
    else:
        task = _task(name, data, columns or {}, language)
    return replace(task, form=task.form.changed(changed)) if changed else task


def form_name(name: str) -> str:
    """The form of a task, without its data.

    Raises:
        UnknownNameError: there is no task with that name.
        StudyError: two packages declare it.
    """
    TASKS.refuse_clash(name)
    if name in OWN_FILE_TASKS:
        return name
    if name == WORD_PAIRS:
        return WORD_PAIRS_FORM.name
    if name in PICTURE_FORMS:
        return name
    if name not in TASKS:
        raise UnknownNameError("task", name, task_names(), "crosslift tasks")
    return TASKS[name].form.name


def _task(
    name: str, data: Path | None, columns: Mapping[str, str], language: str | None
) -> IntermediateTask:
    if name in OWN_FILE_TASKS:
        return task_of_file(name, data, columns, language)
    if name == WORD_PAIRS:
        return task_of_lexicon(data, columns)
    task = TASKS[name] if data is None else TASKS[name].with_data(data)
    if columns:
        raise StudyError(
            f"task {name!r} knows its columns, but `columns` names {', '.join(columns)}",
            f"no `columns`, or one of the tasks {', '.join(OWN_FILE_TASKS)}",
        )
    return task
