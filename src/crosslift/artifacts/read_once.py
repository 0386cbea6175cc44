"""Data that one run reads once: the run owns the data, and frees it when it ends.

An entry point (a command, `run_study`, `evaluate`, ...) opens a block with `reading_once`. Inside it,
a function with the decorator `read_once` runs once for the same arguments, however many arms, seeds
and targets call it. So a run sees one state of its files, and the next run in the same process
sees what has changed since. Outside a block, nothing is cached.

A block belongs to the context (`contextvars`) that opened it. Work that a run gives to other threads
uses the same block if it runs in a copy of the context: ``pool.submit(copy_context().run, work)``.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Read:
    """The result of one call; threads that need it at the same time wait for the first."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._results: list[Any] = []

    def result(self, read: Callable[[], T]) -> T:
        with self._lock:
            if not self._results:
                self._results.append(read())
            result: T = self._results[0]
            return result


class _Reads:
    """The results of a block: function -> key -> result, the latest used last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[object, OrderedDict[Hashable, _Read]] = {}

    def entry(self, function: object, key: Hashable, most: int | None) -> _Read:
        with self._lock:
            entries = self._of.setdefault(function, OrderedDict())
            entry = entries.setdefault(key, _Read())
            entries.move_to_end(key)
            if most is not None and len(entries) > most:
                entries.popitem(last=False)
            return entry


_reads: ContextVar[_Reads | None] = ContextVar("_reads", default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """A block in which every function with `read_once` reads the same data once.

    It is also a decorator. A block inside another one is part of the outer one.
    """
    if _reads.get() is not None:
        yield
        return
    token = _reads.set(_Reads())
    try:
        yield
    finally:
        _reads.reset(token)


def read_once(
    *, key: Callable[..., Hashable] | None = None, most: int | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Lets a function run once for the same arguments within a block of `reading_once`.

    All callers share the result, so no caller may change it. A call that raises is not cached.

    Args:
        key: function from the arguments to the value that decides the result. None: the arguments,
            which are hashable.
        most: most results of a function that are cached at once; beyond that, the least recently used
            one is dropped, and read again when it is needed. None: all, until the block ends.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def read(*args: P.args, **kwargs: P.kwargs) -> T:
            reads = _reads.get()
            if reads is None:
                return function(*args, **kwargs)
            place = key(*args, **kwargs) if key else (args, tuple(sorted(kwargs.items())))
            entry = reads.entry(function, place, most)
            return entry.result(lambda: function(*args, **kwargs))

        return read

    return decorate
