"""Drafts: new files and folders beside their final place, to which they are renamed.

A draft is locked while its writer lives. A later writer of the same place deletes drafts with a free
lock, which killed processes left on this machine or in another container.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from crosslift.errors import ArtifactError

_LONGEST_NAME = 255
_LONGEST_SUFFIX = 16
_TOKEN_BYTES = 6


@contextlib.contextmanager
def draft_of(place: Path, *, folder: bool = False) -> Iterator[Path]:
    """A new empty file or folder beside ``place``, deleted after the block unless it was renamed.

    Args:
        place: final place of the file or folder. A file's draft has the same suffix.
        folder: make a folder instead of a file.

    Raises:
        ArtifactError: ``place`` is a device or a pipe.
        OSError: the draft cannot be made, or no file can have the name ``place``.
    """
    _refuse_odd(place)
    _sweep(place)
    path, handle = _locked_draft(place, folder=folder)
    try:
        yield path
    finally:
        _delete(path)
        os.close(handle)


def _refuse_odd(place: Path) -> None:
    """Raises, before any work, if no file can have the name, or if the place is a device or a pipe."""
    with contextlib.suppress(FileNotFoundError):
        mode = place.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ArtifactError(
                f"{place} is a device or a pipe, which cannot be written whole", "an ordinary file"
            )


def _locked_draft(place: Path, *, folder: bool) -> tuple[Path, int]:
    """A draft and the handle that locks it. A draft that was deleted before it was locked is made
    again."""
    start, end = _name_parts(place)
    while True:
        path = place.with_name(f"{start}{secrets.token_hex(_TOKEN_BYTES)}{end}")
        if folder:
            path.mkdir()
        else:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        handle = os.open(path, os.O_RDONLY)
        with contextlib.suppress(OSError):  # a file system without locks: the draft is never swept
            fcntl.flock(handle, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(handle)):
                return path, handle
        os.close(handle)


def _sweep(place: Path) -> None:
    """Deletes the drafts of a place that no living process has locked."""
    start, end = _name_parts(place)
    pattern = re.compile(f"{re.escape(start)}[0-9a-f]{{{2 * _TOKEN_BYTES}}}{re.escape(end)}")
    for path in place.parent.iterdir():
        if pattern.fullmatch(path.name):
            with contextlib.suppress(OSError):  # another process sweeps too, or no locks exist
                _delete_unless_locked(path)


def _delete_unless_locked(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _delete(path)
    finally:
        os.close(handle)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):  # nothing may hide the error that came before
            path.unlink(missing_ok=True)


def _name_parts(place: Path) -> tuple[str, str]:
    """Start and end of the names of a place's drafts: at most 255 bytes with the token between them."""
    suffix = place.suffix if len(os.fsencode(place.suffix)) <= _LONGEST_SUFFIX else ""
    end = f".draft{suffix}"
    room = _LONGEST_NAME - len(os.fsencode(end)) - 2 * _TOKEN_BYTES - len("..")
    return f".{os.fsencode(place.name)[:room].decode(errors='ignore')}.", end
