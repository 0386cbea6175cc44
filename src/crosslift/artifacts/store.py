"""The store of artifacts: one folder for each artifact, complete or absent, with a manifest.

STORE/<kind>/<key>/              the artifact's files and manifest.json
STORE/traces/<kind>/<key>.json   the manifest of an artifact that was made for other steps and deleted
STORE/unfinished/<key>-<code>/   what a killed step left to resume from (checkpoints)
STORE/locks/, STORE/running/     which process makes, reads and uses what (see `SharedFolder`)

The key identifies what a step should make. The manifest records the code and inputs that made the
artifact, which decide whether it is up to date (see `crosslift.steps.status`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.artifacts.environment import Environment
from crosslift.artifacts.files import file_written_whole, folder_written_whole
from crosslift.artifacts.manifest import (
    MANIFEST,
    Manifest,
    check_file,
    how_to_remake,
    read_manifest,
    write_manifest,
)
from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.places import home
from crosslift.artifacts.shared_folder import SharedFolder
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import ArtifactError, CrossLiftError

_ENVIRONMENTS = "environments.json"
LET_GO = "let-go"
"""Name of the file that marks an artifact for deletion once nothing needs it any more."""
TRACES = "traces"


class Store(SharedFolder):
    """A store of artifacts under one folder.

    Args:
        root: the folder; None: ``store`` in the user's cache.
    """

    def __init__(self, root: Path | str | None = None) -> None:
        super().__init__(Path(root) if root is not None else home() / "store")
        self._checked: dict[str, str] = {}
        """Key -> digest of the checked artifact."""
        self._read: dict[Path, tuple[int, Manifest]] = {}
        """File of a manifest -> its time of change, and the manifest."""

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
            attempt: the step's key, and a hash of its code and inputs: work of other code is not
                resumed.
        """
        return self.root / "unfinished" / attempt

    def resume(self, attempt: str, environment: Environment) -> Path:
        """The folder of `unfinished`, after noting in it that this environment takes part.

        Environments noted before remain if they left something to resume from. The environment of work
        that an earlier version left is unknown.
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
        remedy = how_to_remake(path.parent)
        check_sum(path, "the note of environments", remedy)
        environments: list[Environment] = parse_json(
            path.read_bytes(), str(path), error=ArtifactError, remedy=remedy
        )
        return environments

    def manifest(self, kind: str, key: str) -> Manifest:
        """The manifest of an artifact.

        Raises:
            ArtifactError: it is missing, unreadable, of another artifact, or its checksum has changed.
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
                self._read[path] = (written, read_manifest(path))
        except (OSError, ValidationError, CrossLiftError) as error:
            reason = error.what if isinstance(error, CrossLiftError) else error
            raise ArtifactError(
                f"the manifest {path} cannot be read: {reason}", remedy=how_to_remake(path.parent)
            ) from error
        manifest = self._read[path][1]
        if (manifest.kind, manifest.key) != (kind, key):
            raise ArtifactError(
                f"the manifest {path} is of the artifact {manifest.kind}/{manifest.key}",
                f"{kind}/{key}",
                how_to_remake(path.parent),
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
                check_file(place, name, expected)
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
        """Makes an artifact, unless a usable one exists. Only one process at a time makes a key.

        An artifact that is not usable is replaced when the new one is whole.

        Args:
            manifest: manifest of the artifact to make (kind and key are read here).
            write: function that writes the artifact's files into an empty folder.
            measure: function that is called after `write`: it returns the manifest with measurements.
            serves: function from a manifest to whether its artifact is as good as a new one.
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
                        write_manifest(draft, measure())
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
        """Removes the mark for deletion from an artifact, if it has the mark."""
        mark = self.place(kind, key) / LET_GO
        if _is_file(mark):
            with self.lock(key), disk_errors_explained(mark):
                mark.unlink(missing_ok=True)

    def discard(self, kind: str, key: str) -> None:
        """Deletes an artifact that is not kept (see `make`); its manifest stays as a trace."""
        place = self.place(kind, key)
        if not _is_file(place / LET_GO):
            return
        with self.unless_read(key) as free, self.lock(key):
            gone = place.parent / f".{key}.discarded"
            if free and _is_file(place / LET_GO):
                with disk_errors_explained(gone):
                    with file_written_whole(self._trace_place(kind, key)) as draft:
                        shutil.copyfile(place / MANIFEST, draft)
                    place.rename(gone)  # so that no reader ever sees half of it
            shutil.rmtree(gone, ignore_errors=True)
            self._checked.pop(key, None)


def _is_file(path: Path) -> bool:
    with disk_errors_explained(path):  # a folder that may not be entered
        return path.is_file()
