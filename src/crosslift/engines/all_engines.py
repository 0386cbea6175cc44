"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crosslift.errors import StudyError, UnknownNameError

if TYPE_CHECKING:
    from crosslift.engines.crew import Engine

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options of an engine in a command.

    Args:
        workers: number of workers; None: as many as the processors of this machine allow with these
            threads.
        threads: threads of each worker; None: the engine's default.
        devices: accelerators of each worker.
        address: address of a Ray cluster.
        jobs: options of Slurm's jobs, as submitit names them.
    """

    workers: int | None = None
    threads: int | None = None
    devices: int = 0
    address: str | None = None
    jobs: Mapping[str, str] = field(default_factory=dict)

    def count(self) -> int:
        """Number of workers."""
        from crosslift.engines.machine import usable_processors

        return self.workers or max(1, usable_processors() // (self.threads or 1))


def _processes(options: EngineOptions) -> Engine:
    from crosslift.engines.processes import Processes

    _refuse("processes", options.address, options.jobs)
    return Processes(options.count(), options.threads or 0, options.devices)


def _ray(options: EngineOptions) -> Engine:
    from crosslift.engines.ray_cluster import Ray

    _refuse("ray", None, options.jobs)
    return Ray(options.count(), options.threads or 1, options.address, options.devices)


def _slurm(options: EngineOptions) -> Engine:
    from crosslift.engines.slurm import Slurm

    _refuse("slurm", options.address, {})
    if options.workers is None:
        raise StudyError(
            "the engine `slurm` without --workers", "how many jobs to start", "--workers 8"
        )
    jobs = {name: _value(text) for name, text in options.jobs.items()}
    return Slurm(options.workers, options.threads or 1, jobs, options.devices)


def _refuse(name: str, address: str | None, options: Mapping[str, str]) -> None:
    if address is not None:
        raise StudyError(f"the engine `{name}` has no --address", "--engine ray")
    if options:
        names = ", ".join(options)
        raise StudyError(f"the engine `{name}` has no --engine-option {names}", "--engine slurm")


def _value(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


_ENGINES: Mapping[str, Callable[[EngineOptions], Engine]] = {
    "processes": _processes,
    "ray": _ray,
    "slurm": _slurm,
}


def engine_named(name: str, options: EngineOptions) -> Engine | None:
    """An engine.

    Args:
        name: ``processes``, ``ray``, ``slurm``; ``local``: steps one after another in this process.
        options: options of the engine.

    Returns:
        The engine; None for ``local``.

    Raises:
        UnknownNameError: there is no such engine.
        StudyError: it has no such option.
    """
    if name == LOCAL:
        if options != EngineOptions(workers=options.workers) or options.workers not in (None, 1):
            raise StudyError(
                "the engine `local` makes one step after another in this process",
                "no --workers, --threads, --devices, --address or --engine-option",
                "--engine processes makes several steps at once on this machine",
            )
        return None
    if name not in _ENGINES:
        raise UnknownNameError("engine", name, (LOCAL, *_ENGINES))
    return _ENGINES[name](options)
