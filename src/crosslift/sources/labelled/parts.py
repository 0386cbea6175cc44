"""Which labelled examples a folder or the hub has, by split and language, and how they are read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from crosslift.errors import DataError, encodable
from crosslift.sources.dataset_files import checksum_of_files
from crosslift.sources.formats.rows import Format, Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.shapes import EnglishFields, Shape
from crosslift.sources.record import Record

SplitName = Literal["train", "dev", "test"]

_NO_CODE = "not named by a language code of two or three letters"


class Key(NamedTuple):
    """What a part holds: a split of a language (BCP-47)."""

    split: SplitName
    language: str


@dataclass(frozen=True, slots=True)
class Examples:
    """What was read of one part.

    Args:
        records: N examples in the order of the data, N at least 1.
        labelled: whether they have their labels.
        left_out: reason -> number of rows that are no example.
    """

    records: tuple[Record, ...]
    labelled: bool
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The examples of a split of a language, not read yet.

    Args:
        read: reads them.
        checksum: of everything they are made of.
    """

    read: Callable[[], Examples]
    checksum: Callable[[], str]


Found = Mapping[Key, Part]
"""All parts of a folder or of the hub."""


def examples_of(rows: Iterable[Row], shape: Shape, language: str, what: str) -> Examples:
    """Rows of one language as examples.

    Args:
        rows: of one split.
        shape: how a row becomes an example.
        language: BCP-47 code.
        what: what is read, for errors.

    Raises:
        DataError: no example, an id that stands twice, labels in some rows alone; as the shape.
    """
    records: list[Record] = []
    left_out: Counter[str] = Counter()
    seen: set[str] = set()
    labelled: bool | None = None
    for row in rows:
        if row.broken:
            left_out[row.broken] += 1
            continue
        has = shape.labelled(row)
        labelled = has if labelled is None else labelled
        if has != labelled:
            raise row.fault(
                "a label, where rows before have none"
                if has
                else "no label, where rows before have one",
                "a label in every row, or in none where labels are withheld",
            )
        key = shape.key(row, len(records))
        if key in seen:
            raise row.fault(f"the id {key!r} stands twice", "an id for each example")
        seen.add(key)
        records.append(shape.record(row, key, language, labelled))
    if not records:
        raise DataError(f"{what} holds no example", "one at least")
    return Examples(tuple(records), bool(labelled), dict(left_out))


@dataclass(frozen=True, slots=True)
class FilePerLanguage:
    """Files of one language each.

    Args:
        files: split -> patterns of paths, where ``{language}`` stands for the code (the same wherever
            it stands) and ``*`` for anything. Several files of a language are read as one, in the
            order of their names.
        read: how a file becomes rows.
        shape: how a row becomes an example.
        folders: where they lie, tried in this order; an empty one is the folder itself.
    """

    files: Mapping[SplitName, tuple[str, ...]]
    read: Format
    shape: Shape
    folders: tuple[str, ...] = ("",)

    @property
    def names(self) -> str:
        """The files, as errors tell them."""
        return _told(self.files, "XX")

    def find(self, folder: Path) -> Found:
        """The parts of a folder; none where it has no such file."""
        for base in (folder / name for name in self.folders):
            paths = self._paths(base)
            if paths:
                return {key: self._part(key, sorted(set(of))) for key, of in paths.items()}
        return {}

    def unread(self, folder: Path) -> dict[str, str]:
        """Files named like the others but for the code of the language -> why they are not read."""
        base = next((folder / name for name in self.folders if self._paths(folder / name)), folder)
        read = {path for paths in self._paths(base).values() for path in paths}
        alike = {
            path
            for patterns in self.files.values()
            for pattern in patterns
            for path in base.glob(pattern.replace("{language}", "*"))
        }
        return {
            encodable(path.relative_to(folder).as_posix()): _NO_CODE
            for path in sorted(alike - read)
        }

    def _paths(self, base: Path) -> dict[Key, list[Path]]:
        found: dict[Key, list[Path]] = {}
        for split, patterns in self.files.items():
            for pattern in patterns:
                regex = _regex(pattern)
                for path in base.glob(pattern.replace("{language}", "*")):
                    match = regex.fullmatch(path.relative_to(base).as_posix())
                    if match and path.is_file():
                        found.setdefault(Key(split, match["language"]), []).append(path)
        return found

    def _part(self, key: Key, paths: Sequence[Path]) -> Part:
        def read() -> Examples:
            rows = (row for path in paths for row in self.read(path))
            return examples_of(rows, self.shape, key.language, ", ".join(map(str, paths)))

        return Part(read, lambda: checksum_of_files(paths))


