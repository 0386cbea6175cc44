"""The folder in which CrossLift keeps its files: in the user's cache, or ``CROSSLIFT_HOME``."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from crosslift.errors import DataError

LONGEST_NAME = 255
"""Most bytes of a file's name."""


def home() -> Path:
    """The folder of everything CrossLift keeps between runs (converted encoders, the store)."""
    configured = os.environ.get("CROSSLIFT_HOME")
    return Path(configured) if configured else Path(platformdirs.user_cache_dir("crosslift"))


def user_path(written: str | Path) -> Path:
    """A path as a user writes it, with the home folder in place of ``~`` or ``~NAME``.

    Raises:
        DataError: there is no such user, a part of the path is longer than a file system allows, or
            it has a character that no path can have.
    """
    try:
        path = Path(written).expanduser()
    except RuntimeError as error:
        raise DataError(
            f"the path {str(written)!r} begins with the home folder of an unknown user",
            "`~/`, or the name of a user of this machine after `~`",
            "write the folder's whole path",
        ) from error
    if "\0" in str(path) or any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise DataError(
            f"the path {str(written)[:60]!r}... cannot be a path of this machine",
            f"names of at most {LONGEST_NAME} bytes, without the character U+0000",
        )
    return path
