"""Finds the modules that define the objects of a step: the task, the form, the target."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from pydantic import BaseModel

from crosslift.extensions.origin import followed_packages, top_of

_MOST_LOOKED_AT = 100
"""Most elements of a collection to look at; longer collections hold records or texts, all of one
kind."""
_PLAIN = (str, bytes, int, float, bool, complex, type(None))


def _is_followed(module: str) -> bool:
    return module.startswith("crosslift.") or top_of(module) in followed_packages()


class HeldByManySteps:
    """An object that many steps of a plan hold and that never changes, such as a target with its data:
    the modules behind it are found once."""

    def modules_behind(self, skip: type) -> frozenset[str]:
        """The result of the function `modules_behind` for this object."""
        known: dict[type, frozenset[str]] = self.__dict__.setdefault("_modules_behind", {})
        if skip not in known:
            known[skip] = _walk(self, skip)
        return known[skip]


def modules_behind(value: object, skip: type) -> frozenset[str]:
    """The modules in which the classes and functions of a value are defined, and of all values that it
    holds: modules of CrossLift, and of packages and modules that declare something for it.

    An object that loads more code when it is used names the modules in an attribute ``code_modules``.

    Args:
        value: object to look at, such as the job of a step.
        skip: class of objects to leave out.
    """
    return value.modules_behind(skip) if isinstance(value, HeldByManySteps) else _walk(value, skip)


def _walk(value: object, skip: type) -> frozenset[str]:
    modules: set[str] = set()
    passed_over = (*_PLAIN, skip)
    visited: set[int] = set()
    waiting: list[object] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, passed_over) or id(each) in visited:
            continue
        visited.add(id(each))
        if isinstance(each, HeldByManySteps) and each is not value:
            modules.update(each.modules_behind(skip))
            continue
        modules.update(_own_modules(each))
        waiting += _held(each)
    return frozenset(modules)


def _own_modules(value: object) -> Iterator[str]:
    """The modules that define an object: a function, or the class of an object and its base classes."""
    if isinstance(value, FunctionType | BuiltinFunctionType | MethodType):
        names: Iterable[str | None] = [value.__module__]
    else:
        kind = value if isinstance(value, type) else type(value)
        names = [each.__module__ for each in kind.__mro__]
    yield from (name for name in names if name and _is_followed(name))
    yield from getattr(value, "code_modules", ())


def _held(value: object) -> list[Any]:
    """The values that an object holds: elements, arguments, or attributes of CrossLift's objects."""
    if isinstance(value, Mapping):
        return [each for pair in islice(value.items(), _MOST_LOOKED_AT) for each in pair]
    if isinstance(value, list | tuple | set | frozenset):
        return list(islice(value, _MOST_LOOKED_AT))
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, MethodType):
        return [value.__self__]
    if isinstance(value, FunctionType):
        return [cell.cell_contents for cell in value.__closure__ or ()]
    if isinstance(value, type) or not _is_followed(type(value).__module__):
        return []
    if isinstance(value, BaseModel):
        return list(vars(value).values())
    if is_dataclass(value):
        return [getattr(value, each.name, None) for each in fields(value)]
    return list(getattr(value, "__dict__", {}).values())
