"""Unfinished work records what made it, so that the store knows whether it can be resumed.

A step resumes only work of the same code on the same inputs: the name of its folder depends on both,
and the note in it, UNFINISHED/.attempt.json, names this code and these inputs for other processes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosslift.artifacts.code import code_of
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.errors import CrossLiftError

_NOTE = ".attempt.json"


def note_attempt(
    folder: Path, code: Mapping[str, str], inputs: Sequence[tuple[str, str, str]]
) -> None:
    """Notes the code and inputs of unfinished work in its folder, unless they are noted.

    Args:
        folder: folder of the unfinished work.
        code: module -> hash of its code.
        inputs: kind, key and digest of each artifact that the work reads.

    Raises:
        ArtifactError: the folder cannot be written.
    """
    place = folder / _NOTE
    if not place.exists():
        with file_written_whole(place) as draft:
            draft.write_text(json.dumps({"code": dict(code), "inputs": inputs}), encoding="utf-8")


def is_resumable(folder: Path, store: Store) -> bool:
    """Whether the present code resumes unfinished work, on the inputs that exist now. Work without a
    note, or with a damaged one, is of an earlier version.

    Args:
        folder: folder of the unfinished work.
        store: store that contains the folder.
    """
    try:
        note = parse_json((folder / _NOTE).read_bytes(), str(folder / _NOTE))
        code: dict[str, str] = note["code"]
        if code_of(code) != code:
            return False
        return all(_is_unchanged(store, *each) for each in note["inputs"])
    except (OSError, CrossLiftError, ModuleNotFoundError, KeyError, TypeError):
        return False


def _is_unchanged(store: Store, kind: str, key: str, digest: str) -> bool:
    """Whether an input is the artifact that was read. A deleted input counts, as it may come back the
    same."""
    trace = store.trace(kind, key)
    return trace is None or trace.digest == digest
