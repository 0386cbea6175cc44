"""Parses JSON of any origin: whatever is wrong with the text, the project's own error says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from crosslift.errors import CrossLiftError, DataError

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Pairs = list[tuple[str, Any]]
"""Keys and values of a JSON object in the order of the text."""


def parse_json(
    text: str | bytes,
    place: str,
    *,
    error: type[CrossLiftError] = DataError,
    remedy: str | None = None,
    object_hook: Callable[[Pairs], Any] | None = None,
) -> Any:
    """Returns the value of a JSON text.

    Args:
        text: JSON; bytes are UTF-8.
        place: file, and row where there are several, as the error names it.
        error: the error to raise.
        remedy: what the error advises.
        object_hook: makes the value of an object out of its pairs (default: a dict; of a repeated
            key the last value).

    Raises:
        CrossLiftError: ``error``, where the text is not UTF-8, not JSON, nested too deep, holds a
            number of too many digits or half of a surrogate pair, which no UTF-8 file can hold.
    """
    try:
        content = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(content, object_pairs_hook=object_hook)
    except RecursionError as fault:
        raise error(f"{place}: JSON is nested too deep", "valid JSON", remedy) from fault
    except ValueError as fault:
        raise error(f"{place}: not JSON: {fault}", "valid JSON", remedy) from fault
    if _ESCAPED_SURROGATE.search(content) and _SURROGATE.search(
        json.dumps(value, ensure_ascii=False)
    ):
        raise error(f"{place}: half of a surrogate pair in a text", "whole characters", remedy)
    return value
