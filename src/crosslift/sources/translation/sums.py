"""Checksums of large files that are asked for again and again."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from crosslift.artifacts.files import sha256_of_file


def sum_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes; one that has not changed since (size and time) is not read again."""
    stat = path.stat()
    return _sum(path.absolute(), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _sum(path: Path, size: int, time: int) -> str:
    del size, time
    return sha256_of_file(path)


def sums_by_name(paths: Iterable[Path]) -> dict[str, str]:
    """File name -> SHA-256."""
    return {path.name: sum_of_file(path) for path in sorted(paths)}
