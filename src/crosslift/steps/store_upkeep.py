"""What a store holds, who uses it, what can be deleted, and whether it is as it was written."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.artifacts.manifest import Manifest
from crosslift.artifacts.store import TRACES, Store
from crosslift.errors import CrossLiftError, UnknownNameError
from crosslift.steps.attempts import is_resumable
from crosslift.steps.past_plans import past_plans, state_of_plans, used_by
from crosslift.steps.step import Kind

_KEY = re.compile("[0-9a-f]{32}")
_REMNANT = re.compile(r"\.+([0-9a-f]{32})\..+")


@dataclass(frozen=True, slots=True)
class Held:
    """One thing in a store.

    Args:
        path: its folder or file.
        kind: of the step that made it; ``unfinished``, ``trace`` and ``remnant`` are no artifacts.
        key: of that step.
        label: of that step; empty where it is not known.
        size: bytes on disk.
        written: seconds since the epoch.
        studies: that used it when they ran last, by name.
        useless: whether nothing reads or resumes it, whatever is run: what a killed process left of a
            writing or a deletion, and unfinished work of other code or on other inputs.
    """

    path: Path
    kind: str
    key: str
    label: str
    size: int
    written: float
    studies: tuple[str, ...]
    useless: bool = False


def held_in(store: Store) -> list[Held]:
    """Everything in a store: artifacts, unfinished work, traces of deleted artifacts, and remnants that
    killed processes left. What other processes delete meanwhile is left out.

    Raises:
        ArtifactError: the store cannot be read.
    """
    users = used_by(store)
    by_key = {key: tuple(names) for (_, key), names in users.items()}
    entries: list[Held | None] = []
    with disk_errors_explained(store.root):
        for kind, key, path in _artifacts(store):
            studies = tuple(users.get((kind, key), ()))
            entries.append(_held(path, kind, key, studies, label=_label(store, kind, key)))
        for path in sorted(store.root.glob("unfinished/[!.]*")):
            key = path.name.partition("-")[0]
            useless = key != path.name and not is_resumable(path, store)
            entries.append(_held(path, "unfinished", key, by_key.get(key, ()), useless=useless))
        for path in sorted(store.root.glob(f"{TRACES}/*/*.json")):
            studies = tuple(users.get((path.parent.name, path.stem), ()))
            entries.append(_held(path, "trace", path.stem, studies))
        for key, path in _remnants(store):
            entries.append(_held(path, "remnant", key, (), useless=True))
    return [each for each in entries if each is not None]


def _artifacts(store: Store) -> Iterator[tuple[str, str, Path]]:
    """Kind, key and folder of every artifact, whole or damaged."""
    for kind in sorted(get_args(Kind)):
        for place in sorted((store.root / kind).glob("[!.]*")):
            if place.is_dir() and _KEY.fullmatch(place.name):
                yield kind, place.name, place


def _remnants(store: Store) -> Iterator[tuple[str, Path]]:
    """Key and folder of what is or was on the way to or from the place of an artifact."""
    for kind in sorted(get_args(Kind)):
        for path in sorted((store.root / kind).glob(".*")):
            if match := _REMNANT.fullmatch(path.name):
                yield match[1], path


def _held(
    path: Path,
    kind: str,
    key: str,
    studies: tuple[str, ...],
    *,
    label: str = "",
    useless: bool = False,
) -> Held | None:
    """None where it is gone meanwhile."""
    try:
        size, written = _size(path), path.stat().st_mtime
    except FileNotFoundError:
        return None
    return Held(path, kind, key, label, size, written, studies, useless)


def _size(path: Path) -> int:
    """Bytes of a file, or of the files in a folder; those that vanish meanwhile do not count.

    Raises:
        FileNotFoundError: the path itself is gone.
    """
    if not path.is_dir():
        return path.stat().st_size
    size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                size += Path(folder, name).stat().st_size
    return size


def _label(store: Store, kind: str, key: str) -> str:
    try:
        return store.manifest(kind, key).label
    except CrossLiftError:
        return ""


def needed_by(store: Store, studies: Iterable[str]) -> set[str]:
    """The keys that studies used when they ran last with a store.

    Args:
        store: of the artifacts.
        studies: their names.

    Raises:
        UnknownNameError: a study that never ran with the store.
    """
    plans = {plan.study: plan for plan in past_plans(store)}
    keys: set[str] = set()
    for name in studies:
        if name not in plans:
            raise UnknownNameError("study of the store", name, plans)
        keys |= {key for _, key in plans[name].artifacts}
    return keys


def unneeded_by(store: Store, studies: Sequence[str]) -> list[Held]:
    """What none of some studies needs.

    Args:
        store: of the artifacts.
        studies: their names.

    Raises:
        UnknownNameError: a study that never ran with the store.
        ArtifactError: the store cannot be read.
    """
    needed = needed_by(store, studies)
    return [each for each in held_in(store) if each.useless or each.key not in needed]


@dataclass(frozen=True, slots=True)
class Pruning:
    """What became of things that were to be deleted.

    Args:
        deleted: those that are gone.
        in_use: those that another process makes or uses at this moment; they stay.
        needed: those that a study has asked for since; they stay.
    """

    deleted: list[Held] = field(default_factory=list)
    in_use: list[Held] = field(default_factory=list)
    needed: list[Held] = field(default_factory=list)


def prune(store: Store, unneeded: Iterable[Held], studies: Sequence[str]) -> Pruning:
    """Deletes things from a store, each only if no process uses it and it is still not needed.

    Args:
        store: of the artifacts.
        unneeded: as `unneeded_by` gives them.
        studies: whose needs are looked up again before each deletion.

    Raises:
        UnknownNameError: the store no longer knows a study.
        ArtifactError: something cannot be deleted.
    """
    pruning = Pruning()
    needed: set[str] = set()
    state = None
    for each in unneeded:
        with store.lock_if_free(each.key) as free, store.keys_in_use() as used:
            if state != (now := state_of_plans(store)):
                needed, state = needed_by(store, studies), now
            if not free or each.key in used:
                pruning.in_use.append(each)
            elif _is_needed_now(store, each, needed):
                pruning.needed.append(each)
            else:
                with disk_errors_explained(each.path):
                    _delete(each.path)
                pruning.deleted.append(each)
    return pruning


def _is_needed_now(store: Store, entry: Held, needed: set[str]) -> bool:
    if entry.useless:
        return entry.kind == "unfinished" and is_resumable(entry.path, store)
    return entry.key in needed


def _delete(path: Path) -> None:
    """Deletes a file or folder; it may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir():
            gone = path.with_name(f".{path.name}.deleted")
            shutil.rmtree(gone, ignore_errors=True)  # of a killed deletion
            path.rename(gone)  # so that no half of it is ever seen
            shutil.rmtree(gone)
        else:
            path.unlink()


@dataclass(frozen=True, slots=True)
class StoreFault:
    """An artifact that is not as it was written.

    Args:
        path: its folder.
        error: what is wrong.
    """

    path: Path
    error: CrossLiftError


def check_all(store: Store) -> Iterator[tuple[Manifest | None, StoreFault | None]]:
    """Checks every artifact against its manifest: its manifest, and what is wrong with it.

    Raises:
        ArtifactError: the store cannot be read.
    """
    for kind, key, place in _artifacts(store):
        try:
            store.open(kind, key)
            yield store.manifest(kind, key), None
        except CrossLiftError as error:
            yield None, StoreFault(place, error)
