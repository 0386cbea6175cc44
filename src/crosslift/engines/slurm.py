"""Workers that are jobs of a Slurm cluster, by submitit; it needs the extra ``crosslift[slurm]``."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosslift.engines.crew import Ended, Start
from crosslift.engines.job import JobFolder
from crosslift.engines.needs import GIB, Needs, Room
from crosslift.engines.processes import thread_variables
from crosslift.engines.work import work
from crosslift.errors import StudyError

_LONGEST_WORDS = 600
_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Slurm:
    """Jobs of a Slurm cluster, one for each worker. This process watches them through the store.

    Args:
        workers: number of workers.
        threads: threads of each worker.
        options: parameters of submitit's executor, such as ``slurm_partition`` and ``timeout_min``;
            ``cluster: local`` runs the jobs on this machine.
        devices: accelerators of each worker.

    Raises:
        StudyError: fewer than one worker or thread.
    """

    workers: int
    threads: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    devices: int = 0

    def __post_init__(self) -> None:
        if self.workers < 1 or self.threads < 1:
            raise StudyError(f"{self.workers} workers of {self.threads} threads", "at least one")

    @contextlib.contextmanager
    def open(self, folder: JobFolder, needs: Needs) -> Iterator[Start]:
        """See `crosslift.engines.crew.Engine`."""
        needs.check("a job", self.threads, self.devices, Room(math.inf, math.inf, math.inf))
        executor = self._executor(folder, needs)

        def start(name: str) -> _SlurmJob:
            return _SlurmJob(executor.submit(work, str(folder.root), name))

        yield start

    def _executor(self, folder: JobFolder, needs: Needs) -> Any:
        try:
            import submitit
        except ModuleNotFoundError as error:
            raise StudyError(
                "the engine `slurm` needs submitit, which is not installed",
                remedy="pip install 'crosslift[slurm]'",
            ) from error
        options = dict(self.options)
        cluster = options.pop("cluster", "slurm")
        variables = [f"export {name}={value}" for name, value in thread_variables(1).items()]
        settings: dict[str, Any] = {
            "name": "crosslift",
            "timeout_min": _MINUTES,
            "cpus_per_task": self.threads,
            "gpus_per_node": self.devices,
        }
        if needs.memory:
            settings["mem_gb"] = math.ceil(needs.memory / GIB)
        if cluster == "slurm":
            variables = [f"export {n}={v}" for n, v in thread_variables(self.threads).items()]
            settings["slurm_setup"] = variables
        try:
            executor = submitit.AutoExecutor(folder=folder.root / "slurm", cluster=cluster)
            executor.update_parameters(**settings | options)
        except (RuntimeError, NameError, ValueError, TypeError) as error:
            raise StudyError(
                f"Slurm's jobs cannot be described: {error}",
                "a machine with the command `sbatch`, and parameters that submitit knows",
                "--engine-option cluster=local tries the engine on this machine",
            ) from error
        return executor


class _SlurmJob:
    """A worker that is a job of Slurm."""

    def __init__(self, job: Any) -> None:
        self._job = job

    def ended(self) -> Ended | None:
        """See `crosslift.engines.crew.WorkerHandle`."""
        if not self._job.done():
            return None
        error = self._job.exception()
        if error is not None:
            return Ended(f"job {self._job.job_id}: {error}"[:_LONGEST_WORDS])
        refusal = self._job.result()
        return Ended(refusal, refused=bool(refusal))

    def kill(self) -> None:
        """See `crosslift.engines.crew.WorkerHandle`."""
        if not self._job.done():
            self._job.cancel()
