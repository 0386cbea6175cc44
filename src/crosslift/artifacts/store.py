"""The store of artifacts: one folder for each artifact, complete or absent, with a manifest.

STORE/<kind>/<key>/              the artifact's files and manifest.json
STORE/traces/<kind>/<key>.json   the manifest of an artifact that was made for other steps and deleted
STORE/unfinished/<key>-<code>/   what a killed step left to resume from (checkpoints)
STORE/locks/<key>.lease          the lease of the process that is making the artifact
STORE/locks/<key>.readers.rw/    who reads an artifact that may be deleted after use
STORE/running/                   notes of living processes: the keys of the artifacts that they use

Many processes on many machines may share a store on any file system (see `crosslift.artifacts.leases`).

The key identifies what was to be made. The manifest records what made the artifact, which decides
whether it is up to date (see `crosslift.steps.status`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from filelock import SoftReadWriteLock
from pydantic import ConfigDict, TypeAdapter, ValidationError

from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.environment import Environment, as_recorded
from crosslift.artifacts.files import file_written_whole, folder_written_whole, sha256_of_file
from crosslift.artifacts.in_use import keys_in_use, noted_as_used
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.leases import LEASE_SECONDS, Lease, links_explained
from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.places import home
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import ArtifactError, CrossLiftError

MANIFEST = "manifest.json"
_ENVIRONMENTS = "environments.json"
_CHECKSUM = "checksum"
_RUNNING = "running"
LET_GO = "let-go"
"""File that marks an artifact to be deleted once nothing needs it any more."""
TRACES = "traces"
TIMINGS = "timings.json"
"""File of an artifact with the times that its making took. It is not part of the digest, so that the
same result has the same digest."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact is and how it came to be.

    Args:
        kind, key, label: of the step that made it.
        made_from: kind, settings and inputs' keys, whose hash is the key.
        environment: of the process that finished it; not part of the key.
        started: ISO 8601 time.
        seconds: wall-clock time of the making, all parts of an interrupted one together.
        work: size of the job in the unit that its kind of step is planned in.
        peak_bytes: highest resident memory of the process; None if it is unknown.
        files: name -> SHA-256.
        other_environments: that took part: an interrupted making was resumed from what one of them
            left, or one made an input that the store does not keep.
        code: module that made it -> hash of its code (see `crosslift.artifacts.code`).
        read: role of an input -> digest of the artifact that was read.
        devices: how many made it together.
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
    code: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    devices: int = 1

    @property
    def digest(self) -> str:
        """A hash of the names and bytes of the artifact's files, except `TIMINGS`."""
        return key_of({name: checksum for name, checksum in self.files.items() if name != TIMINGS})

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

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root) if root is not None else home() / "store"
        self._checked: dict[str, str] = {}  # key -> digest of the artifact that was checked
        self._read: dict[Path, tuple[int, Manifest]] = {}
        self._leases: WeakValueDictionary[str, Lease] = WeakValueDictionary()
        self._waited_for: dict[
            str, Lease
        ] = {}  # a lease counts itself how long its file is unchanged
        self._reader_locks: dict[str, SoftReadWriteLock] = {}  # as it does

    def look_again(self, kind: str) -> None:
        """Sees the artifacts that other machines have made: a network file system remembers for up to a
        minute that a file is absent, unless its folder is opened."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root / kind):
            pass

    def place(self, kind: str, key: str) -> Path:
        """The folder of an artifact, whether it exists or not."""
        return self.root / kind / key

    def exists(self, kind: str, key: str) -> bool:
        """Whether the artifact exists (its files are checked when it is opened)."""
        return _is_file(self.place(kind, key) / MANIFEST)

    def unfinished(self, attempt: str) -> Path:
        """The folder in which a step keeps its checkpoints.

        Args:
            attempt: the step's key, and what makes it: nothing is resumed from what other code left.
        """
        return self.root / "unfinished" / attempt

    def resume(self, attempt: str, environment: Environment) -> Path:
        """The folder of `unfinished`, in which this environment is noted as one that takes part.

        Environments noted before remain if they left something to resume from. What an earlier
        version left was made in an environment of which nothing is known.
        """
        folder = self.unfinished(attempt)
        checkpoints = [p for p in folder.glob("[!.]*") if p.name != _ENVIRONMENTS]
        environments = (self.attempt_environments(attempt) or [{}]) if checkpoints else []
        if environment not in environments:
            with file_written_with_sum(folder / _ENVIRONMENTS) as draft:
                draft.write_text(json.dumps([*environments, environment]), encoding="utf-8")
        return folder

    def attempt_environments(self, attempt: str) -> list[Environment]:
        """The environments that `resume` noted for a step that is not finished.

        Raises:
            ArtifactError: the note is corrupt.
        """
        path = self.unfinished(attempt) / _ENVIRONMENTS
        if not path.is_file():
            return []
        remedy = _remake(path.parent)
        check_sum(path, "the note of environments", remedy)
        environments: list[Environment] = parse_json(
            path.read_bytes(), str(path), error=ArtifactError, remedy=remedy
        )
        return environments

    def manifest(self, kind: str, key: str) -> Manifest:
        """The manifest of an artifact.

        Raises:
            ArtifactError: it is missing, unreadable, of another artifact, or has another checksum
                than it was written with.
        """
        return self._manifest_in(self.place(kind, key) / MANIFEST, kind, key)

    def trace(self, kind: str, key: str) -> Manifest | None:
        """The manifest of an artifact, or the trace that it left when it was deleted. None if there is
        neither, or if the trace cannot be read.

        Raises:
            ArtifactError: as for `manifest`.
        """
        if self.exists(kind, key):
            return self.manifest(kind, key)
        path = self._trace_place(kind, key)
        with contextlib.suppress(ArtifactError):
            return self._manifest_in(path, kind, key) if _is_file(path) else None
        return None

    def _trace_place(self, kind: str, key: str) -> Path:
        return self.root / TRACES / kind / f"{key}.json"

    def _manifest_in(self, path: Path, kind: str, key: str) -> Manifest:
        try:
            written = path.stat().st_mtime_ns
            if path not in self._read or self._read[path][0] != written:
                self._read[path] = (written, _read_manifest(path))
        except (OSError, ValidationError, CrossLiftError) as error:
            reason = error.what if isinstance(error, CrossLiftError) else error
            raise ArtifactError(
                f"the manifest {path} cannot be read: {reason}", remedy=_remake(path.parent)
            ) from error
        manifest = self._read[path][1]
        if (manifest.kind, manifest.key) != (kind, key):
            raise ArtifactError(
                f"the manifest {path} is of the artifact {manifest.kind}/{manifest.key}",
                f"{kind}/{key}",
                _remake(path.parent),
            )
        return manifest

    def manifests(self, kind: str) -> list[Manifest]:
        """The manifests of all artifacts of a kind."""
        with disk_errors_explained(self.root / kind):
            keys = sorted(folder.name for folder in (self.root / kind).glob("[0-9a-f]*"))
        return [self.manifest(kind, key) for key in keys if self.exists(kind, key)]

    def open(self, kind: str, key: str) -> Path:
        """The folder of an artifact, its files checked against the manifest.

        Raises:
            ArtifactError: it is missing, or a file of it is missing or has another checksum.
        """
        place = self.place(kind, key)
        if not self.exists(kind, key):
            raise ArtifactError(f"no artifact {place}", remedy="give the run's command again")
        manifest = self.manifest(kind, key)
        if self._checked.get(key) != manifest.digest:
            for name, expected in manifest.files.items():
                _check_file(place, name, expected)
            self._checked[key] = manifest.digest
        return place

    def make(
        self,
        manifest: Manifest,
        write: Callable[[Path], None],
        measure: Callable[[], Manifest],
        serves: Callable[[Manifest], bool] = lambda _: True,
        *,
        keep: bool = True,
    ) -> Path:
        """Makes an artifact, unless one that serves exists. Only one process at a time makes a key.

        An artifact that does not serve is replaced when the new one is whole.

        Args:
            manifest: of the artifact to be made (kind and key are read here).
            write: writes the artifact's files into an empty folder.
            measure: called after the writing: the manifest with its measurements.
            serves: whether an artifact with this manifest is as good as a new one.
            keep: False: the new artifact may be deleted (see `discard`), unless it replaces one that
                is kept.

        Returns:
            The artifact's folder.
        """
        kind, key = manifest.kind, manifest.key
        place = self.place(kind, key)
        with self.lock(key) as lease:
            if not (self.exists(kind, key) and serves(self.manifest(kind, key))):
                for remnant in place.parent.glob(f".{key}.*"):  # of a killed making
                    shutil.rmtree(remnant, ignore_errors=True)
                replaces = self.exists(kind, key)
                if not replaces:
                    shutil.rmtree(place, ignore_errors=True)  # of a damaged one
                with folder_written_whole(place, replaces=replaces) as draft:
                    try:
                        write(draft)
                        _write_manifest(draft, measure())
                    except (OSError, CrossLiftError):
                        lease.check()  # its new owner deletes drafts: that is the cause then
                        raise
                    if not keep and (not replaces or _is_file(place / LET_GO)):
                        (draft / LET_GO).touch()  # at once: no killed process can omit it
                    lease.check()
                self._checked[key] = self.manifest(kind, key).digest
            for attempt in (self.root / "unfinished").glob(f"{key}*"):
                shutil.rmtree(attempt, ignore_errors=True)
            self._trace_place(kind, key).unlink(missing_ok=True)
        return place

    def keep(self, kind: str, key: str) -> None:
        """Removes the mark of an artifact that may be deleted, if it has the mark."""
        mark = self.place(kind, key) / LET_GO
        if _is_file(mark):
            with self.lock(key), disk_errors_explained(mark):
                mark.unlink(missing_ok=True)

    def discard(self, kind: str, key: str) -> None:
        """Deletes an artifact that is not kept (see `make`); its manifest stays as a trace."""
        place = self.place(kind, key)
        if not _is_file(place / LET_GO):
            return
        with self._unless_read(key) as free, self.lock(key):
            gone = place.parent / f".{key}.discarded"
            if free and _is_file(place / LET_GO):
                with disk_errors_explained(gone):
                    with file_written_whole(self._trace_place(kind, key)) as draft:
                        shutil.copyfile(place / MANIFEST, draft)
                    place.rename(gone)  # so that no reader ever sees half of it
            shutil.rmtree(gone, ignore_errors=True)
            self._checked.pop(key, None)

    def lock(self, key: str) -> Lease:
        """The lease of a key. A thread that has it may take it again; others wait for it.

        Raises:
            ArtifactError: the store cannot be written. Taking the lease raises it too.
        """
        lease = self._leases.get(key)
        if lease is None:
            lease = self._leases[key] = Lease(self.root / "locks" / f"{key}.lease")
        return lease

    @contextlib.contextmanager
    def lock_if_free(self, key: str) -> Iterator[bool]:
        """Takes the lease of a key unless another process has it; yields whether it did.

        Raises:
            ArtifactError: as for `lock`.
        """
        lease = self.lock(key)
        try:
            lease.acquire(timeout=0)
        except TimeoutError:
            self._waited_for[key] = lease
            yield False
            return
        self._waited_for.pop(key, None)
        try:
            yield True
        finally:
            lease.release()

    @contextlib.contextmanager
    def reading(self, key: str) -> Iterator[None]:
        """No process discards an artifact in the block; several may read it at once.

        Raises:
            ArtifactError: as for `lock`.
        """
        readers = self._readers(key)
        with disk_errors_explained(Path(readers.lock_file)), links_explained(self.root):
            readers.acquire_read()
        try:
            yield
        finally:
            readers.release()

    @contextlib.contextmanager
    def _unless_read(self, key: str) -> Iterator[bool]:
        """Yields whether no process reads an artifact; none begins to in the block."""
        readers = self._readers(key)
        try:
            with disk_errors_explained(Path(readers.lock_file)), links_explained(self.root):
                readers.acquire_write(timeout=0)
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            readers.release()

    def _readers(self, key: str) -> SoftReadWriteLock:
        if key not in self._reader_locks:
            path = make_folder(self.root / "locks") / f"{key}.readers"
            self._reader_locks[key] = SoftReadWriteLock(
                path, heartbeat_interval=LEASE_SECONDS / 3, stale_threshold=LEASE_SECONDS
            )
        return self._reader_locks[key]

    @contextlib.contextmanager
    def using(self, keys: Iterable[str]) -> Iterator[None]:
        """Notes until the block ends that this process uses artifacts, so that no process prunes them.

        Raises:
            ArtifactError: as for `lock`.
        """
        with contextlib.ExitStack() as stack:
            with self.lock(_RUNNING):  # not while another process decides what to delete
                stack.enter_context(noted_as_used(self.root / _RUNNING, keys))
            yield

    @contextlib.contextmanager
    def keys_in_use(self) -> Iterator[frozenset[str]]:
        """Yields the keys that living processes use (see `using`); no other use begins in the block.

        Raises:
            ArtifactError: as for `lock`; a note cannot be read.
        """
        with self.lock(_RUNNING):
            yield keys_in_use(self.root / _RUNNING)


def _is_file(path: Path) -> bool:
    with disk_errors_explained(path):  # a folder that may not be entered
        return path.is_file()


def _read_manifest(path: Path) -> Manifest:
    """A manifest whose checksum is right; a manifest of an earlier version has none."""
    content = parse_json(path.read_bytes(), str(path))
    if isinstance(content, dict) and _CHECKSUM in content:
        expected = content.pop(_CHECKSUM)
        checksum = key_of(content)
        if expected != checksum:
            raise ArtifactError(f"it is corrupt: its checksum is {checksum}, not {expected}")
    return _MANIFEST.validate_python(content)


def _write_manifest(draft: Path, manifest: Manifest) -> None:
    files = {
        path.relative_to(draft).as_posix(): sha256_of_file(path)
        for path in sorted(draft.rglob("*"))
        if path.is_file()
    }
    facts = {each.name: getattr(manifest, each.name) for each in fields(manifest)}
    content = json.loads(json.dumps({**facts, "files": files}))
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
    return f"delete the folder {folder} and give the command again: only this step is made again"
