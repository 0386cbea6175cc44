"""CLDR's emoji names in JSON: the npm packages of annotations, and one list of all languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError
from crosslift.sources.cldr.emoji_ids import id_of_code_points, id_of_text
from crosslift.sources.formats.rows import lines_of, short


class Name(NamedTuple):
    """The name of one emoji in one locale.

    Args:
        locale: locale as written in the publication (``pt_PT``, ``zh-Hant``).
        id: id of the emoji, without FE0F.
        text: the name.
    """

    locale: str
    id: str
    text: str


def names_of_package_file(path: Path) -> Iterator[Name]:
    """The names in ``LOCALE/annotations.json`` of ``cldr-annotations-full`` or the derived package.

    A locale without names has no list of them.

    Raises:
        DataError: the file is not such JSON.
    """
    try:
        content = parse_json(path.read_bytes(), str(path))
        outer = content.get("annotations") or content["annotationsDerived"]
        for emoji, facts in outer.get("annotations", {}).items():
            for text in _listed(facts.get("tts", []), str(path))[:1]:
                yield Name(path.parent.name, id_of_text(emoji), _text(text, str(path)))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable file") from error
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
    for number, line in lines_of(path):
        if line.strip():
            yield from _names_of_line(line, f"{path}, line {number}")


def _names_of_line(line: str, where: str) -> Iterator[Name]:
    row = parse_json(line, where)
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


def _listed(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise DataError(f"{where}: the names {short(value)}", "a list of texts")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: the name {short(value)}", "a text")
    return value
