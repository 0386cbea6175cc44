"""Knows which artifacts living processes use: a process notes their keys for as long as it runs.

FOLDER/<token>.json holds the keys, and the process has the lease FOLDER/<token>.lease. So a note
without a living owner belongs to a dead process, and the next reader of the notes deletes it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.leases import Lease, owner_is_alive
from crosslift.artifacts.parse import parse_json
from crosslift.errors import ArtifactError

_TOKEN_BYTES = 8


@contextlib.contextmanager
def noted_as_used(folder: Path, keys: Iterable[str]) -> Iterator[None]:
    """Notes keys as used until the block ends. No process may read the notes while the block begins.

    Args:
        folder: folder of the notes.
        keys: keys of artifacts.

    Raises:
        ArtifactError: the folder cannot be written.
    """
    note = folder / f"{secrets.token_hex(_TOKEN_BYTES)}.json"
    with Lease(note.with_suffix(".lease")).acquire():
        try:
            with file_written_whole(note) as draft:
                draft.write_text(json.dumps(sorted(keys)), encoding="utf-8")
            yield
        finally:
            note.unlink(missing_ok=True)


def keys_in_use(folder: Path) -> frozenset[str]:
    """The keys that living processes note as used.

    Args:
        folder: folder of the notes; it may be absent.

    Raises:
        ArtifactError: the folder or a note cannot be read.
    """
    keys: set[str] = set()
    with disk_errors_explained(folder):
        for note in folder.glob("[!.]*.json"):
            if not owner_is_alive(note.with_suffix(".lease")):
                note.unlink(missing_ok=True)
                continue
            with contextlib.suppress(FileNotFoundError):  # its process has just ended
                keys.update(parse_json(note.read_bytes(), str(note), error=ArtifactError))
    return frozenset(keys)
