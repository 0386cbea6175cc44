"""The tasks that read your own texts: text-pairs, regression, bitext-distillation and masked-lm."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.artifacts.read_once import read_once
from crosslift.errors import StudyError, UnknownNameError
from crosslift.sources.dataset_files import checksum_by_meaning
from crosslift.sources.file_names import is_folder
from crosslift.sources.language_files import LANGUAGE_COLUMN, find_language_files
from crosslift.sources.record_tables import records_in
from crosslift.sources.table_types import column_names, files_of_table
from crosslift.tasks.own_records import FileRecords, FolderRecords
from crosslift.tasks.task import FormSpec, IntermediateTask

_GROUP_COLUMN, _SCORE_COLUMN, _MARGIN_COLUMN = "group", "score", "margin"


@dataclass(frozen=True, slots=True)
class OwnFileTask:
    """A task on your own file; it has the name of its form.

    Args:
        title: one line.
        form: with its columns.
        of_records: further columns of a record, read if a file has them or `columns` binds others to
            them.
        needed: the further columns that every row must have.
        folders: whether it also reads a folder with a file for each language.
        states_language: whether a file without a column of languages needs `language`: its texts are
            not English alone.
    """

    title: str
    form: FormSpec
    of_records: tuple[str, ...]
    folders: bool = False
    needed: tuple[str, ...] = ()
    states_language: bool = False


_TASKS = (
    OwnFileTask(
        title="text pairs of your own file, or of a folder of files (columns anchor, positive; "
        "negative optional, one or several; margin optional, of each negative)",
        form=FormSpec(
            "text-pairs",
            {"anchor": "anchor", "positive": "positive", "negative": "negative"},
            optional=("negative",),
        ),
        of_records=(LANGUAGE_COLUMN, _GROUP_COLUMN, _MARGIN_COLUMN),
    ),
    OwnFileTask(
        title="graded pairs of your own file: how similar two texts are (columns text, pair, score)",
        form=FormSpec(
            "regression",
            {"text": "text", "pair": "pair"},
            options={"lowest": 0.0, "highest": 1.0},
        ),
        of_records=(LANGUAGE_COLUMN, _SCORE_COLUMN),
        needed=(_SCORE_COLUMN,),
    ),
    OwnFileTask(
        title="a teacher's vectors of English, learned on both sides of a bitext of your own file "
        "(columns english, translation; language of the translation)",
        form=FormSpec("bitext-distillation", {"english": "english", "translation": "translation"}),
        of_records=(LANGUAGE_COLUMN,),
        states_language=True,
    ),
    OwnFileTask(
        title="masked LM on your own texts: a file (a line, or the column text, is one text), "
        "or a folder with a file for each language (de.txt)",
        form=FormSpec("masked-lm", {"text": "text"}),
        of_records=(LANGUAGE_COLUMN,),
        folders=True,
    ),
)

OWN_FILE_TASKS: Mapping[str, OwnFileTask] = {task.form.name: task for task in _TASKS}
"""Every task on your own files, by name."""

_FURTHER = re.compile(r"negative_(\d{1,6})")
"""A further column of hard negatives, named as in sentence-transformers."""


def task_of_file(
    name: str, path: Path | None, columns: Mapping[str, str], language: str | None = None
) -> IntermediateTask:
    """The task that reads a file or, for a masked LM, a folder with a file for each language.

    Args:
        name: one of `OWN_FILE_TASKS`.
        path: the file of records, or the folder.
        columns: column of the form (or `language`, `group`, `score`, `margin`) -> column of the file,
            if the names differ; for `negative` also several, separated by commas.
        language: language of all texts of a file without a column `language`; None: English.

    Raises:
        StudyError: no file is named, it is a folder for a task that needs a file, or its languages are
            stated twice.
        UnknownNameError: the form does not have a column.
        DataError: the file cannot be read, or a language in it is unknown.
    """
    if path is None:
        raise StudyError(f"task {name!r} has no data", "`data:` with the path of a file of records")
    facts = OWN_FILE_TASKS[name]
    legal = [*facts.form.columns, *facts.of_records]
    for column in columns:
        if column not in legal:
            raise UnknownNameError(f"column of {name}", column, legal)
    read = _folder_source if facts.folders and is_folder(path) else _file_source
    source, languages = read(facts, path, columns)
    if language is not None:
        if not isinstance(source, FileRecords) or source.language_column is not None:
            is_table = isinstance(source, FileRecords)
            where = "its column of languages" if is_table else "the names of its files"
            raise StudyError(
                f"task {name!r} has `language: {language}`, and {path} states languages by {where}",
                "one of the two",
                "remove `language`",
            )
        source, languages = replace(source, language=language), (language,)
    if facts.states_language and isinstance(source, FileRecords) and source.assumes_english:
        raise StudyError(
            f"task {name!r}: {path} does not state the language of its translations",
            "a column `language` in the file, or `language: CODE` beside `data`",
        )
    return IntermediateTask(
        name=name,
        title=f"{facts.title}: {path}",
        form=FormSpec(name, {n: n for n in source.texts}, options=facts.form.options),
        source=source,
        languages=languages,
        licence="of your file",
        citation=str(path),
        at_hand=True,
    )


def _folder_source(
    facts: OwnFileTask, folder: Path, columns: Mapping[str, str]
) -> tuple[FileRecords | FolderRecords, tuple[str, ...]]:
    if LANGUAGE_COLUMN in columns:
        raise StudyError(
            f"`columns` binds {LANGUAGE_COLUMN!r}, but {folder} is a folder",
            "no such column: the name of each file tells its language",
        )
    used = {n: columns.get(n, n) for n in facts.form.columns}
    return FolderRecords(folder, used), tuple(find_language_files(folder))


def _file_source(
    facts: OwnFileTask, path: Path, columns: Mapping[str, str]
) -> tuple[FileRecords | FolderRecords, tuple[str, ...]]:
    form = facts.form
    checksum_by_meaning(files_of_table(path))  # raises if a file cannot be read, whatever its type
    unbound = [c for c in _columns_in(path) if c not in columns.values()]
    if "anchor" in form.columns and set(_MINED.values()) <= set(unbound) and not columns:
        columns = _MINED if "anchor" not in unbound else columns
        unbound = [c for c in unbound if c not in columns.values()]
    used = {n: columns.get(n, n) for n in form.columns if n not in form.optional}
    bound = {
        n: _bound_columns(columns[n], path) if n in columns else _negative_columns(unbound)
        for n in form.optional
    }
    several = {n: names for n, names in bound.items() if names}

    def optional(column: str) -> str | None:
        exists = column in facts.of_records and column in unbound
        return columns.get(column, column if exists or column in facts.needed else None)

    source = FileRecords(
        path,
        used,
        language_column=optional(LANGUAGE_COLUMN),
        group_column=optional(_GROUP_COLUMN),
        score_column=optional(_SCORE_COLUMN),
        margin_column=optional(_MARGIN_COLUMN),
        several=several,
    )
    if source.language_column is None:
        return source, ("en",)
    return source, _languages_in(path, source.language_column)


_MINED = {"anchor": "src", "positive": "tgt"}
"""Column of text pairs -> column of the files that `crosslift mine` writes."""


def _bound_columns(binding: str, path: Path) -> tuple[str, ...]:
    """The columns that `columns` binds to an optional one: one name, or several separated by commas."""
    if binding in _columns_in(path):
        return (binding,)
    return tuple(part.strip() for part in binding.split(","))


def _negative_columns(names: Collection[str]) -> tuple[str, ...]:
    """The columns of hard negatives among those of a file: ``negative``, then ``negative_N`` by N."""
    numbered = {int(match[1]): match[0] for match in map(_FURTHER.fullmatch, names) if match}
    first = ("negative",) if "negative" in names else ()
    return (*first, *(numbered[number] for number in sorted(numbered)))


@read_once()
def _columns_in(path: Path) -> tuple[str, ...]:
    return column_names(path)


@read_once()
def _languages_in(path: Path, column: str) -> tuple[str, ...]:
    records = records_in(path, {}, several={LANGUAGE_COLUMN: (column,)}, language_column=column)
    return tuple(sorted({record.language for record in records}))
