"""The records of your own files, for the tasks that read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from crosslift.sources.dataset_files import checksum_by_meaning
from crosslift.sources.file_records import records_of_files
from crosslift.sources.language_files import (
    checksum_of_languages,
    language_records_in,
    meanings_of,
)
from crosslift.sources.record import Record
from crosslift.sources.record_tables import records_in
from crosslift.sources.table_types import files_of_table


@dataclass(frozen=True, slots=True)
class FileRecords:
    """Records of a file, or of a folder of files that are one table; it has no dev records.

    Records of one group are never negatives of one another. A record without a group (no column, or an
    empty cell) is in the group of its anchor.

    Args:
        path: path of the file or the folder.
        columns: column of the form -> column of the file.
        language_column: column of the texts' BCP-47 codes; None: all texts are of one language.
        group_column: column of the records' groups; None: no groups.
        score_column: column of the records' grades; None: no grades.
        margin_column: column of the margins of their negatives; None: no margins.
        several: column of the form for which a row may have any number of texts -> columns of the file.
        language: language of all texts, if the file has no column of languages; None: English,
            unchecked.
    """

    path: Path
    columns: Mapping[str, str]
    language_column: str | None = None
    group_column: str | None = None
    score_column: str | None = None
    margin_column: str | None = None
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
        facts = (*columns, *self._further, self.language)
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
            score_column=self.score_column,
            margin_column=self.margin_column,
        )
        stated = self.language
        for r in records:
            group = r.group or r.texts.get("anchor", "")
            yield replace(r, group=group, language=stated or r.language)

    def dev(self) -> list[Record]:
        """Empty."""
        return []

    def checksum(self) -> str:
        """A checksum of the bytes and types of the files, and of the names of the columns that are
        read."""
        content = checksum_by_meaning(self._files)
        return _checksum(content, {**self.columns, **self.several}, self._further)

    @property
    def _further(self) -> tuple[str | None, ...]:
        """The further columns that are read. Columns of numbers are listed only if there are any, so
        that the checksums of other files stay the same."""
        numbers = {"score": self.score_column, "margin": self.margin_column}
        named = (f"{kind}: {column}" for kind, column in numbers.items() if column is not None)
        return (self.language_column, self.group_column, *named)


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
        """A checksum of all files and of the names of the columns that are read."""
        return _checksum(checksum_of_languages(self.folder), self.columns, ())


def _checksum(
    content: str,
    columns: Mapping[str, str | tuple[str, ...]],
    optional: tuple[str | None, ...],
) -> str:
    facts = repr((content, sorted(columns.items()), optional))
    return sha256(facts.encode()).hexdigest()
