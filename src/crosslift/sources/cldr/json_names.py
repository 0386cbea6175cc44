"""CLDR's emoji names in JSON: the npm packages of annotations, and one list of all languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from crosslift.errors import DataError
from crosslift.sources.cldr.emoji_ids import id_of_code_points, id_of_text


class Name(NamedTuple):
    """The name of one emoji in one locale.

    Args:
        locale: as the publication writes it (``pt_PT``, ``zh-Hant``).
        id: of the emoji, without FE0F.
        text: the name.
    """

    locale: str
    id: str
    text: str


def names_of_package_file(path: Path) -> Iterator[Name]:
    """The names in ``LOCALE/annotations.json`` of ``cldr-annotations-full`` or its derived sister.

    A locale without names has no list of them.

    Raises:
        DataError: the file is no such JSON.
    """
    content = _parsed(path.read_bytes(), str(path))
    try:
        outer = content.get("annotations") or content["annotationsDerived"]
        for emoji, facts in outer.get("annotations", {}).items():
            for text in facts.get("tts", ())[:1]:
                yield Name(path.parent.name, id_of_text(emoji), _text(text, str(path)))
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} holds no emoji names ({error!r})",
            'JSON such as {"annotations": {"annotations": {"😀": {"tts": ["grinning face"]}}}}',
        ) from error


def names_of_list(path: Path) -> Iterator[Name]:
    """The names in a file of JSON lines, one emoji a line.

    Raises:
        DataError: a line has another shape.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield from _names_of_line(line, f"{path}, line {number}")


def _names_of_line(line: bytes, where: str) -> Iterator[Name]:
    row = _parsed(line, where)
    if not (
        isinstance(row, dict)
        and isinstance(row.get("names"), dict)
        and isinstance(row.get("id"), str)
    ):
        raise DataError(
            f"{where} is no emoji with names",
            '{"id": "1F600", "names": {"de": "grinsendes Gesicht"}}',
        )
    emoji = id_of_code_points(row["id"])
    for locale, text in row["names"].items():
        yield Name(locale, emoji, _text(text, where))


def _parsed(data: bytes, where: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise DataError(f"{where} is not valid JSON: {error}", "JSON in UTF-8") from error


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: the name {value!r}", "a text")
    return value
