"""The options of an engine, declared once for every command that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crosslift.errors import StudyError

if TYPE_CHECKING:
    from crosslift.engines.crew import Engine


def engine_options(
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="E",
            help="local: one step after another. processes: several at once on this machine. ray, "
            "slurm: on a cluster.",
        ),
    ] = "local",
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, metavar="N", help="Workers of the engine."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            metavar="N",
            help="Threads of each worker. They affect its rounding.",
        ),
    ] = None,
    devices: Annotated[
        int,
        typer.Option(
            "--devices", min=0, metavar="N", help="Accelerators of each worker of the engine."
        ),
    ] = 0,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="A",
            help="Address of a Ray cluster. Default: a new one on this machine.",
        ),
    ] = None,
    engine_option: Annotated[
        list[str] | None,
        typer.Option(
            "--engine-option",
            metavar="NAME=VALUE",
            help="Options of Slurm's jobs, named as in submitit: slurm_partition=cpu, timeout_min=600.",
        ),
    ] = None,
) -> Engine | None:
    """A group that makes an engine; None: this process.

    Raises:
        UnknownNameError: there is no such engine.
        StudyError: the engine does not have an option, or an option is not NAME=VALUE.
    """
    from crosslift.engines.all_engines import EngineOptions, engine_named

    jobs: dict[str, str] = {}
    for text in engine_option or ():
        option, equals, value = text.partition("=")
        if not (equals and option and value):
            raise StudyError(f"--engine-option {text!r}", "NAME=VALUE, such as slurm_partition=cpu")
        jobs[option] = value
    return engine_named(engine, EngineOptions(workers, threads, devices, address, jobs))
