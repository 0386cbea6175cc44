"""Which engine the options of a command choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosslift.errors import StudyError

if TYPE_CHECKING:
    from crosslift.engines.crew import Engine


def chosen_engine(
    name: str,
    workers: int | None,
    threads: int | None,
    devices: int,
    address: str | None,
    options: Sequence[str] | None,
) -> Engine | None:
    """The engine that the options of a command choose; None: this process.

    Args:
        name: of the engine.
        workers, threads: of the engine; None: its defaults.
        devices: accelerators of each worker.
        address: of a Ray cluster.
        options: of Slurm's jobs, each ``NAME=VALUE``.

    Raises:
        UnknownNameError: there is no such engine.
        StudyError: an option that the engine does not have.
    """
    from crosslift.engines.all_engines import EngineOptions, engine_named

    jobs: dict[str, str] = {}
    for text in options or ():
        option, equals, value = text.partition("=")
        if not (equals and option and value):
            raise StudyError(f"--engine-option {text!r}", "NAME=VALUE, such as slurm_partition=cpu")
        jobs[option] = value
    return engine_named(name, EngineOptions(workers, threads, devices, address, jobs))
