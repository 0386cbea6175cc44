"""One checksum over the contents of many files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from crosslift.errors import DataError

_AT_ONCE = 1 << 20
"""Bytes of a file in memory."""


def sha256_of(paths: Iterable[Path]) -> str:
    """SHA-256 over the relative names and contents of published files, for the keys of steps.

    The layout of a publication gives their names a meaning. Names count relative to the folder the
    files share, so that a copy of the folder elsewhere has the same checksum; the order of ``paths``
    does not count.

    Args:
        paths: existing files; none gives the checksum of nothing.

    Returns:
        64 hexadecimal digits.
    """
    files = sorted({path.absolute() for path in paths})
    if not files:
        return sha256_by_meaning({})
    root = Path(os.path.commonpath([path.parent for path in files]))
    return sha256_by_meaning({path.relative_to(root).as_posix(): path for path in files})


def sha256_by_meaning(files: Mapping[str, Path]) -> str:
    """SHA-256 over the contents of files that users name as they like, for the keys of steps.

    Args:
        files: what the name of a file means, such as a language or a format -> the file. Nothing else
            of its name counts, and neither does the order.

    Returns:
        64 hexadecimal digits.

    Raises:
        DataError: a file changes its size while it is read.
    """
    digest = hashlib.sha256()
    for meaning, path in sorted(files.items()):
        with path.open("rb") as file:
            size, count = os.fstat(file.fileno()).st_size, 0
            digest.update(os.fsencode(meaning) + f"\x00{size}\x00".encode())
            while data := file.read(_AT_ONCE):
                digest.update(data)
                count += len(data)
        if count != size:
            raise DataError(
                f"{path} changed while it was read: {size:,} bytes, then {count:,}",
                "a file that does not change",
                "wait until it is written",
            )
    return digest.hexdigest()
