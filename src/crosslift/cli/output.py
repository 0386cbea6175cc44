"""Printing, and the JSON that every command can write."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
from rich.text import Text

from crosslift.artifacts.files import file_written_whole
from crosslift.results.result_record import ResultRecord


def console_for(json_to: str | None) -> Console:
    """The console for human readers: standard error if JSON goes to standard output.

    It prints strings literally: brackets are not markup, and `:cat:` is not an emoji. Style comes from
    `Text`.
    """
    return Console(stderr=json_to == "-", markup=False, emoji=False, highlight=False)


def warn(console: Console, title: str, words: str) -> None:
    """Prints a paragraph with a title in red."""
    console.print(Text.assemble("\n", (title, "bold red"), f" {words}"), soft_wrap=True)


def bar_for(console: Console, *columns: ProgressColumn, transient: bool = False) -> Progress:
    """A progress bar with the description of its task and the share that is done.

    Args:
        console: console to show it on; nothing is shown if it is not a terminal.
        columns: further columns.
        transient: whether the bar disappears at the end.
    """
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        *columns,
        console=console,
        disable=not console.is_terminal,
        transient=transient,
    )


class ShowsBar:
    """Shows its progress bar while its block runs."""

    _bar: Progress

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.__exit__(kind, error, trace)


def write_json(
    content: ResultRecord | Sequence[ResultRecord] | Mapping[str, Any], json_to: str | None
) -> None:
    """Writes records as JSON to a file, to standard output ('-'), or nowhere (None).

    Args:
        content: a record, several, or a JSON object whose keys are not fields, such as names of tasks.
        json_to: path of the file, ``-`` or None.

    Anything other than a plain file (`/dev/stderr`, a pipe) is written to, not replaced.
    """
    if json_to is None:
        return
    text = json.dumps(_plain(content), ensure_ascii=False, indent=2) + "\n"
    if json_to == "-":
        sys.stdout.write(text)
        return
    path = Path(json_to)
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
        return
    with file_written_whole(path) as draft:
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")


def _plain(content: ResultRecord | Sequence[ResultRecord] | Mapping[str, Any]) -> Any:
    if isinstance(content, ResultRecord):
        return content.to_json()
    return content if isinstance(content, Mapping) else [each.to_json() for each in content]
