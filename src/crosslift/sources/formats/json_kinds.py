"""What a file with JSON inside holds: a list, an object, or an object a line."""

from __future__ import annotations

import re
from typing import Literal

JsonKind = Literal["list", "object", "lines", "other"]

_LINES = re.compile(r"\}[ \t\r]*\n\s*\{")
"""An object, a line feed, an object: this occurs in no valid JSON text, not even in a string."""


def json_kind(text: str) -> JsonKind:
    """What the text of a file is, to judge by its beginning.

    Args:
        text: of the file, or its first part; a byte order mark and space before it do not count.

    Returns:
        "list" (``[``), "object" (``{``), "lines" (one object a line, two lines at least), or
        "other" (no JSON table).
    """
    beginning = text.removeprefix("\ufeff").lstrip()[:1]
    if beginning == "[":
        return "list"
    if beginning != "{":
        return "other"
    return "lines" if _LINES.search(text) else "object"
