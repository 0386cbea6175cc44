"""Checks of fields that settings of several rooms share. Loads no torch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

_EXPECTED = {
    "tuple_type": "a list in brackets: [A, B]",
    "list_type": "a list in brackets: [A, B]",
    "dict_type": "a mapping (NAME: VALUE)",
    "model_type": "a mapping (NAME: VALUE)",
    "model_attributes_type": "a mapping (NAME: VALUE)",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "path_type": "a path",
}
"""Type of an error of pydantic -> expected value, in plain words."""


def expected_words(detail: Mapping[str, Any]) -> str:
    """The expected value of a setting, in words, from an error of pydantic.

    Args:
        detail: error from `ValidationError.errors()`.
    """
    if detail["type"] == "string_pattern_mismatch" and detail["ctx"]["pattern"] == NAME_PATTERN:
        return NAME_WORDS
    message = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return _EXPECTED.get(detail["type"], message)


NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"
NAME_WORDS = "lower-case letters (a to z), digits, and . _ - after the first, without spaces"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""Type of a name that is part of the names of files."""


def name_like(text: str) -> str:
    """The valid name that is most like a text, such as ``my-study-1`` of ``My Study (1)``.

    Letters lose their accents, and other characters become hyphens. A text without letters (a to z) and
    digits becomes ``study``.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", plain).strip("._-") or "study"


def _each_once(values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    for place, value in enumerate(values or ()):
        if value in (values or ())[:place]:
            entry = value if isinstance(value, (str, int, float)) else f"entry {place + 1}"
            raise ValueError(f"each entry once; {entry!r} appears twice")
    return values


EachOnce = AfterValidator(_each_once)
"""Validator of a tuple (or None): refuses repeated entries, so that nothing counts twice."""
