"""Names of files as data give them: any text, of which some can be no file."""

from __future__ import annotations

import os
from pathlib import Path

from crosslift.errors import DataError


def is_file(path: Path) -> bool:
    """Whether there is a file at a path; False too for a name that no file can have.

    ``Path.is_file`` raises where a name is too long, or a folder on the way cannot be read.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder at a path; False too for a name that no folder can have."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether there is anything at a path, a pipe too; False for a name that nothing can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def inside(folder: Path, path: Path, place: str) -> Path:
    """A path that data name, which must not lead out of their folder.

    Downloaded data could otherwise name any file of the machine, and a report shows pictures. The
    written names decide: a link inside the folder, which the user has set, may lead anywhere.

    Args:
        folder: of the data.
        path: as the data name it, joined to a folder of theirs.
        place: where they name it, for the error ("FILE, row 3").

    Raises:
        DataError: the path is absolute and elsewhere, or ``..`` leads out of the folder.
    """
    base, target = os.path.abspath(folder), os.path.abspath(path)  # noqa: PTH100 (follows no link)
    if os.path.commonpath([base, target]) != base:
        raise DataError(
            f"{place}: the file {path} is outside the data's folder {folder}",
            "pictures in the folder of the data: downloaded data must not name other files",
            "put them there, or write a table of your own (docs/pictures.md, `table`)",
        )
    return path
