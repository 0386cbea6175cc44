"""The kind of JSON in a file: a list, an object, or an object a line."""

from __future__ import annotations

import re
from typing import Literal

JsonKind = Literal["list", "object", "lines", "other"]

_LINES = re.compile(r"\}[ \t\r]*\n\s*\{")
"""An object, a line feed, an object: this occurs in no valid JSON text, not even in a string."""


def json_kind(text: str) -> JsonKind:
    """The kind of JSON in a text, judging by its beginning.

    Args:
        text: text of the file, or its first part; a leading byte order mark and space are ignored.

    Returns:
        "list" (``[``), "object" (``{``), "lines" (one object a line, at least two lines), or
        "other" (no JSON table).
    """
    beginning = text.removeprefix("\ufeff").lstrip()[:1]
    if beginning == "[":
        return "list"
    if beginning != "{":
        return "other"
    return "lines" if _LINES.search(text) else "object"
