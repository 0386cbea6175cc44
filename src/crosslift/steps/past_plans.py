"""The last plan of each study, kept in the store: it shows which study uses an artifact, and which
settings of a study have changed since.

STORE/studies/<hash of the name>.json holds the study's name, the time, and the step at each place of
its plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.errors import CrossLiftError
from crosslift.steps.graph import StepGraph


@dataclass(frozen=True, slots=True)
class PastPlan:
    """The plan of a study as it was run last with a store.

    Args:
        study: name of the study.
        written: time of the run, in ISO 8601.
        steps: place in the plan -> (kind, key) of the step.
    """

    study: str
    written: str
    steps: dict[str, tuple[str, str]]

    @property
    def artifacts(self) -> set[tuple[str, str]]:
        """Kind and key of every artifact that it uses."""
        return set(self.steps.values())


_PAST_PLAN = TypeAdapter(PastPlan)


def note_plan(plan: StepGraph, store: Store) -> None:
    """Notes the plan of a study. Parts that could not be planned keep their earlier places.

    Raises:
        ArtifactError: the store cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    past = _read(_path(store, plan.name)) if plan.incomplete else None
    steps = {} if past is None else dict(past.steps)
    steps |= {place: (step.kind, step.key) for place, step in plan.places()}
    content = {"study": plan.name, "written": now, "steps": steps}
    with file_written_whole(_path(store, plan.name)) as draft:
        draft.write_text(json.dumps(content, indent=1), encoding="utf-8")


def past_plans(store: Store) -> list[PastPlan]:
    """The plans of all studies that ran with a store, by name; unreadable plans are left out."""
    with disk_errors_explained(store.root / "studies"):
        paths = sorted((store.root / "studies").glob("[0-9a-f]*.json"))
    plans = [plan for path in paths if (plan := _read(path)) is not None]
    return sorted(plans, key=lambda plan: plan.study)


def state_of_plans(store: Store) -> frozenset[tuple[str, int, int]]:
    """A value that changes when a study is noted: name, time of change and size of each note."""
    with disk_errors_explained(store.root / "studies"):
        notes = [(p.name, p.stat()) for p in (store.root / "studies").glob("[0-9a-f]*.json")]
    return frozenset((name, state.st_mtime_ns, state.st_size) for name, state in notes)


def asked_before(plan: StepGraph, store: Store) -> dict[str, str]:
    """Key of a step -> key of the other step that had its place when the study ran last."""
    past = _read(_path(store, plan.name))
    if past is None:
        return {}
    former_keys: dict[str, str] = {}
    for place, step in plan.places():
        kind, key = past.steps.get(place, (step.kind, step.key))
        if key != step.key and kind == step.kind:
            former_keys.setdefault(step.key, key)
    return former_keys


def _path(store: Store, study: str) -> Path:
    return store.root / "studies" / f"{key_of({'study': study})}.json"


def _read(path: Path) -> PastPlan | None:
    """The plan in a file; None if it does not exist or cannot be read, as no result depends on it."""
    try:
        return _PAST_PLAN.validate_python(parse_json(path.read_bytes(), str(path)))
    except (OSError, ValidationError, CrossLiftError):
        return None


def used_by(store: Store) -> Mapping[tuple[str, str], list[str]]:
    """Kind and key of an artifact -> names of the studies that use it."""
    users: dict[tuple[str, str], list[str]] = {}
    for plan in past_plans(store):
        for artifact in sorted(plan.artifacts):
            users.setdefault(artifact, []).append(plan.study)
    return users
