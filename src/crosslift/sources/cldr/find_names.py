"""Where CLDR's names are: ``cldr:PATH``, or ``cldr:`` for the copy that is installed or fetched."""

from __future__ import annotations

from pathlib import Path

from crosslift.artifacts.places import home, user_path
from crosslift.errors import DataError
from crosslift.sources.file_names import exists

SCHEME = "cldr:"
"""Prefix of the path of CLDR's names; alone, it means the fetched or installed copy."""

VERSION = "48.2.0"
"""Version of CLDR's packages that `crosslift fetch cldr` downloads."""

DEBIAN = Path("/usr/share/unicode/cldr")
"""Where Debian's package ``unicode-cldr-core`` puts its files."""


def fetched_folder() -> Path:
    """The folder in the user's cache that `crosslift fetch cldr` writes."""
    return home() / "sources" / f"cldr-{VERSION}"


def cldr_place(data: Path) -> Path:
    """The file or folder that the setting ``data`` means.

    Args:
        data: ``cldr:PATH``, or ``cldr:`` for the fetched copy, else Debian's.

    Raises:
        DataError: the setting has no ``cldr:``, or there is no such file or folder.
    """
    written = str(data)
    if not written.startswith(SCHEME):
        raise DataError(
            f"data {written!r} of emoji names", "cldr:PATH, or cldr: for the installed names"
        )
    path = written.removeprefix(SCHEME)
    if not path:
        return _installed()
    place = user_path(path)
    if not exists(place):
        raise DataError(f"no CLDR names at {place}", "a file or folder")
    return place


def placed(data: str, folder: Path) -> str:
    """The setting with its relative path placed in a folder."""
    path = data.removeprefix(SCHEME)
    return f"{SCHEME}{folder / user_path(path)}" if path else data


def _installed() -> Path:
    for place in (fetched_folder(), DEBIAN):
        if place.is_dir():
            return place
    raise DataError(
        f"CLDR's names are neither in {fetched_folder()} nor in {DEBIAN}",
        "one of them",
        "crosslift fetch cldr, or name a folder: cldr:PATH",
    )
