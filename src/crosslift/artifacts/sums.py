"""Checksums of files that no manifest covers: converted models, and files of unfinished work."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from crosslift.artifacts.files import cached_sha256, file_written_whole, sha256_of_file
from crosslift.artifacts.parse import parse_json
from crosslift.errors import ArtifactError, CrossLiftError, EncoderError

_SUMS = "checksums.json"


def write_sums(folder: Path) -> None:
    """Writes ``checksums.json``: the SHA-256 of every file of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in files}
    (folder / _SUMS).write_text(json.dumps(sums, indent=1), encoding="utf-8")


def check_sums(folder: Path, what: str) -> None:
    """Compares a folder's files with its ``checksums.json``.

    Args:
        folder: folder with the file that `write_sums` wrote.
        what: name of its content, for the message.

    Raises:
        EncoderError: a file is missing or has other content.
    """
    remedy = f"delete {folder} and give the command again: it is made again"
    incomplete = f"{what} in {folder} is incomplete"
    try:
        sums = parse_json((folder / _SUMS).read_bytes(), incomplete, error=EncoderError)
    except (OSError, EncoderError) as error:
        raise EncoderError(incomplete, None, remedy) from error
    if not isinstance(sums, dict):
        raise EncoderError(incomplete, None, remedy)
    for name, expected in sums.items():
        path = folder / name
        checksum = cached_sha256(path) if path.is_file() else "no such file"
        if checksum != expected:
            raise EncoderError(f"checksum mismatch: {path}: {checksum}", expected, remedy)


@contextlib.contextmanager
def file_written_with_sum(place: Path) -> Iterator[Path]:
    """Writes a file as `file_written_whole` does, with its SHA-256 in ``.NAME.sha256`` beside it.

    Two files cannot be replaced at once: the new sum is noted beside the old one, the file is
    replaced, the old sum is removed. A process killed in between leaves a file that matches one of the
    two.

    Raises:
        ArtifactError: the disk is full or the place cannot be written.
    """
    with file_written_whole(place) as draft:
        yield draft
        checksum = sha256_of_file(draft)
        _note(place, [*_noted_sums(place), checksum])
    _note(place, [checksum])


def check_sum(place: Path, what: str, remedy: str) -> None:
    """Compares a file with the sum that `file_written_with_sum` noted.

    Args:
        place: the file.
        what: name of the file, for the message.
        remedy: remedy if the file differs.

    Raises:
        ArtifactError: the file is missing, has no sum, or has other content than was written.
    """
    try:
        checksum = sha256_of_file(place)
    except OSError as error:
        raise ArtifactError(f"{what} {place} cannot be read: {error}", remedy=remedy) from error
    sums = _noted_sums(place)
    if checksum not in sums:
        raise ArtifactError(
            f"{what} {place} is corrupt: its SHA-256 is {checksum}",
            " or ".join(sums) or f"the SHA-256 in {_sum_place(place)}, which cannot be read",
            remedy,
        )


def _sum_place(place: Path) -> Path:
    return place.with_name(f".{place.name}.sha256")


def _note(place: Path, sums: Sequence[str]) -> None:
    with file_written_whole(_sum_place(place)) as draft:
        draft.write_text(json.dumps(list(dict.fromkeys(sums))), encoding="utf-8")


def _noted_sums(place: Path) -> list[str]:
    """The sums that a file may have; an empty list if the note is missing or damaged."""
    path = _sum_place(place)
    try:
        sums = parse_json(path.read_bytes(), str(path))
    except (OSError, CrossLiftError):
        return []
    return [each for each in sums if isinstance(each, str)] if isinstance(sums, list) else []
