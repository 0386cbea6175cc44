"""The tasks that read your own texts: text-pairs, bitext-distillation and masked-lm."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from crosslift.artifacts.read_once import read_once
from crosslift.errors import StudyError, UnknownNameError
from crosslift.sources.dataset_files import checksum_by_meaning
from crosslift.sources.file_names import is_folder
from crosslift.sources.file_records import records_of_files
from crosslift.sources.language_files import (
    LANGUAGE_COLUMN,
    checksum_of_languages,
    find_language_files,
    language_records_in,
    meanings_of,
)
from crosslift.sources.record import Record
from crosslift.sources.record_tables import records_in
from crosslift.sources.table_types import column_names, files_of_table
from crosslift.tasks.task import FormSpec, IntermediateTask

_GROUP_COLUMN = "group"


@dataclass(frozen=True, slots=True)
class OwnFileTask:
    """A task on your own file; it has the name of its form.

    Args:
        title: one line.
        form: with its columns.
        of_records: further columns of a record, read if a file has them or `columns` binds others to
            them.
        folders: whether it also reads a folder with a file for each language.
        states_language: whether a file without a column of languages needs `language`: its texts are
            not English alone.
    """

    title: str
    form: FormSpec
    of_records: tuple[str, ...]
    folders: bool
    states_language: bool = False


_TASKS = (
    OwnFileTask(
        title="text pairs of your own file, or of a folder of files (columns anchor, positive; "
        "negative optional, one or several)",
        form=FormSpec(
            "text-pairs",
            {"anchor": "anchor", "positive": "positive", "negative": "negative"},
            optional=("negative",),
        ),
        of_records=(LANGUAGE_COLUMN, _GROUP_COLUMN),
        folders=False,
    ),
    OwnFileTask(
        title="a teacher's vectors of English, learned on both sides of a bitext of your own file "
        "(columns english, translation; language of the translation)",
        form=FormSpec("bitext-distillation", {"english": "english", "translation": "translation"}),
        of_records=(LANGUAGE_COLUMN,),
        folders=False,
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


@dataclass(frozen=True, slots=True)
class FileRecords:
    """Records of a file, or of a folder of files that are one table; it has no dev records.

    Records of one group are never negatives of one another. A record without a group (no column, or an
    empty cell) is in the group of its anchor.

    Args:
        path: of the file or the folder.
        columns: column of the form -> column of the file.
        language_column: column of the texts' BCP-47 codes; None: all texts are of one language.
        group_column: column of the records' groups; None: no groups.
        several: column of the form of which a row may have no, one or several texts -> columns of the
            file.
        language: of all texts, if the file has no column of languages; None: English, unchecked.
    """

    path: Path
    columns: Mapping[str, str]
    language_column: str | None = None
    group_column: str | None = None
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    language: str | None = None

    @property
    def assumes_english(self) -> bool:
        """Whether nothing says which language the texts are in."""
        return self.language_column is None and self.language is None

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of the form that are read."""
        return (*self.columns, *self.several)

    def check(self) -> None:
        """Raises if the texts cannot be read, or there are none."""
        self.train()

    def train(self) -> Sequence[Record]:
        """All records."""
        columns = sorted(self.columns.items()), sorted(self.several.items())
        facts = (*columns, self.group_column, self.language_column, self.language)
        return records_of_files(self._files, self._read, facts)

    @property
    def _files(self) -> dict[str, Path]:
        return files_of_table(self.path)

    def _read(self) -> Iterator[Record]:
        records = records_in(
            self.path,
            self.columns,
            several=self.several,
            group_column=self.group_column,
            language_column=self.language_column,
        )
        stated = self.language
        for r in records:
            group = r.group or r.texts.get("anchor", "")
            yield replace(r, group=group, language=stated or r.language)

    def dev(self) -> list[Record]:
        """Empty."""
        return []

    def checksum(self) -> str:
        """Of the bytes and the types of the files, and the names of the columns that are read."""
        optional = (self.language_column, self.group_column)
        content = checksum_by_meaning(self._files)
        return _checksum(content, {**self.columns, **self.several}, optional)


@dataclass(frozen=True, slots=True)
class FolderRecords:
    """Texts of a folder with a file for each language; it has no dev records.

    Args:
        folder: for `find_language_files`.
        columns: column of the form -> column of those files that are tables.
    """

    folder: Path
    columns: Mapping[str, str]

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of the form that are read."""
        return tuple(self.columns)

    def check(self) -> None:
        """Raises if the texts cannot be read, or there are none."""
        self.train()

    def train(self) -> Sequence[Record]:
        """The texts of all files, language by language."""
        facts = sorted(self.columns.items())
        return records_of_files(meanings_of(self.folder), self._read, facts)

    def _read(self) -> Iterator[Record]:
        return language_records_in(self.folder, self.columns)

    def dev(self) -> list[Record]:
        """Empty."""
        return []

    def checksum(self) -> str:
        """Of all files and the names of the columns that are read."""
        return _checksum(checksum_of_languages(self.folder), self.columns, ())


def _checksum(
    content: str,
    columns: Mapping[str, str | tuple[str, ...]],
    optional: tuple[str | None, ...],
) -> str:
    facts = repr((content, sorted(columns.items()), optional))
    return sha256(facts.encode()).hexdigest()


def task_of_file(
    name: str, path: Path | None, columns: Mapping[str, str], language: str | None = None
) -> IntermediateTask:
    """The task that reads a file or, for a masked LM, a folder with a file for each language.

    Args:
        name: one of `OWN_FILE_TASKS`.
        path: the file of records, or the folder.
        columns: column of the form (or `language`, `group`) -> column of the file, if the names differ;
            for `negative` also several, separated by commas.
        language: of all texts of a file without a column `language`; None: English.

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
        form=FormSpec(name, {n: n for n in source.texts}),
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
        default = column if column in facts.of_records and column in unbound else None
        return columns.get(column, default)

    source = FileRecords(path, used, optional(LANGUAGE_COLUMN), optional(_GROUP_COLUMN), several)
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
