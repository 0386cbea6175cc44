"""Every room imports only rooms that are below it in the table of docs/architecture.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "crosslift"


def rooms() -> list[str]:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`.+?`) \|", page, re.MULTILINE)
    return [room for cell in first_cells for room in re.findall(r"`(\w+)`", cell)]


def imported_rooms(room: str) -> dict[str, list[str]]:
    """Room that a room imports -> the modules that import it."""
    imported: dict[str, list[str]] = {}
    for path in sorted((SOURCES / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                name = module.removeprefix("crosslift.").partition(".")[0]
                is_room = module.startswith("crosslift.") and name in rooms()
                if is_room and name != room:
                    imported.setdefault(name, []).append(str(path.relative_to(SOURCES)))
    return imported


def test_the_table_holds_every_room_once() -> None:
    folders = {path.parent.name for path in SOURCES.glob("*/__init__.py")}
    assert sorted(rooms()) == sorted(folders)


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    below = rooms()[rooms().index(room) + 1 :]
    upward = {name: where for name, where in imported_rooms(room).items() if name not in below}
    assert not upward
