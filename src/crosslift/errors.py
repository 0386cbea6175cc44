"""Errors for users: what is wrong (with the value), what was expected, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

_MOST_LISTED = 12
_MOST_LETTERS = 100
_MOST_NEAR = 5


class CrossLiftError(Exception):
    """Base of every error that CrossLift raises on purpose.

    Args:
        what: what is wrong, with the offending value.
        expected: what was expected instead; None where ``what`` already says it.
        remedy: what to do next; None where nothing can be done.
    """

    def __init__(self, what: str, expected: str | None = None, remedy: str | None = None) -> None:
        self.what = encodable(what)
        self.expected = encodable(expected) if expected is not None else None
        self.remedy = encodable(remedy) if remedy is not None else None
        parts = [self.what]
        if self.expected:
            parts.append(f"Expected: {self.expected}")
        if self.remedy:
            parts.append(f"Next: {self.remedy}")
        super().__init__("\n".join(parts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its parts, whatever a subclass is made from: ranks send their errors."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(
    kind: type[CrossLiftError], args: tuple[Any, ...], parts: dict[str, Any]
) -> CrossLiftError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(parts)
    return error


class DataError(CrossLiftError):
    """Input data that cannot be used as it is: files, texts, pictures, matrices."""


class EncoderError(CrossLiftError):
    """A text encoder or image tower that cannot be found, read or used."""


class ArtifactError(CrossLiftError):
    """An artifact of the store that is missing, corrupt or cannot be written."""


class StudyError(CrossLiftError):
    """A study that cannot be run as it is written."""


class TrainingError(CrossLiftError):
    """A training step that cannot continue."""


class UnknownNameError(CrossLiftError):
    """A name that is not in a list of legal names.

    Args:
        kind: the kind of thing that has the name, in the singular ("task", "target", "arm").
        name: the unknown name.
        legal: every legal name.
        listed_by: the command that lists them all; None: there is none.
    """

    def __init__(
        self, kind: str, name: str, legal: Iterable[str], listed_by: str | None = None
    ) -> None:
        names = sorted(legal)
        near = nearest(name, names)
        hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else None
        expected = f"one of {legal_names(name, names, listed_by)}"
        super().__init__(f"unknown {kind} {name!r}", expected, hint)


def encodable(text: str) -> str:
    """A text that can be printed and written in UTF-8.

    A file's name may hold bytes that are not UTF-8. Python represents them as unpaired surrogates;
    they are written as ``\\udcff``.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def nearest(name: str, legal: Iterable[str], most: int = 2) -> list[str]:
    """The legal names closest in spelling to ``name``, best first, at most ``most`` of them."""
    return difflib.get_close_matches(name, list(legal), n=most, cutoff=0.6)


def legal_names(name: str, legal: Sequence[str], listed_by: str | None = None) -> str:
    """Legal names as an error lists them: all of a few; of many, those nearest to an unknown one.

    Args:
        name: the unknown name.
        legal: every legal name.
        listed_by: the command that lists them all; None: there is none.

    Example: ``51 names, the nearest: tatoeba, bitext, xtd10 (`crosslift targets` lists all)``.
    """
    listed = ", ".join(legal)
    if len(legal) <= _MOST_LISTED or len(listed) <= _MOST_LETTERS:
        return listed
    near = difflib.get_close_matches(name, legal, n=_MOST_NEAR, cutoff=0.4)
    some = f"the nearest: {', '.join(near)}" if near else f"such as {', '.join(legal[:_MOST_NEAR])}"
    where = f" (`{listed_by}` lists all)" if listed_by else ""
    return f"{len(legal)} names, {some}{where}"


def first_few(names: Sequence[str], most: int = 12) -> str:
    """Names as an error lists them: the first ones, and how many more there are.

    Example: 14 names, of which 12 are shown: ``a, b, ... l and 2 more``.
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def first_line(error: BaseException) -> str:
    """The message of another library's error, as ours quote it: its first line, else its type."""
    return (str(error).strip() or type(error).__name__).split("\n", 1)[0]


def shorten(text: str, most: int) -> str:
    """``text`` cut to ``most`` characters in its middle: names often differ at the end."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail].rstrip()}\u2026{text[len(text) - tail :].lstrip()}"
