"""Keys of artifacts: the hash of everything that made them."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def key_of(content: Mapping[str, Any]) -> str:
    """The key of a JSON-like value: SHA-256 of its canonical JSON, 32 hexadecimal digits."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@functools.cache
def code_version(*modules: str) -> str:
    """A version of the code of some modules and packages, found from the code itself.

    It is a hash of their syntax trees, docstrings left out: editing a comment or a docstring
    changes nothing, editing what runs does, and nobody has to remember to raise a number.

    Args:
        modules: dotted names; a package stands for all modules in it.
    """
    total = hashlib.sha256()
    for module in modules:
        for path in _files_of(module):
            total.update(f"{module}:{path.name}\n".encode())
            total.update(_syntax(path).encode())
    return total.hexdigest()[:16]


def _files_of(module: str) -> Sequence[Path]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    origin = Path(spec.origin)
    return sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]


def _syntax(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
