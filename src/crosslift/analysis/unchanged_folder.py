"""Whether a run folder is up to date. A run with nothing left to do does not write such a folder again.

The last file that is written into a folder, ``written.json``, has a hash of everything that the results
are made from, a hash of the code and packages that wrote the report, and the size and time of change of
every file. It loads nothing that computes or draws.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crosslift
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.store import Store
from crosslift.artifacts.versions import package_versions
from crosslift.results.partial_run import UNFINISHED_FILE
from crosslift.results.run_folder import EXPLORER_PAGE, REPORT

if TYPE_CHECKING:  # `crosslift report` of an unchanged folder loads none of these
    from crosslift.planning.plan import Plan
    from crosslift.steps.run import StepRecord
    from crosslift.studies.registration import Registered

WRITTEN_FILE = "written.json"
_NOT_COMPARED = (WRITTEN_FILE, UNFINISHED_FILE, EXPLORER_PAGE)


def source_of(
    plan: Plan, store: Store, records: Sequence[StepRecord], registered: Registered | None
) -> str:
    """A hash of everything that the results of a run are made from, beside the code.

    Args:
        plan: finished plan of the run.
        store: store of its artifacts.
        records: records of its steps.
        registered: the lock of the study; None: it has none.
    """
    return key_of(
        {
            "study": plan.study.model_dump(mode="json"),
            "failures": plan.failures,
            "targets": {name: _target_facts(loaded.data) for name, loaded in plan.targets.items()},
            "steps": [_step_facts(record) for record in records],
            "store": str(store.root),
            "registered": None if registered is None else _lock_facts(registered),
        }
    )


def _target_facts(data: Any) -> list[Any]:
    """What a run says of a target's data that no key of a step has."""
    return [
        list(data.languages),
        dict(data.gaps),
        dict(data.notes),
        {code: dict(counts) for code, counts in data.left_out.items()},
        dict(data.unread),
        [asdict(model) for model in data.published],
    ]


def _step_facts(record: StepRecord) -> list[Any]:
    made = record.manifest
    times = [made.started, made.seconds, made.peak_bytes]
    return [record.step.key, made.digest, list(record.other_code), times, made.environments]


def _lock_facts(registered: Registered) -> list[Any]:
    place, lock, differences = registered
    return [place.name, lock.model_dump(mode="json"), list(differences)]


def note_written(folder: Path, source: str | None = None) -> None:
    """Records that the results or the report of a folder were written now.

    Args:
        folder: folder of the run, with its report.
        source: see `source_of`; None: the results are those of before.

    Raises:
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    earlier = _noted(folder)
    content = {
        "source": earlier.get("source") if source is None else source,
        "code": _code(),
        "files": _files(folder),
    }
    with file_written_whole(folder / WRITTEN_FILE) as draft:
        draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def results_are_current(folder: Path, source: str) -> bool:
    """Whether a folder holds the results and the report that would be written now.

    Args:
        folder: folder of a run; it need not exist.
        source: see `source_of`.
    """
    return _noted(folder).get("source") == source and report_is_current(folder)


def report_is_current(folder: Path) -> bool:
    """Whether the same code and packages made the folder's report from the files that are there now."""
    noted = _noted(folder)
    files = noted.get("files")
    return (
        isinstance(files, dict)
        and REPORT in files
        and _files(folder) == files
        and noted.get("code") == _code()
    )


def _noted(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / WRITTEN_FILE).read_bytes())
    except (OSError, ValueError):  # an earlier version wrote none, or it is damaged: write again
        return {}
    return content if isinstance(content, dict) else {}


def _files(folder: Path) -> dict[str, list[int]]:
    """Name of each file of a folder -> its size and time of change."""
    states = {
        path.relative_to(folder).as_posix(): path.stat()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in _NOT_COMPARED
    }
    return {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()}


def _code() -> str:
    """A hash of the files of this package, and of the versions of those it uses."""
    top = Path(crosslift.__file__).parent
    summed = hashlib.sha256(json.dumps(package_versions()).encode())
    for path in sorted(top.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            summed.update(path.relative_to(top).as_posix().encode() + b"\0" + path.read_bytes())
    return summed.hexdigest()[:32]
