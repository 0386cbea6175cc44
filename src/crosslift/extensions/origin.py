"""The package or module that declares a thing."""

from __future__ import annotations

import importlib.metadata
import sys
import sysconfig
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType

_tops: set[str] = set()


@dataclass(frozen=True, slots=True)
class Origin:
    """The package or module that declares a thing.

    Args:
        module: dotted name of the module.
        package: name of the installed package; empty: the module belongs to none.
        version: version of the package; empty: there is none.
    """

    module: str
    package: str = ""
    version: str = ""

    @property
    def words(self) -> str:
        """Its name in messages: ``PACKAGE VERSION``, or ``module NAME``."""
        return f"{self.package} {self.version}" if self.package else f"module {self.module}"


def origin_of_module(module: str) -> Origin:
    """The origin of what a module declares."""
    names = importlib.metadata.packages_distributions().get(top_of(module), ())
    if not names:
        return Origin(module)
    return Origin(module, names[0], importlib.metadata.version(names[0]))


def top_of(module: str) -> str:
    """The outermost package of a module, or the module itself."""
    return module.partition(".")[0]


def follow_code(declared: object, module: str) -> None:
    """Makes the code behind a declaration part of the code of every step that uses it.

    The module that declares it counts, and so do the classes and functions that it holds, unless they
    belong to another installed package. Everything that these import inside their own package counts.

    Args:
        declared: the declared thing, such as a target.
        module: module that declares it.
    """
    _tops.add(top_of(module))
    modules = {module_of(value) for value in _held(declared)}
    _tops.update(top for top in map(top_of, modules) if top and _is_own_file(top))


def followed_packages() -> frozenset[str]:
    """The outermost packages whose code is followed, without CrossLift's own."""
    return frozenset(_tops)


def module_of(value: object) -> str:
    """The module that defines a function, or the class of a value."""
    if isinstance(value, partial):
        return module_of(value.func)
    defined = value if isinstance(value, FunctionType | type) else type(value)
    return defined.__module__


def file_of_module(module: str) -> Path | None:
    """The file of a module; None where it has none, such as that of a notebook."""
    if module == "__main__":
        file = getattr(sys.modules["__main__"], "__file__", None)
        return None if file is None else Path(file)
    spec = find_spec(module)
    return None if spec is None or spec.origin is None else Path(spec.origin)


def _held(declared: object) -> list[object]:
    if not is_dataclass(declared) or isinstance(declared, type):
        return []
    return [getattr(declared, each.name) for each in fields(declared)]


@cache
def _is_own_file(top: str) -> bool:
    """Whether a module is neither CrossLift's, nor Python's, nor that of an installed package."""
    if top == "crosslift" or top in sys.stdlib_module_names:
        return False
    file = file_of_module(top)
    installed = (sysconfig.get_path(name) for name in ("purelib", "platlib"))
    return file is not None and not any(file.is_relative_to(folder) for folder in installed)
