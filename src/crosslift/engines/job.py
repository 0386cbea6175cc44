"""The messages between an engine's crew and its workers, in files of the store that they share.

STORE/engines/<token>.lease     of the process that started the engine; workers stop when it is gone
STORE/engines/<token>/
    job.pkl            the steps, and what a worker must agree with
    stop               exists when workers are to stop at their next checkpoint
    failed/<key>.json  of a step that cannot be made: why
    workers/<name>.jsonl    what a worker does, a line for each event
"""

from __future__ import annotations

import contextlib
import importlib
import json
import pickle
import platform
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cloudpickle

from crosslift.artifacts.code import code_of
from crosslift.artifacts.disk_errors import make_folder
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.leases import Lease, owner_is_alive, seconds_unchanged
from crosslift.artifacts.versions import NOT_IN_NUMBERS, PROJECT, package_versions, project_facts
from crosslift.errors import ArtifactError, CrossLiftError, StudyError
from crosslift.steps.step import Step

if TYPE_CHECKING:
    from crosslift.training.trackers.tracker import Tracker

ENGINES = "engines"
Happened = Literal["join", "begin", "advance", "end", "fail", "leave"]
_MOST_NAMED = 3
_TOKEN_BYTES = 8
_DAY = 24 * 3600.0


def software() -> dict[str, str]:
    """Everything that must be the same for all workers of a job: versions that can change a number."""
    versions = {n: v for n, v in package_versions().items() if n not in NOT_IN_NUMBERS}
    return {**versions, PROJECT: project_facts()[PROJECT], "python": platform.python_version()}


@dataclass(frozen=True)
class Job:
    """The work of an engine's workers.

    Args:
        steps: steps to make, each after its inputs.
        ranks: key of a step -> its rank (see `frontier`).
        store: folder of the artifacts.
        keep_going: other steps continue if a step cannot be made.
        trust_code: use artifacts that other code made.
        threads: threads of each worker.
        code: module that takes part -> hash of its code.
        software: see the function `software`.
        tracker: shows training steps while they train. None: nothing does.
    """

    steps: tuple[Step, ...]
    ranks: Mapping[str, float]
    store: str
    keep_going: bool
    trust_code: bool
    threads: int
    code: Mapping[str, str]
    software: Mapping[str, str] = field(default_factory=software)
    tracker: Tracker | None = None

    def refusal(self) -> str | None:
        """Why this process may not work on the job; None if it may.

        Modules of other packages are imported: they may register forms and metrics.
        """
        try:
            code = code_of(self.code)
            for name in self.code:
                if name.partition(".")[0] != PROJECT:
                    importlib.import_module(name)
        except ModuleNotFoundError as error:
            return f"the module {error.name or error} is not installed"
        modules = [name for name in self.code if code[name] != self.code[name]]
        if modules:
            return f"other code of CrossLift: {_first_few(modules)}"
        here = software()
        others = [
            f"{name} {here.get(name)} instead of {wanted}"
            for name, wanted in self.software.items()
            if here.get(name) != wanted
        ]
        return f"other versions: {_first_few(others)}" if others else None


def _first_few(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a worker.

    Args:
        worker: its name.
        happened: kind of the event. `leave`: the worker ends; with words if steps are left.
        key: key of the step; empty: no step.
        seconds: seconds that the step took (`end`).
        share: share of the step that is done (`advance`).
        words: progress of the step in words (`advance`), or why the worker ends (`leave`).
    """

    worker: str
    happened: Happened
    key: str = ""
    seconds: float = 0.0
    share: float = 0.0
    words: str = ""


class WorkerLog:
    """Writes the events of a worker.

    Args:
        path: path of its file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, happened: Happened, **facts: Any) -> None:
        """Adds an event."""
        self._file.write(json.dumps({"happened": happened, **facts}) + "\n")
        self._file.flush()


