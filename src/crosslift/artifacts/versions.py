"""The versions of all software that can change a number: packages, programs, and the project."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import crosslift

PROJECT = "crosslift"
NOT_INSTALLED = "not installed"
CHANGED = ", changed since"
UNDECLARED = ("torchvision",)
"""Packages that change numbers and cannot be declared: torchvision has to fit the installed torch."""
NOT_IN_NUMBERS = frozenset(
    {
        "cloudpickle",
        "filelock",
        "jinja2",
        "matplotlib",
        "mlflow",
        "packaging",
        "platformdirs",
        "psutil",
        "pydantic",
        "pyyaml",
        "ray",
        "rich",
        "submitit",
        "tensorboard",
        "threadpoolctl",
        "trackio",
        "typer",
        "wandb",
    }
)
"""Declared packages that change no number: they display, lock, start workers, track, or read settings
(in the key)."""

_DEV = "dev"
_PROGRAMS = ("apertium",)
_FOLDER = Path(crosslift.__file__).resolve().parent
_SECONDS = 20.0


@functools.cache
def package_versions() -> dict[str, str]:
    """Package -> its version, or ``not installed``: all that the project declares, extras included."""
    names = [*declared_packages(_FOLDER), *UNDECLARED]
    return {name: _installed_version(name) for name in sorted(set(names))}


def declared_packages(folder: Path) -> list[str]:
    """The packages that the project requires, including all extras but ``dev``.

    They are read from ``pyproject.toml`` if the package is used from its source, because the
    metadata of an editable installation may be outdated; else from the installed metadata.

    Args:
        folder: folder of the package ``crosslift``.
    """
    path = folder.parents[1] / "pyproject.toml"
    project = _project_table(path)
    if project:
        extras = {n: r for n, r in project["optional-dependencies"].items() if n != _DEV}
        return _names([*project["dependencies"], *(r for some in extras.values() for r in some)])
    metadata = importlib.metadata.metadata(PROJECT)
    extras_of = [e for e in metadata.get_all("Provides-Extra") or () if e != _DEV]
    return _names(importlib.metadata.requires(PROJECT) or (), extras_of)


def _project_table(path: Path) -> dict[str, dict[str, list[str]]]:
    if not path.is_file():
        return {}
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    return table if table.get("name") == PROJECT else {}


def _names(requirements: Iterable[str], extras: Sequence[str] = ()) -> list[str]:
    required = [Requirement(text) for text in requirements]
    applicable = [
        each
        for each in required
        if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in ("", *extras))
    ]
    return sorted({canonicalize_name(each.name) for each in applicable})


def _installed_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return NOT_INSTALLED


def program_versions() -> dict[str, str]:
    """Program outside Python -> its version, or ``not installed``."""
    return {name: _program_version(name) for name in _PROGRAMS}


def _program_version(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        return NOT_INSTALLED
    version = re.search(r"\d+(\.\d+)+", _output([program, "-V"]) or "")
    return version[0] if version else "unknown"


def project_facts(folder: Path = _FOLDER) -> dict[str, str]:
    """The project's version, and the commit of its source if there is one.

    Args:
        folder: folder of the package: git looks there, never in the current directory.

    Returns:
        ``crosslift``: the version; ``commit``: its hash, with ``, changed since`` if a file of the
        package differs from it or is not in it; ``none`` if the package is in no repository.
    """
    commit = _checked_out(folder) or _installed_from(folder) or "none"
    return {PROJECT: crosslift.__version__, "commit": commit}


def _checked_out(folder: Path) -> str | None:
    # a virtual environment may lie in a repository of something else, which does not track it
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    commit, status = _git(folder, "rev-parse", "HEAD"), _git(folder, "status", "--porcelain", ".")
    if not commit or status is None:
        return None
    return commit.strip() + (CHANGED if status.strip() else "")


def _installed_from(folder: Path) -> str | None:
    """The commit that pip installed the package from (PEP 610)."""
    try:
        installed = importlib.metadata.distribution(PROJECT)
    except importlib.metadata.PackageNotFoundError:
        return None
    if Path(str(installed.locate_file(PROJECT))).resolve() != folder:
        return None
    source = json.loads(installed.read_text("direct_url.json") or "{}")
    commit: str | None = source.get("vcs_info", {}).get("commit_id")
    return commit


def _git(folder: Path, *arguments: str) -> str | None:
    if shutil.which("git") is None:
        return None
    return _output(["git", "--no-optional-locks", "-C", str(folder), *arguments])


def _output(command: Sequence[str]) -> str | None:
    """The output of a program; None if it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            command, capture_output=True, env=clean, timeout=_SECONDS, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
