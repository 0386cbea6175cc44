"""Lists a store: its content, its users, what can be deleted, and what is damaged."""

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
        path: folder or file of the thing.
        kind: kind of the step that made it; ``unfinished``, ``trace`` and ``remnant`` are no artifacts.
        key: key of that step.
        label: label of that step; empty if it is unknown.
        size: bytes on disk.
        written: time of writing, in seconds since the epoch.
        studies: names of the studies that used it when they ran last.
        useless: whether no run can read or resume it: remnants of a write or a deletion by a killed
            process, and unfinished work of other code or on other inputs.
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
    killed processes left. Things that other processes delete meanwhile are left out.

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
    """Key and folder of each remnant: a folder that was being written to, or deleted from, the place of
    an artifact."""
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
    """The thing at a path; None if it has been deleted meanwhile."""
    try:
        size, written = _size(path), path.stat().st_mtime
    except FileNotFoundError:
        return None
    return Held(path, kind, key, label, size, written, studies, useless)


def _size(path: Path) -> int:
    """Bytes of a file, or of the files in a folder; files that are deleted meanwhile do not count.

    Raises:
        FileNotFoundError: the path does not exist.
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
        store: store of the artifacts.
        studies: names of the studies.

    Raises:
        UnknownNameError: a study never ran with the store.
    """
    plans = {plan.study: plan for plan in past_plans(store)}
    keys: set[str] = set()
    for name in studies:
        if name not in plans:
            raise UnknownNameError("study of the store", name, plans)
        keys |= {key for _, key in plans[name].artifacts}
    return keys


def unneeded_by(store: Store, studies: Sequence[str]) -> list[Held]:
    """The things in a store that none of some studies needs.

    Args:
        store: store of the artifacts.
        studies: names of the studies.

    Raises:
        UnknownNameError: a study never ran with the store.
        ArtifactError: the store cannot be read.
    """
    needed = needed_by(store, studies)
    return [each for each in held_in(store) if each.useless or each.key not in needed]


@dataclass(frozen=True, slots=True)
class Pruning:
    """The outcome of a deletion.

    Args:
        deleted: deleted things.
        in_use: things that another process makes or uses at this moment; they stay.
        needed: things that a study needs since; they stay.
    """

    deleted: list[Held] = field(default_factory=list)
    in_use: list[Held] = field(default_factory=list)
    needed: list[Held] = field(default_factory=list)


def prune(store: Store, unneeded: Iterable[Held], studies: Sequence[str]) -> Pruning:
    """Deletes things from a store, each only if no process uses it and no study needs it now.

    Args:
        store: store of the artifacts.
        unneeded: things to delete, as `unneeded_by` returns them.
        studies: names of studies; their needs are looked up again before each deletion.

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
    """Deletes a file or folder, unless it was deleted before."""
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
    """A damaged artifact.

    Args:
        path: folder of the artifact.
        error: description of the damage.
    """

    path: Path
    error: CrossLiftError


def check_all(store: Store) -> Iterator[tuple[Manifest | None, StoreFault | None]]:
    """Checks every artifact against its manifest; yields the manifest or the fault of each.

    Raises:
        ArtifactError: the store cannot be read.
    """
    for kind, key, place in _artifacts(store):
        try:
            store.open(kind, key)
            yield store.manifest(kind, key), None
        except CrossLiftError as error:
            yield None, StoreFault(place, error)