def _regex(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", "[^/]*")
    named = escaped.replace(re.escape("{language}"), r"(?P<language>[a-z]{2,3})", 1)
    return re.compile(named.replace(re.escape("{language}"), "(?P=language)"))


@dataclass(frozen=True, slots=True)
class FileOfLanguages:
    """A file of all languages for each split.

    Args:
        files: split -> names that its file may have.
        read: how a file becomes rows.
        shape: how a row becomes an example.
        language_of: the language of a row.
        folders: as of `FilePerLanguage`.
    """

    files: Mapping[SplitName, tuple[str, ...]]
    read: Format
    shape: Shape
    language_of: Callable[[Row], str]
    folders: tuple[str, ...] = ("",)

    @property
    def names(self) -> str:
        """The files, as errors tell them."""
        return _told(self.files, "")

    def find(self, folder: Path) -> Found:
        """The parts of a folder, whose files are read for their languages; none where it has none.

        Raises:
            DataError: a file is at fault.
        """
        for base in (folder / name for name in self.folders):
            paths = {
                split: path
                for split, names in self.files.items()
                for path in [next((base / n for n in names if (base / n).is_file()), None)]
                if path is not None
            }
            if paths:
                return {k: p for split, path in paths.items() for k, p in self._parts(split, path)}
        return {}

    def unread(self, folder: Path) -> dict[str, str]:
        """None: the file of a split holds all its languages."""
        del folder
        return {}

    def _parts(self, split: SplitName, path: Path) -> list[tuple[Key, Part]]:
        rows: dict[str, list[Row]] = {}
        for row in self.read(path):
            rows.setdefault(self.language_of(row), []).append(row)

        def part(language: str) -> Part:
            return Part(
                lambda: examples_of(rows[language], self.shape, language, str(path)),
                lambda: checksum_of_files([path]),
            )

        return [(Key(split, language), part(language)) for language in rows]


Layout = FilePerLanguage | FileOfLanguages


@dataclass(frozen=True, slots=True)
class HubParts:
    """Where the hub has the examples.

    Args:
        id: of the dataset.
        revision: a commit, or a branch.
        configs: BCP-47 code -> config.
        splits: split -> its name there.
        shape: how a row becomes an example.
        change: gives a row the columns that the shape reads; None: it has them.
        language_of: the language of a row, where a config holds several; None: it is the config's.
        absent: parts that the dataset does not have.
    """

    id: str
    revision: str
    configs: Mapping[str, str]
    splits: Mapping[SplitName, str]
    shape: Shape
    change: Callable[[Row], Mapping[str, Any]] | None = None
    language_of: Callable[[Row], str] | None = None
    absent: frozenset[Key] = field(default=frozenset())

    def find(self, remedy: str) -> Found:
        """The parts; nothing is fetched yet.

        Args:
            remedy: what an error says to do instead.
        """
        keys = [Key(split, language) for split in self.splits for language in self.configs]
        return {key: self._part(key, remedy) for key in keys if key not in self.absent}

    def _part(self, key: Key, remedy: str) -> Part:
        hub = HubDataset(
            self.id,
            self.revision,
            EnglishFields(self.shape),
            dev=(self.splits[key.split],),
            config=self.configs[key.language],
            change=self.change,
        )

        def read() -> Examples:
            rows = hub.rows("dev", remedy)
            if self.language_of is not None:
                wanted = self.language_of
                rows = (row for row in rows if wanted(row) == key.language)
            what = f"{self.id} ({hub.config}) of the hub, split {hub.dev[0]}"
            return examples_of(rows, self.shape, key.language, what)

        return Part(read, lambda: hub.checksum(remedy))


def _told(files: Mapping[SplitName, tuple[str, ...]], language: str) -> str:
    return ", ".join(patterns[0].replace("{language}", language) for patterns in files.values())
