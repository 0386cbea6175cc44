"""Checked values of the JSON objects that captions are published in."""

from __future__ import annotations

from typing import Any

from crosslift.sources.formats.rows import Row, short


def name_of(row: Row, name: str) -> str:
    """A text or whole number that names something, as text.

    Raises:
        DataError: it is missing, empty or of another type.
    """
    value = row.value(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise row.fault(f"{name!r} is {short(value)}", "a text or a whole number")
    return str(value).strip()


def captions_of(row: Row, name: str, value: Any) -> tuple[str, ...]:
    """One or more captions.

    Args:
        row: row that holds the captions.
        name: name of the value, for errors.
        value: the value itself.

    Raises:
        DataError: it is not a list of one or more texts, or a text is empty.
    """
    is_list = isinstance(value, list) and value and all(isinstance(text, str) for text in value)
    if not is_list or not all(text.strip() for text in value):
        raise row.fault(f"{name} is {short(value)}", "a list of one or more captions")
    return tuple(text.strip() for text in value)
