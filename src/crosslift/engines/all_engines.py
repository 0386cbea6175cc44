"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from crosslift.errors import StudyError, UnknownNameError

if TYPE_CHECKING:
    from crosslift.engines.crew import Engine

LOCAL = "local"


def _processes(
    workers: int, threads: int | None, address: str | None, options: Mapping[str, str]
) -> Engine:
    from crosslift.engines.processes import Processes

    _refuse("processes", address, options)
    return Processes(workers, threads or 0)


def _ray(
    workers: int, threads: int | None, address: str | None, options: Mapping[str, str]
) -> Engine:
    from crosslift.engines.ray_cluster import Ray

    _refuse("ray", None, options)
    return Ray(workers, threads or 1, address)


def _slurm(
    workers: int, threads: int | None, address: str | None, options: Mapping[str, str]
) -> Engine:
    from crosslift.engines.slurm import Slurm

    _refuse("slurm", address, {})
    return Slurm(workers, threads or 1, {name: _value(text) for name, text in options.items()})


def _refuse(name: str, address: str | None, options: Mapping[str, str]) -> None:
    if address is not None:
        raise StudyError(f"the engine `{name}` has no --address", "--engine ray")
    if options:
        given = ", ".join(options)
        raise StudyError(f"the engine `{name}` has no --engine-option {given}", "--engine slurm")


def _value(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


_ENGINES: Mapping[str, Callable[..., Engine]] = {
    "processes": _processes,
    "ray": _ray,
    "slurm": _slurm,
}


def engine_named(
    name: str,
    workers: int | None = None,
    threads: int | None = None,
    address: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Engine | None:
    """An engine.

    Args:
        name: ``processes``, ``ray``, ``slurm``; ``local``: steps one after another in this process.
        workers: how many; None: as many as this machine has processors for their threads.
        threads: of each worker; None: the engine's default.
        address: of a Ray cluster.
        options: of Slurm's jobs, as submitit names them.

    Returns:
        The engine; None for ``local``.

    Raises:
        UnknownNameError: there is no such engine.
        StudyError: it has no such option.
    """
    if name == LOCAL:
        if workers not in (None, 1) or threads or address or options:
            raise StudyError(
                "the engine `local` makes one step after another in this process",
                "no --workers, --threads, --address or --engine-option",
                "--engine processes makes several steps at once on this machine",
            )
        return None
    if name not in _ENGINES:
        raise UnknownNameError("engine", name, (LOCAL, *_ENGINES))
    from crosslift.engines.machine import usable_processors

    count = max(1, usable_processors() // (threads or 1)) if workers is None else workers
    return _ENGINES[name](count, threads, address, options or {})
