"""Errors of a command, printed in words and without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from crosslift.artifacts.field_checks import expected_words
from crosslift.cli.moved_options import moved_option_error
from crosslift.errors import shorten


def exit_with_words(error: Exception) -> NoReturn:
    """Prints an error that a user can correct, and ends the process.

    Args:
        error: wrong usage, a setting out of range, an unusable file, or a bug in CrossLift.

    Raises:
        Exception: the error itself, if it is a bug in CrossLift.
    """
    words = _words(error)
    if words is not None:
        print_error(words)
        sys.exit(2)
    show = getattr(error, "show", None)  # wrong usage: the command-line library prints it
    if show is None:
        raise error
    show()
    sys.exit(getattr(error, "exit_code", 2))


def print_error(text: str) -> None:
    """Prints an error to standard error, its first line in bold red."""
    from rich.console import Console
    from rich.text import Text

    first, _, rest = text.partition("\n")
    console = Console(stderr=True, soft_wrap=True)
    console.print(Text(first, style="bold red"))
    if rest:
        console.print(Text(rest))


def _words(error: Exception) -> str | None:
    """The error in plain words; None if the command-line library prints it, or it is a bug in
    CrossLift."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError) and error.title.endswith("Settings"):
        return "\n".join(_fault(detail) for detail in error.errors())
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {shorten(str(error.filename), 200)}"
    moved_error = moved_option_error(error)
    return None if moved_error is None else str(moved_error)


def _fault(detail: Mapping[str, Any]) -> str:
    """The fault of a setting, in one line."""
    name = ".".join(map(str, detail["loc"]))
    expected = expected_words(detail)
    if not name:  # a fault of several settings together
        return expected
    return f"{name}: {shorten(repr(detail.get('input')), 200)}: {expected}"
