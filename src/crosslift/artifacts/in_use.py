"""Which artifacts living processes use: a process notes their keys for as long as it runs.

A note is a draft (see `crosslift.artifacts.drafts`) that is never renamed. Its process locks it, so a
note without a lock belongs to a dead process, and the writer of the next note deletes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.drafts import draft_of
from crosslift.artifacts.parse import parse_json
from crosslift.errors import ArtifactError


@contextlib.contextmanager
def noted_as_used(folder: Path, keys: Iterable[str]) -> Iterator[None]:
    """Notes keys as used until the block ends. No process may read the notes while the block begins.

    Args:
        folder: of the notes.
        keys: of artifacts.

    Raises:
        ArtifactError: the folder cannot be written.
    """
    place = make_folder(folder) / "keys.json"
    with contextlib.ExitStack() as stack:
        with disk_errors_explained(place):
            note = stack.enter_context(draft_of(place))
            note.write_text(json.dumps(sorted(keys)), encoding="utf-8")
        yield


def keys_in_use(folder: Path) -> frozenset[str]:
    """The keys that living processes note as used.

    Args:
        folder: of the notes; it may be absent.

    Raises:
        ArtifactError: the folder or a note cannot be read.
    """
    keys: set[str] = set()
    with disk_errors_explained(folder):
        for note in folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):  # its process has just ended
                if _is_locked(note):
                    keys.update(parse_json(note.read_bytes(), str(note), error=ArtifactError))
    return frozenset(keys)


def _is_locked(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
