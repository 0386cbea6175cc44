"""Installs a small package of extensions, or one that its test writes, on the path of Python."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from crosslift.artifacts import code
from crosslift.forms.declared_forms import FORMS
from crosslift.metrics.table import METRICS
from crosslift.targets.all_targets import TARGETS
from crosslift.tasks.all_tasks import TASKS

PROVERBS = Path(__file__).parent / "extension_package"
"""A package with a target, a task, a metric and a form."""


def install(project: Path, site: Path) -> Path:
    """Puts a project's modules and its metadata into a folder, as pip does."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = table["name"].replace("-", "_")
    shutil.copytree(project / name, site / name, dirs_exist_ok=True)
    write_metadata(site, table["name"], table["version"], table["entry-points"])
    (site / f"{name}-{table['version']}.dist-info" / "top_level.txt").write_text(name)
    return site / name


def write_metadata(
    site: Path, name: str, version: str, groups: Mapping[str, Mapping[str, str]]
) -> None:
    """Writes the folder that says which package is installed, with which entry points."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")


def use(site: Path, monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Puts a folder first on Python's path, as in a new process: these modules are not loaded yet."""
    monkeypatch.syspath_prepend(str(site))
    forget(*modules)


def forget(*modules: str) -> None:
    """Forgets modules, as a new process does."""
    for name in list(sys.modules):
        if name.partition(".")[0] in modules:
            del sys.modules[name]
    for registry in (TARGETS, TASKS, METRICS, FORMS):
        registry._loaded.clear()
    code._read.cache_clear()
    code._spec.cache_clear()
