"""The environment of a result: processor, device, threads, and versions. All facts are strings."""

from __future__ import annotations

import functools
import os
import platform
import resource
import sys
from collections.abc import Mapping, Sequence

from crosslift.artifacts.device import device_facts
from crosslift.artifacts.machine_answers import remembered
from crosslift.artifacts.processor import UNKNOWN, processor_facts
from crosslift.artifacts.versions import (
    NOT_IN_NUMBERS,
    NOT_INSTALLED,
    package_versions,
    program_versions,
    project_facts,
)

Environment = dict[str, str]
"""Name of a fact -> its value."""

_DESCRIPTIVE = frozenset({"system", "logical processors", "processors used", "crosslift", "commit"})
"""Facts that change no number. Each artifact records the project's code separately."""


def environment() -> Environment:
    """Every fact of this process that can change a number, and the facts that identify it.

    Loads torch. Facts that cannot change while the process runs are looked up once.
    """
    return _fixed() | device_facts()


def remembered_environment() -> Environment:
    """The environment for people to read. Facts that only torch knows may be remembered from an earlier
    process, if nothing that decides them has changed since (see `machine_answers`)."""
    of_device: Environment = remembered("device", device_facts)
    return _fixed() | of_device


@functools.cache
def _fixed() -> Environment:
    library = " ".join(platform.libc_ver()).strip()
    facts = {"python": platform.python_version(), "system": platform.platform()}
    facts |= {"machine": platform.machine(), "C library": library or UNKNOWN}
    facts |= {"logical processors": str(os.cpu_count())}
    return facts | processor_facts() | project_facts() | package_versions() | program_versions()


def as_recorded(facts: Mapping[str, str]) -> Environment:
    """The facts of a manifest. An earlier version recorded the accelerator only if there was one."""
    complete = "accelerator" in facts or "threads" not in facts
    return dict(facts) if complete else {**facts, "accelerator": "none"}


def differing_facts(environments: Sequence[Mapping[str, str]]) -> list[str]:
    """The facts that can change a number and differ between environments.

    A fact that an environment does not record is no difference, and neither is a package that one
    environment lacks: work without the package cannot depend on its version.

    Args:
        environments: environments to compare, for example of the steps of a run.

    Returns:
        Names of the facts, in the order in which they are recorded.
    """
    names = dict.fromkeys(name for facts in environments for name in facts)
    values = {name: {facts[name] for facts in environments if name in facts} for name in names}
    return [
        name
        for name, versions in values.items()
        if name not in _DESCRIPTIVE | NOT_IN_NUMBERS and len(versions - {NOT_INSTALLED}) > 1
    ]


def peak_bytes() -> int:
    """The highest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
