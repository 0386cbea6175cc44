"""Writes the generated part of ``docs/study-file.md``: every setting of a study file, from the schema.

``python -m crosslift.studies.documentation docs/study-file.md`` replaces the text below the mark there.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from crosslift.results.documentation import (
    attribute_docstrings,
    cell_of,
    plain_code,
    type_words,
    write_page,
)
from crosslift.studies.schema import Study
from crosslift.training.stage_settings import StageSettings

_MOST_LETTERS = 40


def study_documentation() -> str:
    """The generated part of the page, in Markdown."""
    return "\n\n".join(_section(kind) for kind in documented_settings()) + "\n"


def documented_settings() -> list[type[BaseModel]]:
    """Every class of settings that a study file may hold, each after the first class that contains
    it."""
    classes: dict[type[BaseModel], None] = {}
    waiting: list[Any] = [Study]
    while waiting:
        kind = waiting.pop(0)
        new = [each for each in _classes_in(kind) if each not in classes]
        classes.update(dict.fromkeys(new))
        waiting = [hint for each in new for hint in _hints(each).values()] + waiting
        if StageSettings in new:
            waiting.insert(0, StageSettings.short_form)
    return list(classes)


def _classes_in(kind: Any) -> Iterator[type[BaseModel]]:
    if _is_settings(kind):
        yield kind
    for part in get_args(kind):
        yield from _classes_in(part)


def _is_settings(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _hints(kind: type[BaseModel]) -> dict[str, Any]:
    """Name -> type of the settings of a class, inherited ones included."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.model_fields}


def _section(kind: type[BaseModel]) -> str:
    texts = attribute_docstrings(kind)
    cells = (
        (f"`{name}`", cell_of(_words(hint)), _default(kind, name), cell_of(texts[name]))
        for name, hint in _hints(kind).items()
    )
    rows = [f"| {' | '.join(row)} |" for row in cells]
    text = plain_code(inspect.cleandoc(kind.__doc__ or ""))
    head = ["| setting | value | default | |", "|---|---|---|---|"]
    return "\n".join([f"## {kind.__name__}", "", text, "", *head, *rows])


def _words(hint: Any) -> str:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return type_words(hint, _is_settings)


def _default(kind: type[BaseModel], name: str) -> str:
    field = kind.model_fields[name]
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or field.default in ((), {}):
        return "none"
    if isinstance(field.default, BaseModel):
        return "its own defaults"
    value = str(field.default) if field.default is not None else "none"
    return f"`{value}`" if len(value) <= _MOST_LETTERS and value != "none" else "none"


if __name__ == "__main__":
    write_page(Path(sys.argv[1]), study_documentation())
