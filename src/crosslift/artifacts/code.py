"""The code that makes an artifact: found from the code itself, so that nobody has to list it.

A module's import closure is the module and everything of its own package that it imports, wherever the
import is written and however far down. Imports for type checkers alone are no part of it, and neither
are the rooms in `NOT_IN_ARTIFACTS`.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

NOT_IN_ARTIFACTS = ("crosslift.cli", "crosslift.reports")
"""Packages that show what was made, and make nothing."""


def import_closure(modules: Iterable[str]) -> frozenset[str]:
    """The modules that some modules execute by importing one another, themselves included.

    Args:
        modules: dotted names.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    closure: set[str] = set()
    waiting = [module for module in modules if _counts(module)]
    while waiting:
        module = waiting.pop()
        if module not in closure:
            closure.add(module)
            waiting += [name for name in _read(module).imports if name not in closure]
    return frozenset(closure)


def code_of(modules: Iterable[str]) -> dict[str, str]:
    """Module -> a hash of its syntax tree, docstrings left out, in the order of the names.

    Editing a comment or a docstring changes nothing; editing what runs does. The hash is the same in
    every version of Python.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    return {module: _read(module).digest for module in sorted(modules)}


def _counts(module: str) -> bool:
    return not any(module == out or module.startswith(f"{out}.") for out in NOT_IN_ARTIFACTS)


class _Module(NamedTuple):
    """What a module's file says.

    Args:
        imports: the modules of its own package that it imports, and the packages it lies in.
        digest: see `code_of`.
    """

    imports: frozenset[str]
    digest: str


@functools.cache
def _read(module: str) -> _Module:
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    names = {parent for name in _imported_names(module, tree) for parent in (name, *_parents(name))}
    names.update(_parents(module))
    return _Module(frozenset(name for name in names if _counts(name)), _digest(tree))


def _parents(module: str) -> Iterator[str]:
    """The packages that a module lies in, but the top one: that only declares names."""
    parts = module.split(".")
    for end in range(2, len(parts)):
        yield ".".join(parts[:end])


def _imported_names(module: str, tree: ast.Module) -> Iterator[str]:
    top = module.partition(".")[0] + "."
    package = module if _is_package(module) else module.rpartition(".")[0]
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(top))
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            if f"{base}.".startswith(top):
                names = (_module_of(base, alias.name) for alias in node.names)
                yield from (name for name in names if name.startswith(top))


def _module_of(base: str, name: str) -> str:
    """The module that `from base import name` executes: `base` or one in it."""
    own = f"{base}.{name}"
    return own if _is_package(base) and _spec(own) is not None else base


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree but those for type checkers alone."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _digest(tree: ast.AST) -> str:
    pieces: list[str] = []
    _write(tree, pieces)
    return hashlib.sha256(",".join(pieces).encode()).hexdigest()[:16]


def _write(value: object, pieces: list[str]) -> None:
    """Appends a text of a syntax tree that is the same in every version of Python.

    Versions add fields to nodes and disagree on whether an empty one is there, so fields without a
    value are left out. Statements that are a text alone, such as docstrings, are left out too.
    """
    if isinstance(value, ast.AST):
        pieces.append(type(value).__name__)
        for name, held in _filled(value):
            pieces.append(name)
            _write(held, pieces)
        pieces.append(")")
    elif isinstance(value, list):
        for each in value:
            _write(each, pieces)
        pieces.append("]")
    else:
        pieces.append(ascii(value))  # what `repr` escapes depends on a version's Unicode tables


def _filled(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields of a node that have a value."""
    for name in node._fields:
        held = getattr(node, name, None)
        if isinstance(held, list):
            held = [each for each in held if not _is_text(each)]
            if isinstance(node, ast.JoinedStr):
                held = _joined(held)
        if held is not None and held != []:
            yield name, held


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
    except ModuleNotFoundError:
        return None
