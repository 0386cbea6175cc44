"""Declared things of one kind by name: CrossLift's, those of other packages, and your own.

Another package declares a thing by an entry point, whose name is the thing's name and whose value is
where the thing is. Names are read without an import; the package is imported when one of its names is
used, or when everything is listed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, TypeVar

from crosslift.errors import StudyError, first_line
from crosslift.extensions.origin import (
    Origin,
    file_of_module,
    follow_code,
    origin_of_module,
)

What = Literal["target", "task", "metric", "form"]
Kind = TypeVar("Kind")


class Registry(Mapping[str, Kind]):
    """Name -> declared thing. An iteration over names imports nothing; reading a value imports its
    module.

    Args:
        what: kind of thing. Entry points are in the group ``crosslift.targets`` and so on.
        kind: its class.
        ours: CrossLift's own, in the order of lists; each has a ``name``.
        reserved: other names that have a meaning for CrossLift where such a name is expected.
        families: prefix -> makes the thing from a name that begins with it, such as ``mteb:STS17``.
            Iterations do not include these names.
    """

    def __init__(
        self,
        what: What,
        kind: type[Any],
        ours: Iterable[Kind],
        reserved: Collection[str] = (),
        families: Mapping[str, Callable[[str], Kind]] | None = None,
    ) -> None:
        self.what = what
        self.group = f"crosslift.{what}s"
        self._kind = kind
        self._ours: dict[str, Kind] = {_name_of(each): each for each in ours}
        self._reserved = frozenset(reserved)
        self.families = families or {}
        self._registered: dict[str, tuple[Kind, Origin]] = {}
        self._loaded: dict[EntryPoint, Kind] = {}

    @property
    def ours(self) -> dict[str, Kind]:
        """CrossLift's own."""
        return self._ours

    def __getitem__(self, name: str) -> Kind:
        """The thing with a name.

        Raises:
            KeyError: there is none.
            StudyError: two packages declare it, or its package cannot be imported.
        """
        self.refuse_clash(name)
        if name in self._ours:
            return self._ours[name]
        if name in self._registered:
            return self._registered[name][0]
        family = self._family(name)
        if family is not None:
            return family(name)
        return self._load(self._entries()[name][0])

    def __iter__(self) -> Iterator[str]:
        others = (name for name in self._entries() if name not in self._reserved)
        return iter(dict.fromkeys((*self._ours, *self._registered, *others)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        named = name in self._ours or name in self._registered or name in self._entries()
        return named or self._family(name) is not None

    def _family(self, name: object) -> Callable[[str], Kind] | None:
        """The function that makes a thing from a name of a family; None: no family has the name."""
        if not isinstance(name, str) or name in self._registered or name in self._entries():
            return None
        prefixes = (each for each in self.families if name.startswith(each) and name != each)
        return next((self.families[prefix] for prefix in prefixes), None)

    def register(self, thing: Kind, module: str) -> None:
        """Adds a thing; one of the same name from the same module is replaced.

        Args:
            thing: the thing to add.
            module: module that declares it.

        Raises:
            StudyError: it is of another class, the name is taken, or the module has no file.
        """
        if file_of_module(module) is None:
            raise StudyError(
                f"a {self.what} declared in {module}, which is no file",
                "a module: results are made by code that can be compared later",
                "write the declaration into a .py file, and import it",
            )
        name = self._checked_name(thing, f"module {module}")
        others = [o for o in self._declared_by(name) if o.module != module]
        origin = origin_of_module(module)
        if others:
            raise self._clash(name, [*others, origin])
        follow_code(thing, module)
        self._registered[name] = (thing, origin)

    def origin(self, name: str) -> Origin | None:
        """The package or module that declares a name; None: CrossLift itself, or nothing."""
        if name in self._registered:
            return self._registered[name][1]
        entries = self._entries().get(name, ())
        return _origin_of_entry(entries[0]) if entries and name not in self._ours else None

    def refuse_clash(self, name: str) -> None:
        """Raises if a name is declared twice.

        Raises:
            StudyError: it names both packages.
        """
        origins = self._declared_by(name)
        if len(origins) > 1:
            raise self._clash(name, origins)

    def _declared_by(self, name: str) -> list[Origin]:
        origins = [_CROSSLIFT] if name in self._ours or name in self._reserved else []
        origins += [self._registered[name][1]] if name in self._registered else []
        return origins + [_origin_of_entry(entry) for entry in self._entries().get(name, ())]

    def _clash(self, name: str, origins: Iterable[Origin]) -> StudyError:
        return StudyError(
            f"{self.what} {name!r} is declared by {' and by '.join(o.words for o in origins)}",
            f"each {self.what} declared once",
            "rename one of them, or remove one of the packages",
        )

    def _entries(self) -> Mapping[str, tuple[EntryPoint, ...]]:
        return _entries_of(self.group, tuple(sys.path))

    def _load(self, entry: EntryPoint) -> Kind:
        if entry not in self._loaded:
            words = _origin_of_entry(entry).words
            try:
                thing: Kind = entry.load()
            except Exception as error:  # whatever the code of another package raises
                raise StudyError(
                    f"{self.what} {entry.name!r} of {words} cannot be loaded: "
                    f"{type(error).__name__}: {first_line(error)}",
                    f"{entry.value}, of the class {self._kind.__name__}",
                    f"repair or remove {words}",
                ) from error
            name = self._checked_name(thing, words)
            if name != entry.name:
                raise StudyError(
                    f"the entry point {entry.name!r} of {words} is a {self.what} called {name!r}",
                    "the same name",
                )
            follow_code(thing, entry.module)
            self._loaded[entry] = thing
        return self._loaded[entry]

    def _checked_name(self, thing: object, where: str) -> str:
        if not isinstance(thing, self._kind):
            raise StudyError(
                f"a {self.what} of {where} is a {type(thing).__name__}",
                f"an object of the class {self._kind.__name__}",
            )
        return _name_of(thing)


def _name_of(thing: object) -> str:
    name: str = thing.name  # type: ignore[attr-defined]  # every kind of declaration has one
    return name


_CROSSLIFT = Origin("crosslift", "crosslift", "itself")


@lru_cache(maxsize=16)
def _entries_of(group: str, path: tuple[str, ...]) -> Mapping[str, tuple[EntryPoint, ...]]:
    """Name -> entry points of a group, in alphabetical order.

    Args:
        group: group of the entry points.
        path: where Python looks for packages: it decides what is found.
    """
    del path
    entries: dict[str, tuple[EntryPoint, ...]] = {}
    for entry in sorted(entry_points(group=group), key=lambda each: (each.name, each.value)):
        entries[entry.name] = (*entries.get(entry.name, ()), entry)
    return entries


def _origin_of_entry(entry: EntryPoint) -> Origin:
    if entry.dist is None:
        return Origin(entry.module)
    return Origin(entry.module, entry.dist.name, entry.dist.version)
