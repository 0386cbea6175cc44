"""Writes files and folders so that a reader sees them whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.drafts import draft_of

_FILE_BITS = 0o666
_SETTLED = 2_000_000_000
"""Nanoseconds after which another change of a file has another time, on coarse file systems too."""


def sha256_of_file(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached_sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes, read once in a process if the file does not change.

    A plan needs the checksums of the same weights for each arm and seed. A checksum is cached for the
    path, size and time of change of its file, but not if the file was written just now, because it may
    change again within one tick of the file system's clock.
    """
    state = path.stat()
    if time.time_ns() - state.st_mtime_ns < _SETTLED:
        return sha256_of_file(path)
    return _sha256_of_state(path.absolute(), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _sha256_of_state(path: Path, size: int, time_of_change: int) -> str:
    del size, time_of_change
    return sha256_of_file(path)


@contextlib.contextmanager
def folder_written_whole(place: Path, *, replaces: bool = False) -> Iterator[Path]:
    """Gives an empty folder beside ``place``; renames it to ``place`` when the block ends well.

    A reader, or a process killed at any moment, finds either nothing or a whole folder. If
    another process made ``place`` meanwhile, its folder is kept and the new one is dropped. Its files
    have the permissions of any new file, even if a library writes private files (safetensors).

    Args:
        place: final place of the folder.
        replaces: the folder at ``place`` is deleted when the new one is whole.

    Raises:
        ArtifactError: the disk is full or the place cannot be written.
    """
    make_folder(place.parent)
    with disk_errors_explained(place), draft_of(place, folder=True) as draft:
        yield draft
        bits = stat.S_IMODE(draft.stat().st_mode)
        for path in draft.rglob("*"):
            _allow(path, bits if path.is_dir() else bits & _FILE_BITS)
            _flush_to_disk(path)
        _flush_to_disk(draft)
        if replaces:
            _replace_folder(draft, place)
        else:
            _rename_unless_made(draft, place)
        _flush_to_disk(place.parent)


@contextlib.contextmanager
def file_written_whole(place: Path) -> Iterator[Path]:
    """Gives an empty file beside ``place`` to write to; renames it over ``place`` when the block ends
    well. It has the permissions of any new file, as for `folder_written_whole`.

    Raises:
        ArtifactError: the disk is full or the place cannot be written.
    """
    make_folder(place.parent)
    with disk_errors_explained(place), draft_of(place) as draft:
        bits = stat.S_IMODE(draft.stat().st_mode)
        yield draft
        _allow(draft, bits)
        _flush_to_disk(draft)
        draft.replace(place)


def _allow(path: Path, bits: int) -> None:
    """Gives a file or folder the permissions that it lacks.

    Args:
        path: path of the file or folder.
        bits: permissions of a new file or folder, which the user's mask decides.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if bits & ~mode:
        path.chmod(mode | bits)


def _replace_folder(draft: Path, place: Path) -> None:
    old = place.with_name(f".{place.name}.replaced")
    shutil.rmtree(old, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):  # another process deleted it meanwhile
        place.rename(old)
    draft.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _rename_unless_made(draft: Path, place: Path) -> None:
    try:
        draft.rename(place)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that flushes no folders
            raise
    finally:
        os.close(handle)
