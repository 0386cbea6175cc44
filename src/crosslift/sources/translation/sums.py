"""Checksums of large files that are asked for again and again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crosslift.artifacts.files import sha256_of_file
from crosslift.artifacts.read_once import read_once


@read_once(key=Path.absolute)
def sum_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read once in a run."""
    return sha256_of_file(path)


def sums_by_name(paths: Iterable[Path]) -> dict[str, str]:
    """File name -> SHA-256."""
    return {path.name: sum_of_file(path) for path in sorted(paths)}
