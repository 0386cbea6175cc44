"""The manifest of an artifact: its identity, its origin, and the checksums of its files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from crosslift.artifacts.environment import Environment, as_recorded
from crosslift.artifacts.files import sha256_of_file
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.parse import parse_json
from crosslift.errors import ArtifactError

MANIFEST = "manifest.json"
"""Name of the manifest's file in an artifact."""
TIMINGS = "timings.json"
"""Name of an artifact's file with the times of its making. It is not part of the digest, so that the
same result has the same digest."""
_CHECKSUM = "checksum"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The identity and the origin of an artifact.

    Args:
        kind, key, label: kind, key and label of the step that made it.
        made_from: kind, settings and inputs' keys; the key is their hash.
        environment: environment of the process that finished it; not part of the key.
        started: time of the start, in ISO 8601.
        seconds: wall-clock time of the making, all parts of an interrupted one together.
        work: size of the job in the unit that its kind of step is planned in.
        peak_bytes: highest resident memory of the process; None: unknown.
        files: name -> SHA-256.
        other_environments: other environments that took part: they left unfinished work that was
            resumed, or made an input that the store does not keep.
        code: module that made it -> hash of its code (see `crosslift.artifacts.code`).
        read: role of an input -> digest of the artifact that was read.
        devices: number of devices that made it together.
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
        """All environments that took part; the process that finished the artifact comes first."""
        return [as_recorded(each) for each in (self.environment, *self.other_environments)]


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(path: Path) -> Manifest:
    """Reads a manifest. Its checksum must be right; a manifest of an earlier version has none.

    Raises:
        ArtifactError: the file is corrupt.
        OSError: the file cannot be read.
        ValidationError: the file is no manifest.
    """
    content = parse_json(path.read_bytes(), str(path))
    if isinstance(content, dict) and _CHECKSUM in content:
        expected = content.pop(_CHECKSUM)
        checksum = key_of(content)
        if expected != checksum:
            raise ArtifactError(f"it is corrupt: its checksum is {checksum}, not {expected}")
    return _MANIFEST.validate_python(content)


def write_manifest(draft: Path, manifest: Manifest) -> None:
    """Writes a manifest into the folder of its artifact, with the checksums of the files there.

    Args:
        draft: folder of the artifact.
        manifest: manifest to write; its `files` are replaced by the files in the folder.
    """
    files = {
        path.relative_to(draft).as_posix(): sha256_of_file(path)
        for path in sorted(draft.rglob("*"))
        if path.is_file()
    }
    facts = {each.name: getattr(manifest, each.name) for each in fields(manifest)}
    content = json.loads(json.dumps({**facts, "files": files}))
    content[_CHECKSUM] = key_of(content)
    (draft / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")


def check_file(place: Path, name: str, expected: str) -> None:
    """Checks a file of an artifact.

    Args:
        place: folder of the artifact.
        name: name of the file.
        expected: SHA-256 of the file.

    Raises:
        ArtifactError: the file is missing, cannot be read, or has another checksum.
    """
    path = place / name
    if not path.is_file():
        raise ArtifactError(f"the artifact file {path} is missing", remedy=how_to_remake(place))
    try:
        checksum = sha256_of_file(path)
    except OSError as error:
        raise ArtifactError(
            f"the artifact file {path} cannot be read: {error}", remedy=how_to_remake(place)
        ) from error
    if checksum != expected:
        raise ArtifactError(
            f"the artifact file {path} is corrupt: its SHA-256 is {checksum}",
            expected,
            how_to_remake(place),
        )


def how_to_remake(folder: Path) -> str:
    """The remedy for a damaged artifact, in words.

    Args:
        folder: folder of the artifact.
    """
    return f"delete the folder {folder} and give the command again: only this step is made again"
