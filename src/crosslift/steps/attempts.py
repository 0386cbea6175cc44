"""Unfinished work records what made it, so that the store knows which of it can be resumed.

A step resumes only what the same code left on the same inputs: the name of its folder says so, and the
note in it, UNFINISHED/.attempt.json, says to others which code and inputs these are.
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
    """Notes in a folder of unfinished work what makes it, unless that is noted.

    Args:
        folder: of the unfinished work.
        code: module -> hash of its code.
        inputs: kind, key and digest of each artifact that is read.

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
        folder: of the unfinished work.
        store: that it lies in.
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
    """Whether an input is the one that was read; one that is gone may come back the same."""
    trace = store.trace(kind, key)
    return trace is None or trace.digest == digest
