"""The content-addressed store: one folder an artifact, whole or not there, with a manifest.

STORE/<kind>/<key>/          the artifact's files and manifest.json
STORE/unfinished/<key>/      what a killed step left to go on from (checkpoints)
STORE/locks/<key>.lock       held by the process that is making the artifact
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock
from pydantic import ConfigDict, TypeAdapter, ValidationError

from crosslift.artifacts.disk_errors import (
    disk_errors_explained,
    lock_errors_explained,
    make_folder,
)
from crosslift.artifacts.environment import Environment, as_recorded
from crosslift.artifacts.files import folder_written_whole, sha256_of_file
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.places import home
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import ArtifactError, CrossLiftError

MANIFEST = "manifest.json"
_TOOK_PART = "environments.json"
_CHECKSUM = "checksum"
LET_GO = "let-go"
"""Marks an artifact that may be taken out once nothing needs it any more."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact is and how it came to be.

    Args:
        kind, key, label: of the step that made it.
        made_from: settings, inputs' keys, code version: what the key is the hash of.
        environment: of the process that finished it; no part of the key.
        started: ISO 8601 time.
        seconds: wall-clock time of the making, all parts of an interrupted one together.
        work: size of the job in the unit that its kind of step is planned in.
        peak_bytes: resident memory of the process at its highest; None where it is not known.
        files: name -> SHA-256.
        other_environments: that took part: an interrupted making was resumed from what one of them
            left, or one made an input that the store does not keep.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")  # for `_MANIFEST`

    kind: str
    key: str
    label: str
    made_from: dict[str, Any]
    environment: dict[str, Any]
    started: str
    seconds: float
    work: float
    peak_bytes: int | None = None
    files: dict[str, str] = field(default_factory=dict)
    other_environments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def environments(self) -> list[Environment]:
        """All environments that took part, that of the process that finished it first."""
        return [as_recorded(each) for each in (self.environment, *self.other_environments)]


_MANIFEST = TypeAdapter(Manifest)


