"""One checksum over the contents of many files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def sha256_of(paths: Iterable[Path]) -> str:
    """SHA-256 over the relative names and contents of files, for the keys of steps.

    Names count relative to the folder the files share, so that a copy of the folder elsewhere
    has the same checksum; the order of ``paths`` does not count.

    Args:
        paths: existing files; none gives the checksum of nothing.

    Returns:
        64 hexadecimal digits.
    """
    files = sorted({path.absolute() for path in paths})
    digest = hashlib.sha256()
    if files:
        root = Path(os.path.commonpath([path.parent for path in files]))
        for name, path in sorted((path.relative_to(root).as_posix(), path) for path in files):
            data = path.read_bytes()
            digest.update(f"{name}\x00{len(data)}\x00".encode("utf-8", "surrogateescape"))
            digest.update(data)
    return digest.hexdigest()
