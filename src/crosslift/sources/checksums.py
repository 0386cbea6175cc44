"""One checksum over the contents of many files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path


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
    """
    digest = hashlib.sha256()
    for meaning, path in sorted(files.items()):
        data = path.read_bytes()
        digest.update(os.fsencode(meaning) + f"\x00{len(data)}\x00".encode())
        digest.update(data)
    return digest.hexdigest()
