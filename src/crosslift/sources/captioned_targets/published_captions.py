"""The content of the files of a published test set of captioned pictures, and how to find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from crosslift.errors import DataError
from crosslift.sources.file_names import is_file, is_folder


@dataclass(frozen=True, slots=True)
class PublishedCaptions:
    """The captions of some pictures in some languages.

    Args:
        files: id of each picture, in the published order -> the names that its file may have,
            relative to a folder of pictures or to one inside it; a name without an ending
            matches any ending.
        texts: language -> {id of a picture -> its captions, in the published order}.
        notes: language -> remark on its captions that a report must include.
    """

    files: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    notes: Mapping[str, str] = field(default_factory=dict)


class PublishedFormat(NamedTuple):
    """How a test set is published.

    Args:
        languages_in: from a folder to the BCP-47 codes of the languages it has captions in.
        load: from a folder and some of these codes to the captions.
        names: the files, as error messages name them.
    """

    languages_in: Callable[[Path], tuple[str, ...]]
    load: Callable[[Path, Sequence[str]], PublishedCaptions]
    names: str


@dataclass(frozen=True, slots=True)
class FilePerLanguage:
    """Where the captions of a test set with a file for each language lie.

    Args:
        languages: BCP-47 codes.
        name: name of the files, with ``{language}`` in place of the code.
        folders: the folders they may lie in, as `find_file` takes them.
        codes: BCP-47 code -> code in the name, if they differ.
    """

    languages: tuple[str, ...]
    name: str
    folders: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)

    def languages_in(self, folder: Path) -> tuple[str, ...]:
        """The languages of which a folder has the file.

        Raises:
            DataError: no such folder.
        """
        return tuple(c for c in self.languages if find_file(folder, self.folders, self._name(c)))

    def paths(self, folder: Path, languages: Sequence[str]) -> dict[str, Path]:
        """The files of some languages.

        Raises:
            DataError: no such folder or file.
        """
        return {code: needed_file(folder, self.folders, self._name(code)) for code in languages}

    def _name(self, language: str) -> str:
        return self.name.replace("{language}", self.codes.get(language, language))


def find_file(folder: Path, subfolders: Sequence[str], name: str) -> Path | None:
    """The file of a name in one of some folders, plain or with the ending ``.gz``; None: no such file.

    Args:
        folder: folder of the data.
        subfolders: folders relative to it, the likeliest first; an empty one is ``folder`` itself.
        name: name of the file. If a folder has it plain and packed, the plain one is used.

    Raises:
        DataError: no such folder.
    """
    if not is_folder(folder):
        raise DataError(f"{folder} is not a folder", "the folder of the published files")
    paths = (folder / place / f"{name}{end}" for place in subfolders for end in ("", ".gz"))
    return next((path for path in paths if is_file(path)), None)


def needed_file(folder: Path, subfolders: Sequence[str], name: str) -> Path:
    """As `find_file`, for a file that must exist.

    Raises:
        DataError: no such folder or file.
    """
    path = find_file(folder, subfolders, name)
    if path is None:
        places = ", ".join(place for place in subfolders if place)
        raise DataError(f"{folder} has no {name}", f"the file there, or in {places}")
    return path
