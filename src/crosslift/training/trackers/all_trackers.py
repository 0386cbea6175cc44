"""The trackers by name. Each stays on this machine unless its own variable names a server."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosslift.artifacts.disk_errors import make_folder
from crosslift.errors import UnknownNameError
from crosslift.training.trackers.tracker import Tracker

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker


class TensorBoard(Tracker):
    """Event files in FOLDER/tensorboard: a folder for each run."""

    name = "tensorboard"

    def open(self, run: str, earlier: str | None) -> GeneralTracker:
        """See `Tracker`. A run that continues has another event file in its folder."""
        del earlier
        return self._started(run, self.folder / self.name)


class Trackio(Tracker):
    """Trackio's own local database. `TRACKIO_SPACE_ID` names a space of the hub to send to."""

    name = "trackio"

    def open(self, run: str, earlier: str | None) -> GeneralTracker:
        """See `Tracker`."""
        del earlier
        return self._started(self.project, name=run, resume="allow")


class WeightsAndBiases(Tracker):
    """Offline runs in FOLDER/wandb, for `wandb sync`. `WANDB_MODE=online` sends them."""

    name = "wandb"

    def open(self, run: str, earlier: str | None) -> GeneralTracker:
        """See `Tracker`."""
        del earlier
        make_folder(self.folder)
        mode = os.environ.get("WANDB_MODE", "offline")
        where = {"dir": str(self.folder), "mode": mode, "settings": {"silent": True}}
        return self._started(self.project, name=run, id=run, resume="allow", **where)


class MLflow(Tracker):
    """The database FOLDER/mlflow.db. `MLFLOW_TRACKING_URI` names a server to send to."""

    name = "mlflow"

    def open(self, run: str, earlier: str | None) -> GeneralTracker:
        """See `Tracker`. MLflow chooses the ids of runs."""
        self.check()
        artifacts = None
        if "MLFLOW_TRACKING_URI" not in os.environ:
            make_folder(self.folder)
            database = (self.folder / "mlflow.db").absolute()
            importlib.import_module(self.name).set_tracking_uri(f"sqlite:///{database}")
            artifacts = (self.folder / self.name).absolute().as_uri()
        return self._started(self.project, run_id=earlier, run_name=run, logging_dir=artifacts)

    def id_of(self, opened: Any) -> str | None:
        """The id of MLflow's run."""
        return str(opened.tracker.info.run_id)


_TRACKERS: dict[str, type[Tracker]] = {
    kind.name: kind for kind in (TensorBoard, Trackio, WeightsAndBiases, MLflow)
}
TRACKING = "tracking"
"""Folder in that of a run into which trackers write."""


def check_tracker(name: str) -> None:
    """Raises if a tracker cannot be used.

    Args:
        name: name of the tracker.

    Raises:
        UnknownNameError: there is no such tracker.
        StudyError: its package is not installed.
    """
    _kind(name).check()


def tracker_named(
    name: str, project: str, folder: Path, owners: Mapping[str, Sequence[str]]
) -> Tracker:
    """A tracker.

    Args:
        name: such as ``tensorboard``.
        project, folder, owners: see `Tracker`.

    Raises:
        UnknownNameError: there is no such tracker.
        StudyError: its package is not installed.
    """
    check_tracker(name)
    return _kind(name)(project, folder, owners)


def _kind(name: str) -> type[Tracker]:
    if name not in _TRACKERS:
        raise UnknownNameError("tracker", name, _TRACKERS)
    return _TRACKERS[name]