class JobFolder:
    """The folder of a job.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stop = root / "stop"
        self.lease = root.with_suffix(".lease")
        self._read_to: dict[Path, int] = {}

    @classmethod
    @contextlib.contextmanager
    def new(cls, store: Path) -> Iterator[JobFolder]:
        """A new folder in a store, deleted after the block. Folders of dead crews are deleted first.

        Raises:
            ArtifactError: the store cannot be written.
        """
        for old in (store / ENGINES).glob("*/"):
            lease = old.with_suffix(".lease")
            if not owner_is_alive(lease, patience=0) or seconds_unchanged(lease) > _DAY:
                shutil.rmtree(old, ignore_errors=True)
        place = cls(store / ENGINES / secrets.token_hex(_TOKEN_BYTES))
        with Lease(
            place.lease
        ).acquire():  # before the folder, which is taken for a dead crew's else
            try:
                for folder in (place.root / "workers", place.root / "failed"):
                    make_folder(folder)
                yield place
            finally:
                shutil.rmtree(place.root, ignore_errors=True)

    def write(self, job: Job) -> None:
        """Writes the job.

        Raises:
            ArtifactError: it cannot be written.
            StudyError: it has an object that cannot be sent to another process.
        """
        try:
            content = cloudpickle.dumps(job)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise StudyError(
                f"a step cannot be sent to workers: {error}",
                "objects that Python can pickle",
                "leave out the engine: this process then makes all steps",
            ) from error
        with file_written_whole(self.root / "job.pkl") as draft:
            draft.write_bytes(content)

    def read(self) -> Job:
        """The job. The file is code: it is read only from the user's own store.

        Raises:
            ArtifactError: this machine does not see the store.
            ModuleNotFoundError: a module that the study uses is missing here.
        """
        path = self.root / "job.pkl"
        if not path.is_file():
            raise ArtifactError(
                f"it does not see {path}; all machines must see the store at the same path "
                "(--store on a file system that they share)"
            )
        job: Job = cloudpickle.loads(path.read_bytes())
        return job

    def log(self, worker: str) -> WorkerLog:
        """The log of a worker."""
        return WorkerLog(self.root / "workers" / f"{worker}.jsonl")

    def new_events(self) -> Iterator[Event]:
        """The events of all workers since the last call."""
        for path in sorted((self.root / "workers").glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._read_to.get(path, 0))
                content = file.read()
            whole, _, _ = content.rpartition(b"\n")  # the last line may be half written
            if whole:
                self._read_to[path] = self._read_to.get(path, 0) + len(whole) + 1
                for line in whole.splitlines():
                    yield Event(worker=path.stem, **json.loads(line))

    def note_failure(self, key: str, error: CrossLiftError) -> None:
        """Notes that a step cannot be made."""
        content: dict[str, str | None] = {"kind": type(error).__name__, "what": error.what}
        content |= {"expected": error.expected, "remedy": error.remedy}
        with file_written_whole(self.root / "failed" / f"{key}.json") as draft:
            draft.write_text(json.dumps(content), encoding="utf-8")

    def failures(self) -> dict[str, CrossLiftError]:
        """Key of a step that cannot be made -> why."""
        paths = (self.root / "failed").glob("[!.]*.json")
        return {path.stem: _error(json.loads(path.read_bytes())) for path in sorted(paths)}

    def failed_keys(self) -> set[str]:
        """Keys of the steps that cannot be made."""
        return {path.stem for path in (self.root / "failed").glob("[!.]*.json")}


def _error(content: Mapping[str, Any]) -> CrossLiftError:
    """An error that a worker noted; it has its class if that accepts the same arguments."""
    kinds = {kind.__name__: kind for kind in CrossLiftError.__subclasses__()}
    kind = kinds.get(content["kind"], CrossLiftError)
    if kind.__init__ is not CrossLiftError.__init__:
        kind = CrossLiftError
    return kind(content["what"], content["expected"], content["remedy"])
