"""Workers on a Ray cluster, or on a cluster of this machine alone. Ray Core places them; it needs the
extra ``crosslift[ray]``."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from crosslift.engines.crew import Ended, Start
from crosslift.engines.job import JobFolder
from crosslift.engines.machine import usable_processors
from crosslift.engines.needs import Needs, Room
from crosslift.engines.processes import thread_variables
from crosslift.engines.work import work
from crosslift.errors import StudyError

_NO_ANSWER = (
    "start one with `ray start --head` and give its address, or leave out --address for a cluster of "
    "this machine"
)
_PASSED_ON = ("CROSSLIFT_", "HF_", "XDG_CACHE_HOME", "APERTIUM_", "WNHOME", "TRANSFORMERS_")
"""Beginnings of the names of variables that decide where files are."""
_FIRST_LINE = 300
_PATIENCE = 5.0
"""Seconds for a cluster to answer."""


@dataclass(frozen=True, slots=True)
class Ray:
    """Workers of a Ray cluster; each is a Ray task until it ends.

    Args:
        workers: number of workers.
        threads: threads of each worker, which Ray counts as processors.
        address: address of the cluster, such as ``10.0.0.1:6379``, ``ray://10.0.0.1:10001`` or
            ``auto``; None: a new one on this machine, which ends with the run.
        devices: accelerators of each worker.

    Raises:
        StudyError: fewer than one worker or thread.
    """

    workers: int
    threads: int = 1
    address: str | None = None
    devices: int = 0

    def __post_init__(self) -> None:
        if self.workers < 1 or self.threads < 1:
            raise StudyError(f"{self.workers} workers of {self.threads} threads", "at least one")

    @contextlib.contextmanager
    def open(self, folder: JobFolder, needs: Needs) -> Iterator[Start]:
        """See `crosslift.engines.crew.Engine`."""
        ray = _ray()
        own = not ray.is_initialized()
        if own:
            self._connect(ray, needs)
        try:
            self._check_room(ray, needs)
            remote = ray.remote(work).options(
                num_cpus=self.threads,
                num_gpus=self.devices,
                memory=needs.memory or None,
                max_retries=0,
                scheduling_strategy="SPREAD",
                runtime_env={"env_vars": self._variables()},
            )

            def start(name: str) -> _Task:
                return _Task(ray, remote.remote(str(folder.root), name))

            yield start
        finally:
            if own:
                ray.shutdown()

    def _connect(self, ray: ModuleType, needs: Needs) -> None:
        settings: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if self.address is None:
            if self.threads > usable_processors():
                room = Room(usable_processors(), math.inf, math.inf)
                needs.check("this machine", self.threads, self.devices, room)
            os.environ.setdefault(
                "RAY_worker_niceness", "0"
            )  # else our workers yield to all others
            processors = self.workers * self.threads
            settings |= {"num_cpus": processors, "include_dashboard": False}
        elif not _answers(self.address):
            raise StudyError(
                f"no Ray cluster at {self.address}: nothing answers", remedy=_NO_ANSWER
            )
        try:
            ray.init(address=self.address or "local", **settings)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
            place = f"at {self.address}" if self.address else "on this machine"
            raise StudyError(
                f"no Ray cluster {place}: {str(error).splitlines()[0][:_FIRST_LINE]}",
                remedy=_NO_ANSWER,
            ) from error

    def _check_room(self, ray: ModuleType, needs: Needs) -> None:
        """Raises unless one node at least has room for a worker."""
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if not nodes:
            raise StudyError("the Ray cluster has no living node", remedy=_NO_ANSWER)
        refusal: StudyError | None = None
        for room in sorted(map(_room, nodes), reverse=True):
            try:
                place = "the largest node of the Ray cluster"
                needs.check(place, self.threads, self.devices, room)
            except StudyError as error:
                refusal = refusal or error
            else:
                return
        if refusal is not None:
            raise refusal

    def _variables(self) -> dict[str, str]:
        passed_on = {n: value for n, value in os.environ.items() if n.startswith(_PASSED_ON)}
        path = os.pathsep.join(filter(None, sys.path))  # own modules that this process finds
        return {**passed_on, "PYTHONPATH": path, **thread_variables(self.threads)}


def _room(resources: Mapping[str, float]) -> Room:
    """What a node has."""
    return Room(
        float(resources.get("CPU", 0.0)),
        float(resources.get("memory", 0.0)),
        float(resources.get("GPU", 0.0)),
    )


class _Task:
    """A worker that is a Ray task."""

    def __init__(self, ray: ModuleType, reference: Any) -> None:
        self._ray = ray
        self._reference = reference

    def ended(self) -> Ended | None:
        """See `crosslift.engines.crew.WorkerHandle`."""
        ended, _ = self._ray.wait([self._reference], timeout=0)
        if not ended:
            return None
        try:
            refusal = self._ray.get(self._reference)
        except self._ray.exceptions.RayTaskError as error:
            return Ended(str(error.cause).strip() or type(error.cause).__name__)
        except self._ray.exceptions.RayError as error:
            return Ended(f"{type(error).__name__}: {str(error).splitlines()[0][:_FIRST_LINE]}")
        return Ended(refusal, refused=bool(refusal))

    def kill(self) -> None:
        """See `crosslift.engines.crew.WorkerHandle`."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.cancel(self._reference, force=True)


def _answers(address: str) -> bool:
    """Whether something listens at ``host:port``; Ray itself tries for minutes. True for a name."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return True
    try:
        with socket.create_connection((host, int(port)), timeout=_PATIENCE):
            return True
    except (OSError, OverflowError):
        return False


def _ray() -> ModuleType:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise StudyError(
            "the engine `ray` needs Ray, which is not installed",
            remedy="pip install 'crosslift[ray]'",
        ) from error
    module: ModuleType = ray
    return module
