"""`crosslift doctor`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from rich.table import Table
from rich.text import Text

from crosslift.artifacts.disk_errors import make_folder
from crosslift.artifacts.environment import remembered_environment
from crosslift.artifacts.places import home
from crosslift.artifacts.versions import package_versions
from crosslift.cli.output import console_for, write_json
from crosslift.errors import CrossLiftError
from crosslift.results.command_output import HealthCheck, MachineHealth
from crosslift.wording import memory

_LEAST_FREE = 5 * 10**9


def show(json_to: str | None) -> None:
    """Prints the facts of this machine, and checks what CrossLift needs."""
    checks = [
        _check("embedded encoder", _encoder),
        _check("embedded pictures and names", _concepts),
        _check("embedded gettext catalogs", _catalogs),
        _check("free disk", _disk),
        _check("precision", _precision),
        _check("sentence-transformers (to use exports; optional)", _sentence_transformers),
        _check("translation of training data (optional)", _translation),
    ]
    facts = remembered_environment()
    console = console_for(json_to)
    table = Table("what", "state", "")
    for check in checks:
        state = Text("good", style="green") if check.ok else Text("bad", style="red")
        table.add_row(check.what, state, check.told)
    console.print(table)
    packages = package_versions()
    lines = {name: value for name, value in facts.items() if name not in packages}
    lines["packages"] = ", ".join(f"{name} {version}" for name, version in packages.items())
    for name, value in lines.items():
        console.print(Text.assemble((name, "dim"), f": {value}"))
    write_json(MachineHealth(checks=tuple(checks), environment=dict(facts)), json_to)


def _check(what: str, look: Callable[[], str]) -> HealthCheck:
    try:
        return HealthCheck(what=what, ok=True, told=look())
    except CrossLiftError as error:
        return HealthCheck(what=what, ok=False, told=str(error))


def _encoder() -> str:
    from crosslift.encoders.embedded import embedded_folder

    return str(embedded_folder())


def _concepts() -> str:
    from crosslift.sources.pictograms import load_concepts

    return f"{len(load_concepts()):,} concepts"


def _catalogs() -> str:
    from crosslift.sources.gettext_catalogs import load_catalogs

    return f"{len(load_catalogs().languages)} languages"


def _disk() -> str:
    place = make_folder(home())
    free = shutil.disk_usage(place).free
    free_space = f"{memory(free)} free in {place}"
    if free < _LEAST_FREE:
        raise CrossLiftError(free_space, memory(_LEAST_FREE), "free some, or set CROSSLIFT_HOME")
    return free_space


def _precision() -> str:
    from crosslift.encoders.precision import resolve_precision

    return f"auto is {resolve_precision('auto')} on {remembered_environment()['device']}"


def _sentence_transformers() -> str:
    try:
        return version("sentence-transformers")
    except PackageNotFoundError:
        return "not installed: pip install sentence-transformers"


def _translation() -> str:
    from crosslift.sources.translation.apertium import installation, packages

    models = "seq2seq through transformers"
    apt_packages = " ".join(packages(("es", "ca")))
    try:
        apertium = installation()
    except CrossLiftError as error:
        return f"{models}; no apertium ({error.what}): apt-get install {apt_packages}"
    pairs_from_english = [pair for code, pair in apertium.from_english.items() if "_" not in code]
    pairs = ", ".join(pairs_from_english) or f"no pair from English: apt-get install {apt_packages}"
    return f"{models}; apertium {apertium.version}: {pairs}"
