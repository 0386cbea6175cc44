"""Finds the code that makes an artifact, from the code itself, so that there is no list to maintain.

A module's import closure is the module and every module of its package and of CrossLift that it
imports, directly or through others, at any place in the code. Imports only for type checkers are not
part of it, and neither are the packages in `NOT_IN_ARTIFACTS`.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import sys
from collections.abc import Collection, Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

NOT_IN_ARTIFACTS = ("crosslift.cli", "crosslift.reports")
"""Packages that display artifacts and make none."""

_CROSSLIFT = "crosslift"


def import_closure(modules: Iterable[str]) -> frozenset[str]:
    """The modules that some modules execute by importing one another, themselves included.

    Args:
        modules: dotted names.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    closure: set[str] = set()
    pending = [module for module in modules if _makes_artifacts(module)]
    while pending:
        module = pending.pop()
        if module not in closure:
            closure.add(module)
            pending += [name for name in _read(module).imports if name not in closure]
    return frozenset(closure)


def code_of(modules: Iterable[str]) -> dict[str, str]:
    """Module -> a hash of its syntax tree, docstrings left out, in the order of the names.

    Editing a comment or a docstring does not change the hash; editing code that runs does. The hash is
    the same in every version of Python.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    return {module: _read(module).digest for module in sorted(modules)}


def _makes_artifacts(module: str) -> bool:
    return not any(module == room or module.startswith(f"{room}.") for room in NOT_IN_ARTIFACTS)


class _Module(NamedTuple):
    """The imports and the hash of a module's file.

    Args:
        imports: modules of its package and of CrossLift that it imports, and the packages that contain
            it.
        digest: see `code_of`.
    """

    imports: frozenset[str]
    digest: str


@functools.cache
def _read(module: str) -> _Module:
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    names = {parent for name in _imported_names(module, tree) for parent in (name, *_parents(name))}
    names.update(_parents(module))
    return _Module(frozenset(name for name in names if _makes_artifacts(name)), _digest(tree))


def _parents(module: str) -> Iterator[str]:
    """The packages that contain a module; not CrossLift itself, which only declares names."""
    parts = module.split(".")
    for end in range(2 if parts[0] == _CROSSLIFT else 1, len(parts)):
        yield ".".join(parts[:end])


def _imported_names(module: str, tree: ast.Module) -> Iterator[str]:
    tops = {module.partition(".")[0], _CROSSLIFT}
    package = module if _is_package(module) else module.rpartition(".")[0]
    for node in _executed_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_followed(alias.name, tops))
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names = (_module_of(base, alias.name) for alias in node.names)
            if base.partition(".")[0] in tops:
                yield from (name for name in names if _is_followed(name, tops))


def _is_followed(module: str, tops: Collection[str]) -> bool:
    """Whether an import is part of the closure: CrossLift itself only declares names."""
    return module != _CROSSLIFT and module.partition(".")[0] in tops


def _module_of(base: str, name: str) -> str:
    """The module that `from base import name` executes: `base` or one in it."""
    submodule = f"{base}.{name}"
    return submodule if _is_package(base) and _spec(submodule) is not None else base


def _executed_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree except nodes only for type checkers."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)


def _digest(tree: ast.AST) -> str:
    pieces: list[str] = []
    _write(tree, pieces)
    return hashlib.sha256(",".join(pieces).encode()).hexdigest()[:16]


def _write(value: object, pieces: list[str]) -> None:
    """Appends a text of a syntax tree that is the same in every version of Python.

    Versions add fields to nodes and disagree on whether an empty field exists, so fields without a
    value are left out. Statements that are only a string, such as docstrings, are left out too.
    """
    if isinstance(value, ast.AST):
        pieces.append(type(value).__name__)
        for name, field in _filled_fields(value):
            pieces.append(name)
            _write(field, pieces)
        pieces.append(")")
    elif isinstance(value, list):
        for each in value:
            _write(each, pieces)
        pieces.append("]")
    else:
        pieces.append(ascii(value))  # what `repr` escapes depends on a version's Unicode tables


def _filled_fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields of a node that have a value."""
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            value = [each for each in value if not _is_text(each)]
            if isinstance(node, ast.JoinedStr):
                value = _joined(value)
        if value is not None and value != []:
            yield name, value


def _joined(parts: list[ast.expr]) -> list[object]:
    """The parts of an f-string. Versions of Python split its constant text in different ways."""
    joined: list[object] = []
    for part in parts:
        text = part.value if isinstance(part, ast.Constant) else part
        last = joined[-1] if joined else None
        if isinstance(text, str) and isinstance(last, str):
            joined[-1] = last + text
        elif text != "":
            joined.append(text)
    return joined


def _is_text(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _file(module: str) -> Path:
    if module == "__main__":
        return Path(str(getattr(sys.modules[module], "__file__", "a script without a file")))
    spec = _spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return Path(spec.origin)


def _is_package(module: str) -> bool:
    spec = _spec(module)
    return spec is not None and spec.submodule_search_locations is not None


@functools.cache
def _spec(module: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # a script that is run has no spec
        return None
