"""Registration: a study's lock records the study before anything is measured.

``STUDY.lock`` holds the whole study as it is written (questions, arms, targets, seeds, margins),
the time, the version, and a hash over all of it. The hash finds a lock that was edited; it does not
prove the time. To prove the time, publish the lock or commit it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

import crosslift
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.parse import parse_json
from crosslift.errors import StudyError
from crosslift.studies.flat_settings import NOT_STATED, flat, shown
from crosslift.studies.reading import parse_study
from crosslift.studies.schema import Study

FORMAT = 1
_NOT_COMPARED = ("description",)


class Lock(BaseModel):
    """The content of a lock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    study: str
    """Name of the study."""
    registered: str
    """Time of the registration, in UTC, in ISO 8601."""
    version: str
    """Version of CrossLift."""
    asked: dict[str, Any]
    """The study, without settings that have their default."""
    hash: str
    """Hash of all other fields."""

    def differences(self, asked: Mapping[str, Any]) -> list[str]:
        """How a study differs from the registered one: one sentence for each setting.

        Args:
            asked: settings of the study, as `read_asked` returns them.
        """
        before, now = self.asked["arms"], asked["arms"]
        whole = [f"arm {name}: registered, not run" for name in before if name not in now]
        whole += [f"arm {name}: not registered, run" for name in now if name not in before]
        shared = {name for name in before if name in now}
        registered, present = (
            flat(_of_arms(each, shared), _NOT_COMPARED) for each in (self.asked, asked)
        )
        return whole + [
            f"{place}: {shown(registered, place)} registered, {shown(present, place)} run"
            for place in dict.fromkeys([*registered, *present])
            if registered.get(place, NOT_STATED) != present.get(place, NOT_STATED)
        ]


class Registered(NamedTuple):
    """A study file with a lock.

    Args:
        place: path of the lock.
        lock: content of the lock.
        differences: how the file differs from the lock, see `Lock.differences`.
    """

    place: Path
    lock: Lock
    differences: tuple[str, ...]


def registered(path: Path) -> Registered | None:
    """The lock beside a study file, and how the file differs from it; None if there is no lock.

    Raises:
        StudyError: as `read_lock` and `read_asked` raise it.
    """
    lock = read_lock(path)
    if lock is None:
        return None
    return Registered(lock_path(path), lock, tuple(lock.differences(read_asked(path))))


def lock_path(study: Path) -> Path:
    """The path of a study file's lock: beside it, as ``NAME.lock``."""
    return study.with_suffix(".lock")


def read_asked(path: Path) -> dict[str, Any]:
    """The settings of a study file, see `asked_of`; paths are as written.

    Raises:
        StudyError: the file cannot be read, or has errors.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"the study {path} cannot be read: {error}", "a YAML file") from error
    return asked_of(parse_study(text, source=str(path)))


def asked_of(study: Study) -> dict[str, Any]:
    """The settings of a study that differ from their default, and its seeds."""
    return study.model_dump(mode="json", exclude_defaults=True) | {"seeds": list(study.seeds)}


def register(path: Path) -> Registered:
    """Writes the lock of a study file.

    Raises:
        StudyError: the study has errors, or a lock exists.
    """
    place = lock_path(path)
    if place.exists():
        raise StudyError(
            f"{place} exists",
            "a study that is not registered yet",
            "delete it to register the study anew; a published lock keeps its time",
        )
    asked = read_asked(path)
    content: dict[str, Any] = {
        "format": FORMAT,
        "study": asked["name"],
        "registered": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": crosslift.__version__,
        "asked": asked,
    }
    content["hash"] = key_of(content)
    with file_written_whole(place) as draft:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return Registered(place, Lock.model_validate(content), ())


def read_lock(path: Path) -> Lock | None:
    """The lock beside a study file; None if there is none.

    Raises:
        StudyError: the lock was edited, has another format, or is not a lock.
    """
    place = lock_path(path)
    if not place.is_file():
        return None
    remedy = "restore it, or delete it and register the study anew"
    raw = parse_json(place.read_bytes(), str(place), error=StudyError, remedy=remedy)
    try:
        lock = Lock.model_validate(raw)
    except ValidationError as error:
        raise StudyError(
            f"{place} is no lock of a study: {error.errors()[0]['msg']}",
            "a file that `crosslift register` wrote",
            remedy,
        ) from error
    if lock.format != FORMAT:
        raise StudyError(f"{place} has format {lock.format}", f"format {FORMAT}", remedy)
    if key_of({name: value for name, value in raw.items() if name != "hash"}) != lock.hash:
        raise StudyError(
            f"{place} was changed after it was written: its hash differs",
            f"content with the hash {lock.hash}",
            remedy,
        )
    return lock


def _of_arms(asked: Mapping[str, Any], shared: Collection[str]) -> dict[str, Any]:
    """The settings, without arms that only one side has and without comparisons of those arms."""
    arms = {name: arm for name, arm in asked["arms"].items() if name in shared}
    missing = {name for name in asked["arms"] if name not in shared}
    comparisons = [
        each
        for each in asked.get("comparisons", ())
        if not missing & {_arm_of(each["arm"]), _arm_of(each["against"])}
    ]
    return {**asked, "arms": arms, "comparisons": comparisons}


def _arm_of(name: str) -> str:
    """The arm that a control belongs to, else the arm itself."""
    return name.partition("--")[0]
