"""Writing files and folders so that a reader sees them whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError

from crosslift.errors import ArtifactError, EncoderError

_SUMS = "checksums.json"


def sha256_of_file(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Writes ``checksums.json``: the SHA-256 of every file of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in files}
    (folder / _SUMS).write_text(json.dumps(sums, indent=1), encoding="utf-8")


def check_sums(folder: Path, what: str) -> None:
    """Compares a folder's files with its ``checksums.json``.

    Args:
        folder: that `write_sums` was called for.
        what: what it holds, for the message.

    Raises:
        EncoderError: a file is missing or has other content.
    """
    remedy = f"delete {folder} and give the command again: it is made anew"
    try:
        sums: dict[str, str] = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(f"{what} in {folder} is incomplete", None, remedy) from error
    for name, expected in sums.items():
        path = folder / name
        checksum = sha256_of_file(path) if path.exists() else "no such file"
        if checksum != expected:
            raise EncoderError(f"checksum mismatch: {path}: {checksum}", expected, remedy)


@contextlib.contextmanager
def folder_written_whole(place: Path) -> Iterator[Path]:
    """Gives an empty folder beside ``place``; renames it to ``place`` when the block ends well.

    A reader, or a process killed at any moment, finds either nothing or the whole folder. Where
    another process made ``place`` meanwhile, that one is kept and ours is dropped.

    Raises:
        ArtifactError: the disk is full or the place cannot be written.
    """
    with _disk_errors_explained(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
        draft.mkdir()
    try:
        with _disk_errors_explained(place):
            yield draft
            for path in draft.rglob("*"):
                _flush_to_disk(path)
            _flush_to_disk(draft)
            _rename_unless_made(draft, place)
            _flush_to_disk(place.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def file_written_whole(place: Path) -> Iterator[Path]:
    """Gives a path beside ``place`` to write to; renames it over ``place`` when the block ends well.

    Raises:
        ArtifactError: the disk is full or the place cannot be written.
    """
    with _disk_errors_explained(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{os.getpid()}.draft{place.suffix}")
    try:
        with _disk_errors_explained(place):
            yield draft
            _flush_to_disk(draft)
            draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


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
    finally:
        os.close(handle)


_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def _disk_errors_explained(place: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        if _tells_of_full_disk(error):
            raise ArtifactError(
                f"the disk is full: could not write {place}",
                remedy="free some space, or set CROSSLIFT_HOME to a larger disk, and give the same "
                "command again: it goes on where it was",
            ) from error
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise ArtifactError(
                f"cannot write {place}: {error.strerror}",
                remedy="set CROSSLIFT_HOME to a folder you may write to",
            ) from error
        raise


def _tells_of_full_disk(error: Exception) -> bool:
    # safetensors puts the reason in its text alone, and numpy tells only that a write fell short
    text = str(error)
    short = re.fullmatch(r"\d+ requested and \d+ written", text) is not None
    return short or "No space left" in text or getattr(error, "errno", None) in _DISK_FULL
