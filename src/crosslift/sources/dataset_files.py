"""The published files of a dataset in a folder: how to find, read and checksum them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError, first_line
from crosslift.sources.checksums import sha256_by_meaning, sha256_of
from crosslift.sources.fields import Fields
from crosslift.sources.file_names import is_folder
from crosslift.sources.formats.rows import Format, Row
from crosslift.sources.record import SplitName

_LANGUAGE = "{language}"
_MOST_NAMES = 8
_State = tuple[Path, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way a dataset is published as files.

    Paths are patterns: ``*`` matches any name. In a dataset with a file for each of several
    languages, ``{language}`` is the language's code (the same everywhere); several files of
    a language are read as one, in the order of their names.

    Args:
        train: paths of the training files; those of English must all exist.
        dev: paths of the dev files; if none exists, there are no dev records.
        read: how a file becomes rows.
        fields: how a row becomes a record.
        folders: where the archive puts the files; they may lie directly in the folder too.
        beside: ending of a file that belongs to ``NAME.jsonl`` (``NAME`` and the ending); may be
            empty.
        test: paths of the test files.
        language_of: the language of a row, if a file holds several; None: a file holds one.
    """

    train: tuple[str, ...]
    dev: tuple[str, ...]
    read: Format
    fields: Fields
    folders: tuple[str, ...] = ()
    beside: str = ""
    test: tuple[str, ...] = ()
    language_of: Callable[[Row], str] | None = None

    def patterns(self, split: SplitName) -> tuple[str, ...]:
        """The paths of the files of a split."""
        return {"train": self.train, "dev": self.dev, "test": self.test}[split]

    def names(self, splits: Sequence[SplitName]) -> str:
        """One file of each of some splits, for error messages."""
        firsts = (self.patterns(split)[0] for split in splits if self.patterns(split))
        return ", ".join(name.replace(_LANGUAGE, "XX") for name in firsts)

    def bases(self, folder: Path) -> Iterator[Path]:
        """The folders that the files may lie in, the likeliest first."""
        yield folder
        yield from (folder / name for name in self.folders)

    def english(self) -> Layout:
        """The layout with only the English training and dev files."""
        train, dev = (
            tuple(pattern.replace(_LANGUAGE, "en") for pattern in patterns)
            for patterns in (self.train, self.dev)
        )
        return replace(self, train=train, dev=dev, test=())


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """The published training and dev files of a dataset in English.

    Args:
        layouts: ways they are published; the first whose first training file exists is read.
        where: where to get them, for errors.
    """

    layouts: tuple[Layout, ...]
    where: str

    @property
    def names(self) -> str:
        """The training files, for error messages."""
        return " or ".join(_joined_patterns(layout.train) for layout in self.layouts)

    def layout_in(self, folder: Path) -> tuple[Layout, Path] | None:
        """The layout of a folder and the folder of its files; None: no known layout."""
        for layout in self.layouts:
            for base in layout.bases(folder):
                if _matching(base, layout.train[0]):
                    return layout, base
        return None

    def layout(self, folder: Path) -> Layout:
        """The layout of the files in a folder.

        Raises:
            DataError: it has none.
        """
        return self._needed(folder)[0]

    def rows(self, folder: Path, split: str) -> Iterator[Row]:
        """The rows of a split ("train" or "dev") of the files in a folder.

        Raises:
            DataError: a file is missing, faulty, or changes while it is read.
        """
        layout, base = self._needed(folder)
        paths = self._paths(layout, base, split)
        before = _states(_with_beside(layout, paths))
        for path in paths:
            yield from layout.read(path)
        if before != _states(_with_beside(layout, paths)):
            raise DataError(
                f"{base}: files changed while they were read", "files that do not change"
            )

    def checksum(self, folder: Path) -> str:
        """SHA-256 over the names and bytes of the files that are read, for the keys of steps.

        The bytes are hashed directly, no text is parsed.

        Raises:
            DataError: a file is missing.
        """
        layout, base = self._needed(folder)
        paths = [*self._paths(layout, base, "train"), *self._paths(layout, base, "dev")]
        return checksum_of_files(_with_beside(layout, paths))

    def _needed(self, folder: Path) -> tuple[Layout, Path]:
        if not is_folder(folder):
            raise DataError(
                f"{folder} is not a folder", f"the folder of {self.names}", f"get it: {self.where}"
            )
        place = self.layout_in(folder)
        if place is None:
            entries = sorted(path.name for path in folder.iterdir())
            more = ", ..." if len(entries) > _MOST_NAMES else ""
            raise DataError(
                f"{folder} holds no {self.names}; it holds "
                f"{', '.join(entries[:_MOST_NAMES]) or 'nothing'}{more}",
                "the published files",
                f"get them: {self.where}",
            )
        return place

    def _paths(self, layout: Layout, base: Path, split: str) -> list[Path]:
        patterns = layout.train if split == "train" else layout.dev
        matching = [_matching(base, pattern) for pattern in patterns]
        if split == "dev" and not any(matching):
            return []
        for pattern, paths in zip(patterns, matching, strict=True):
            if not paths:
                raise DataError(
                    f"{base} holds no {pattern}",
                    _joined_patterns(patterns),
                    f"get it: {self.where}",
                )
        return [path for paths in matching for path in paths]


def checksum_of_files(paths: Sequence[Path]) -> str:
    """`sha256_of` some files, computed once per run.

    Raises:
        DataError: a file is missing, or cannot be read.
    """
    return _sum(tuple(path.absolute() for path in paths))


def checksum_by_meaning(files: Mapping[str, Path]) -> str:
    """`sha256_by_meaning` of some files, computed once per run.

    Raises:
        DataError: a file is missing, or cannot be read.
    """
    return _sum_by_meaning(tuple((name, path.absolute()) for name, path in files.items()))


def _joined_patterns(patterns: Sequence[str]) -> str:
    return ", ".join(patterns) if len(patterns) < 4 else f"{patterns[0]} to {patterns[-1]}"


def _matching(base: Path, pattern: str) -> list[Path]:
    return sorted(path for path in base.glob(pattern) if path.is_file())


def _with_beside(layout: Layout, paths: Sequence[Path]) -> list[Path]:
    beside = [p.with_name(p.stem + layout.beside) for p in paths] if layout.beside else []
    return [*paths, *(path for path in beside if path.is_file())]


def _states(paths: Sequence[Path]) -> tuple[_State, ...]:
    return tuple(map(_state, paths))


def _state(path: Path) -> _State:
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}", "a readable file") from error
    return path.absolute(), stat.st_size, stat.st_mtime_ns


@read_once()
def _sum(paths: tuple[Path, ...]) -> str:
    _states(paths)  # raises if a file is missing
    return sha256_of(paths)


@read_once()
def _sum_by_meaning(files: tuple[tuple[str, Path], ...]) -> str:
    _states([path for _, path in files])  # raises if a file is missing
    return sha256_by_meaning(dict(files))
