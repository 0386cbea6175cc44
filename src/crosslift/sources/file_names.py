"""File names from data: any text, some of which cannot be a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from crosslift.errors import DataError


def is_file(path: Path) -> bool:
    """Whether a path is a file; also False for a name that no file can have.

    ``Path.is_file`` raises an error if a name is too long, or a parent folder cannot be read.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; also False for a name that no folder can have."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether anything exists at a path, even a pipe; False for a name that nothing can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def refuse_undecodable(path: Path) -> None:
    """Raises if a name is not UTF-8: no result that contains it could be written.

    Raises:
        DataError: the name is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the name {str(path)!r} is not UTF-8", "UTF-8", "rename it") from error


def inside(folder: Path, path: Path, place: str) -> Path:
    """Returns a path named in data, which must not lead out of their folder.

    Downloaded data could otherwise name any file of the machine, and a report shows pictures. The
    written names decide: a link inside the folder, which the user created, may lead anywhere.

    Args:
        folder: folder of the data.
        path: as named in the data, joined to one of their folders.
        place: where it is named, for the error ("FILE, row 3").

    Raises:
        DataError: the path is absolute and elsewhere, or ``..`` leads out of the folder.
    """
    if not _is_below(folder, path):
        raise _outside(path, place, f"the data's folder {folder}")
    return path


def inside_one_of(folders: Sequence[Path], path: Path, place: str) -> Path:
    """As `inside`, for several folders; a relative path belongs to the first.

    Raises:
        DataError: the path is in none of them.
    """
    whole = folders[0] / path
    if not any(_is_below(folder, whole) for folder in folders):
        raise _outside(whole, place, f"{folders[0]}, the folder of the data")
    return whole


def _is_below(folder: Path, path: Path) -> bool:
    if ".." not in str(path) and str(path).startswith(f"{folder}{os.sep}"):
        return True  # the usual case, and there may be millions
    base, target = os.path.abspath(folder), os.path.abspath(path)  # noqa: PTH100 (follows no link)
    return Path(target).is_relative_to(base)


def _outside(path: Path, place: str, where: str) -> DataError:
    return DataError(
        f"{place}: the file {path} is outside {where}",
        "pictures in the folder of the data: downloaded data must not name other files",
        "put them there, or write a table of your own (docs/pictures.md, `table`)",
    )
