"""Finds the folder of the pictures that a list of captions names by file name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.file_names import is_file

_NAMES_TO_CHECK = 50  # a few pictures may be missing, the first too


def find_folder(names: Sequence[str], near: Path, folders: Sequence[str]) -> Path | None:
    """The first folder that holds one of the first pictures of a list.

    Args:
        names: paths of the pictures in their folder.
        near: folder of the list.
        folders: names that the folder may have. The search covers ``near`` and its parent: each
            itself, these folders in it, and these folders in one another.

    Returns:
        The folder; None if none holds any.
    """
    first_names = list(islice(dict.fromkeys(names), _NAMES_TO_CHECK))
    for folder in _candidates(near, folders):
        if any(is_file(folder / name) for name in first_names):
            return folder
    return None


def needed_folder(captions: Path, names: Sequence[str], folders: Sequence[str]) -> Path:
    """The first folder that holds one of the first pictures of a list.

    Args:
        captions: the list.
        names: paths of its pictures in their folder, at least one.
        folders: names that the folder may have.

    Raises:
        DataError: none of them holds any.
    """
    folder = find_folder(names, captions.parent, folders)
    if folder is None:
        raise no_folder_error(captions, names, folders)
    return folder


def no_folder_error(captions: Path, names: Sequence[str], folders: Sequence[str]) -> DataError:
    """The error that no folder holds the pictures of a list.

    Args:
        captions: the list.
        names: paths of its pictures in their folder, at least one.
        folders: names that the folder may have.
    """
    return DataError(
        f"no folder near {captions} holds its pictures, such as {names[0]}",
        f"the pictures beside it, or in a folder {', '.join(folders)} beside it or one above",
        "put the folder of the pictures, or a link to it, beside the file",
    )


def _candidates(near: Path, folders: Sequence[str]) -> Iterator[Path]:
    for base in dict.fromkeys((near, near.absolute().parent)):
        outer = [base / name for name in folders if (base / name).is_dir()]
        yield from (base, *outer)
        yield from (folder / name for folder in outer for name in folders)
