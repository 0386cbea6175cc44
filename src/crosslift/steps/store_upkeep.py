"""What a store holds, who uses it, what can be deleted, and whether it is as it was written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.artifacts.store import TRACES, Manifest, Store
from crosslift.errors import CrossLiftError, UnknownNameError
from crosslift.steps.past_plans import past_plans, used_by
from crosslift.steps.step import Kind

_KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Held:
    """One thing in a store.

    Args:
        path: its folder or file.
        kind: of the step that made it; ``unfinished`` and ``trace`` are no artifacts.
        key: of that step.
        label: of that step; empty where it is not known.
        size: bytes on disk.
        written: seconds since the epoch.
        studies: that used it when they ran last, by name.
    """

    path: Path
    kind: str
    key: str
    label: str
    size: int
    written: float
    studies: tuple[str, ...]


def held_in(store: Store) -> list[Held]:
    """Everything in a store: artifacts, unfinished work, and traces of deleted artifacts, by kind.

    Raises:
        ArtifactError: the store cannot be read.
    """
    users = used_by(store)
    by_key = {key: names for (_, key), names in users.items()}
    with disk_errors_explained(store.root):
        held = [
            _held(path, kind, key, _label(store, kind, key), tuple(users.get((kind, key), ())))
            for kind, key, path in _artifacts(store)
        ]
        for path in sorted(store.root.glob("unfinished/[!.]*")):
            key = path.name.partition("-")[0]
            held.append(_held(path, "unfinished", key, "", tuple(by_key.get(key, ()))))
        for path in sorted(store.root.glob(f"{TRACES}/*/*.json")):
            studies = tuple(users.get((path.parent.name, path.stem), ()))
            held.append(_held(path, "trace", path.stem, "", studies))
    return held


def _artifacts(store: Store) -> Iterator[tuple[str, str, Path]]:
    """Kind, key and folder of every artifact, whole or damaged."""
    for kind in sorted(get_args(Kind)):
        for place in sorted((store.root / kind).glob("[!.]*")):
            if place.is_dir() and _KEY.fullmatch(place.name):
                yield kind, place.name, place


def _held(path: Path, kind: str, key: str, label: str, studies: tuple[str, ...]) -> Held:
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    size = sum(each.stat().st_size for each in files)
    return Held(path, kind, key, label, size, path.stat().st_mtime, studies)


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


def delete(store: Store, held: Iterable[Held]) -> None:
    """Deletes things from a store; what another process makes at this moment, it waits for.

    Raises:
        ArtifactError: something cannot be deleted.
    """
    for each in held:
        with store.lock(each.key), disk_errors_explained(each.path):
            if each.path.is_dir():
                gone = each.path.with_name(f".{each.path.name}.deleted")
                each.path.rename(gone)  # so that no half of it is ever seen
                shutil.rmtree(gone)
            else:
                each.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """An artifact that is not as it was written.

    Args:
        path: its folder.
        error: what is wrong.
    """

    path: Path
    error: CrossLiftError


def check_all(store: Store) -> Iterator[tuple[Manifest | None, Fault | None]]:
    """Checks every artifact against its manifest: its manifest, and what is wrong with it.

    Raises:
        ArtifactError: the store cannot be read.
    """
    for kind, key, place in _artifacts(store):
        try:
            store.open(kind, key)
            yield store.manifest(kind, key), None
        except CrossLiftError as error:
            yield None, Fault(place, error)