class Store:
    """A store of artifacts under one folder.

    Args:
        root: the folder; None: ``store`` in the user's cache.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else home() / "store"
        self._checked: set[str] = set()

    def place(self, kind: str, key: str) -> Path:
        """Where an artifact stands, or would stand."""
        return self.root / kind / key

    def stands(self, kind: str, key: str) -> bool:
        """Whether the artifact is there (its files are checked when it is opened)."""
        return _is_file(self.place(kind, key) / MANIFEST)

    def unfinished(self, key: str) -> Path:
        """The folder in which the step of this key keeps its checkpoints."""
        return self.root / "unfinished" / key

    def resume(self, key: str, environment: Environment) -> Path:
        """The folder of `unfinished`, in which this environment is noted as one that takes part.

        Those that were noted before remain where they left something to resume from. What an earlier
        version left was made in an environment of which no fact is known.
        """
        folder = self.unfinished(key)
        left = [p for p in folder.glob("[!.]*") if p.name != _TOOK_PART]
        took_part = (self.took_part(key) or [{}]) if left else []
        if environment not in took_part:
            with file_written_with_sum(folder / _TOOK_PART) as draft:
                draft.write_text(json.dumps([*took_part, environment]), encoding="utf-8")
        return folder

    def took_part(self, key: str) -> list[Environment]:
        """The environments that `resume` noted for a step that is not finished.

        Raises:
            ArtifactError: the note is corrupt.
        """
        path = self.unfinished(key) / _TOOK_PART
        if not path.is_file():
            return []
        remedy = _remake(path.parent)
        check_sum(path, "the note of environments", remedy)
        noted: list[Environment] = parse_json(
            path.read_bytes(), str(path), error=ArtifactError, remedy=remedy
        )
        return noted

    def manifest(self, kind: str, key: str) -> Manifest:
        """The manifest of a standing artifact.

        Raises:
            ArtifactError: it is missing, unreadable, of another artifact, or has another checksum
                than it was written with.
        """
        path = self.place(kind, key) / MANIFEST
        try:
            manifest = _read_manifest(path)
        except (OSError, ValidationError, CrossLiftError) as error:
            reason = error.what if isinstance(error, CrossLiftError) else error
            raise ArtifactError(
                f"the manifest {path} cannot be read: {reason}", remedy=_remake(path.parent)
            ) from error
        if (manifest.kind, manifest.key) != (kind, key):
            raise ArtifactError(
                f"the manifest {path} is of the artifact {manifest.kind}/{manifest.key}",
                f"{kind}/{key}",
                _remake(path.parent),
            )
        return manifest

    def manifests(self, kind: str) -> list[Manifest]:
        """The manifests of all standing artifacts of a kind."""
        with disk_errors_explained(self.root / kind):
            keys = sorted(folder.name for folder in (self.root / kind).glob("[0-9a-f]*"))
        return [self.manifest(kind, key) for key in keys if self.stands(kind, key)]

    def open(self, kind: str, key: str) -> Path:
        """The folder of a standing artifact, its files checked against the manifest.

        Raises:
            ArtifactError: it is missing, or a file of it is missing or has another checksum.
        """
        place = self.place(kind, key)
        if not self.stands(kind, key):
            raise ArtifactError(f"no artifact {place}", remedy="give the run's command again")
        if key not in self._checked:
            for name, expected in self.manifest(kind, key).files.items():
                _check_file(place, name, expected)
            self._checked.add(key)
        return place

    def make(
        self, manifest: Manifest, write: Callable[[Path], None], measure: Callable[[], Manifest]
    ) -> Path:
        """Makes an artifact, unless it stands; one process at a time makes one key.

        Args:
            manifest: of the artifact to be made (kind and key are read here).
            write: writes the artifact's files into an empty folder.
            measure: called after the writing: the manifest with its measurements.

        Returns:
            The artifact's folder.
        """
        kind, key = manifest.kind, manifest.key
        place = self.place(kind, key)
        with self.lock(key):
            if not self.stands(kind, key):
                for remnant in (place, *place.parent.glob(f".{key}.*")):
                    shutil.rmtree(remnant, ignore_errors=True)  # of a killed or damaged making
                with folder_written_whole(place) as draft:
                    write(draft)
                    _write_manifest(draft, measure())
                self._checked.add(key)
            shutil.rmtree(self.unfinished(key), ignore_errors=True)
        return place

    def let_go(self, kind: str, key: str) -> None:
        """Marks a standing artifact as one that may be taken out."""
        with self.lock(key):
            mark = self.place(kind, key) / LET_GO
            if self.stands(kind, key):
                with disk_errors_explained(mark):
                    mark.touch()

    def keep(self, kind: str, key: str) -> None:
        """Takes that mark off, where it is."""
        mark = self.place(kind, key) / LET_GO
        if _is_file(mark):
            with self.lock(key), disk_errors_explained(mark):
                mark.unlink(missing_ok=True)

    def discard(self, kind: str, key: str) -> None:
        """Takes an artifact out that may be (see `let_go`); it can be made again."""
        place = self.place(kind, key)
        if not _is_file(place / LET_GO):
            return
        with self.lock(key):
            gone = place.parent / f".{key}.discarded"
            if _is_file(place / LET_GO):
                with disk_errors_explained(gone):
                    place.rename(gone)  # so that no half of it is ever seen
            shutil.rmtree(gone, ignore_errors=True)
            self._checked.discard(key)

    def lock(self, key: str) -> FileLock:
        """The lock of a key; the operating system frees it when its process dies.

        Raises:
            ArtifactError: the store cannot be written. Taking the lock raises it too, where the file
                system has no locks.
        """
        return _ExplainedLock(make_folder(self.root / "locks") / f"{key}.lock")


class _ExplainedLock(FileLock):
    def acquire(self, *settings: Any, **named: Any) -> Any:
        with lock_errors_explained(Path(self.lock_file)):
            return super().acquire(*settings, **named)


def _is_file(path: Path) -> bool:
    with disk_errors_explained(path):  # of a folder that may not be entered
        return path.is_file()


def _read_manifest(path: Path) -> Manifest:
    """A manifest whose checksum is right; one of an earlier version has none."""
    content = parse_json(path.read_bytes(), str(path))
    if isinstance(content, dict) and _CHECKSUM in content:
        noted = content.pop(_CHECKSUM)
        checksum = key_of(content)
        if noted != checksum:
            raise ArtifactError(f"it is corrupt: its checksum is {checksum}, not {noted}")
    return _MANIFEST.validate_python(content)


def _write_manifest(draft: Path, manifest: Manifest) -> None:
    files = {
        path.relative_to(draft).as_posix(): sha256_of_file(path)
        for path in sorted(draft.rglob("*"))
        if path.is_file()
    }
    content = json.loads(json.dumps({**asdict(manifest), "files": files}))
    content[_CHECKSUM] = key_of(content)
    (draft / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _check_file(place: Path, name: str, expected: str) -> None:
    path = place / name
    if not path.is_file():
        raise ArtifactError(f"the artifact file {path} is missing", remedy=_remake(place))
    try:
        checksum = sha256_of_file(path)
    except OSError as error:
        raise ArtifactError(
            f"the artifact file {path} cannot be read: {error}", remedy=_remake(place)
        ) from error
    if checksum != expected:
        raise ArtifactError(
            f"the artifact file {path} is corrupt: its SHA-256 is {checksum}",
            expected,
            _remake(place),
        )


def _remake(folder: Path) -> str:
    return f"delete the folder {folder} and give the command again: only this step is made anew"
