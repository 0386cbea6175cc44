"""Shows a training step in a tracker while it trains: each point once, however often it resumes."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.parse import parse_json
from crosslift.errors import ArtifactError, CrossLiftError, TrainingError

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker

    from crosslift.training.checkpoint import Progress
    from crosslift.training.trackers.tracker import Tracker

SECONDS_BETWEEN_SENDINGS = 5.0
_NOTE = ".tracked.json"
_COSTS = ("examples", "tokens", "flops", "seconds")
_NOT_IN_NAMES = re.compile(r"[^\w./ -]")
"""Characters that MLflow does not accept in the name of a metric or a setting."""


@dataclass(slots=True)
class Shown:
    """The part of a step that a tracker shows.

    Args:
        run: name of its run.
        id: id of the run, as the tracker calls it; None: it has none, or the run has not begun.
        points: number of rows of the curve that were sent.
    """

    run: str
    id: str | None = None
    points: int = 0


class Follower:
    """Sends the curve of a training step to a tracker, the rows of each update together.

    A note beside the step's checkpoint counts the rows that were sent. A step that resumes from before
    them trains the same rows again, and does not send them again. The note is written first: a process
    that is killed in between loses rows of the tracker, and doubles none.

    Args:
        tracker: receives the rows.
        run: name of a new run; a step that resumes keeps the name it began with.
        settings: name -> value, sent when the run begins.
        folder: folder of the note.
    """

    def __init__(
        self, tracker: Tracker, run: str, settings: Mapping[str, Any], folder: Path
    ) -> None:
        self._tracker = tracker
        self._settings = settings
        self._place = folder / _NOTE
        self._notes = _read_notes(self._place)
        self._shown = self._notes.setdefault(tracker.place, Shown(run))
        self._progress: Progress | None = None
        self._opened: GeneralTracker | None = None
        self._due = 0.0

    def __call__(self, progress: Progress) -> None:
        """Processes an update; sends new rows every few seconds."""
        self._progress = progress
        if time.monotonic() >= self._due:
            self._send()
            self._due = time.monotonic() + SECONDS_BETWEEN_SENDINGS

    def close(self) -> None:
        """Sends the rest, and ends the run of the tracker."""
        self._send()
        if self._opened is not None:
            with self._errors_explained():
                self._opened.finish()
            self._opened = None

    def _send(self) -> None:
        progress, first = self._progress, self._shown.points
        if progress is None or len(progress.curve) <= first:
            return
        with self._errors_explained():
            tracker = self._open()
            self._shown.points = len(progress.curve)
            self._write_notes()
            for update, values in _by_update(progress, first).items():
                tracker.log(values, step=update)

    def _open(self) -> GeneralTracker:
        if self._opened is None:
            shown, begins = self._shown, self._shown.points == 0
            self._opened = self._tracker.open(shown.run, shown.id)
            shown.id = self._tracker.id_of(self._opened)
            if begins:
                named = {_name(name): _plain(value) for name, value in self._settings.items()}
                self._opened.store_init_configuration(named)
        return self._opened

    def _write_notes(self) -> None:
        notes = {place: asdict(shown) for place, shown in self._notes.items()}
        with file_written_whole(self._place) as draft:
            draft.write_text(json.dumps(notes), encoding="utf-8")

    @contextlib.contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except CrossLiftError:
            raise
        except Exception as error:  # a tracker raises anything
            raise TrainingError(
                f"the tracker {self._tracker.name} failed: {type(error).__name__}: {error}",
                "a tracker that takes what is sent",
                "mend it, or give the command without the tracker: training resumes either way",
            ) from error


def _by_update(progress: Progress, first: int) -> dict[int, dict[str, float]]:
    """Update -> the names and values of its rows, from a row on; the last has the costs so far."""
    values: dict[int, dict[str, float]] = {}
    for update, task, metric, value in progress.curve[first:]:
        values.setdefault(update, {})[_name(f"{task}/{metric}")] = value
    last = values[max(values)]
    last.update({f"cost/{name}": float(getattr(progress, name)) for name in _COSTS})
    return values


def _name(words: str) -> str:
    return _NOT_IN_NAMES.sub("_", words)


def _plain(value: Any) -> Any:
    """A value that every tracker takes as a setting."""
    return value if isinstance(value, bool | int | float | str | None) else json.dumps(value)


def _read_notes(place: Path) -> dict[str, Shown]:
    if not place.is_file():
        return {}
    try:
        notes = parse_json(place.read_bytes(), str(place))
        return TypeAdapter(dict[str, Shown]).validate_python(notes)
    except (ValidationError, CrossLiftError) as error:
        raise ArtifactError(
            f"the note of what a tracker shows is damaged: {place}",
            remedy="delete it: the tracker then begins a new run of this step",
        ) from error
