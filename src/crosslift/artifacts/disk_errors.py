"""Turns errors of the disk (full, not writable, no such name) into the project's own error."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError

from crosslift.errors import ArtifactError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ELSEWHERE = (
    "choose a folder you may write to: --out for results, --store or CROSSLIFT_HOME for the rest"
)
_SHORTER = "choose a shorter name; most file systems allow 255 bytes"
_REMEDIES = {
    errno.EACCES: _ELSEWHERE,
    errno.EROFS: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.EEXIST: "a file is where a folder should be: move it, or choose another place",
    errno.ENOTDIR: "a file is where a folder should be: move it, or choose another place",
    errno.EISDIR: "a folder is where a file should be: move it, or choose another place",
    errno.ENAMETOOLONG: _SHORTER,
    errno.EFBIG: "choose a file system that allows larger files",
    errno.EIO: "check the disk, or choose another one",
}


@contextlib.contextmanager
def disk_errors_explained(place: Path) -> Iterator[None]:
    """Turns an error of the disk during a write to ``place`` into an ArtifactError.

    An error about a file elsewhere, such as data that the block reads, is raised unchanged; a full
    disk is always explained.

    Raises:
        ArtifactError: the disk is full, or the place cannot be written.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        if _is_full_disk(error):
            raise ArtifactError(
                f"the disk is full: could not write {place}",
                remedy="free some space, or choose a larger disk (--out for results, --store or "
                "CROSSLIFT_HOME for the rest), and give the same command again: it resumes",
            ) from error
        remedy = _REMEDIES.get(getattr(error, "errno", None) or 0)
        if isinstance(error, OSError) and remedy is not None and _is_about(error, place):
            raise ArtifactError(f"cannot write {place}: {error.strerror}", remedy=remedy) from error
        raise


def make_folder(place: Path) -> Path:
    """Makes a folder and its parents unless they exist.

    Raises:
        ArtifactError: the disk is full, a file is at the folder's path, or the disk cannot be written.
    """
    with disk_errors_explained(place):
        place.mkdir(parents=True, exist_ok=True)
    return place


def _is_about(error: OSError, place: Path) -> bool:
    """Whether an error is about the place, its siblings, or a folder above it."""
    if not isinstance(error.filename, str | bytes):
        return True
    path = Path(os.fsdecode(error.filename))
    return path.is_relative_to(place.parent) or path in place.parents


def _is_full_disk(error: Exception) -> bool:
    # safetensors puts the reason only in its text, and numpy reports only that a write fell short
    text = str(error)
    short = re.fullmatch(r"\d+ requested and \d+ written", text) is not None
    return short or "No space left" in text or getattr(error, "errno", None) in _FULL
