"""Reading a study file: everything that is wrong with it is found and shown at once."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from crosslift.errors import StudyError, nearest
from crosslift.sources.cldr import places as cldr
from crosslift.studies.checks import Fault, check_names
from crosslift.studies.schema import Study
from crosslift.training.robust_settings import SYNONYM_SOURCES

Location = tuple[str | int, ...]


class StudyFileError(StudyError):
    """A study with errors: all of them.

    Args:
        source: the file's name.
        faults: every error found.
        lines: path -> line of the file, from 1.
    """

    def __init__(self, source: str, faults: Sequence[Fault], lines: Mapping[Location, int]) -> None:
        self.faults = tuple(faults)
        told = "\n".join(_tell(fault, lines) for fault in faults)
        count = f"{len(faults)} error" + ("s" if len(faults) != 1 else "")
        super().__init__(f"{source}: {count}\n{told}")


def read_study(path: Path, data: Path | None = None) -> Study:
    """Reads and checks a study file (YAML).

    Args:
        path: of the file.
        data: what relative paths in it (`data`, `catalogs`, `images`) are relative to; None: its own
            folder.

    Raises:
        StudyFileError: the study has errors; all are listed.
        StudyError: the file cannot be read at all.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"the study {path} cannot be read: {error}", "a YAML file in UTF-8"
        ) from error
    return parse_study(text, source=str(path), folder=data or path.parent)


def parse_study(text: str, source: str = "study", folder: Path | None = None) -> Study:
    """The study of a YAML text.

    Args:
        text: of the file.
        source: its name in messages.
        folder: what relative paths in it are relative to; None: they stay as they are.

    Raises:
        StudyFileError: the study has errors; all are listed.
        StudyError: the text is no YAML mapping.
    """
    try:
        raw = yaml.safe_load(text)
        lines = _lines(yaml.compose(text))
    except yaml.YAMLError as error:
        raise StudyError(f"{source} is not valid YAML: {error}") from error
    if not isinstance(raw, dict):
        raise StudyError(
            f"{source} holds {type(raw).__name__}", "a mapping with `name`, `arms`, ..."
        )
    if folder is not None:
        _place_paths(raw, folder)
    return study_of(raw, source, lines)


def study_of(
    raw: Mapping[str, Any], source: str = "study", lines: Mapping[Location, int] | None = None
) -> Study:
    """The study of a mapping.

    Raises:
        StudyFileError: the study has errors; all are listed.
    """
    faults = check_names(raw)
    study = None
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        faults = [*(_fault(detail) for detail in error.errors()), *faults]
    if study is None or faults:
        raise StudyFileError(source, faults, lines or {})
    return study


def saved_study(run: Path) -> Study:
    """The study that the folder of a run holds, without settings of earlier releases.

    Raises:
        StudyFileError: the study has errors.
        StudyError: there is no such file.
    """
    path = run / "study.json"
    if not path.is_file():
        raise StudyError(f"{path} is missing", "the folder of a run", "run the study again")
    raw = json.loads(path.read_text(encoding="utf-8"))
    return study_of({name: value for name, value in raw.items() if name not in REMOVED})


REMOVED = {
    "bootstrap_draws": "no such setting: intervals are computed in closed form now. Delete the line"
}
"""Settings of a study in earlier releases, with what to do about them."""

_PATHS = ("data", "catalogs", "images", "english", "synonyms")


def _place_paths(value: Any, folder: Path) -> None:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        named = key == "synonyms" and inner in SYNONYM_SOURCES
        if key in _PATHS and isinstance(inner, str) and not named:
            value[key] = _placed(inner, folder)
        elif isinstance(inner, (dict, list)):
            _place_paths(inner, folder)


def _placed(data: str, folder: Path) -> str:
    if data.startswith(cldr.SCHEME):
        return cldr.placed(data, folder)
    return str(folder / Path(data).expanduser())


def _fault(detail: Any) -> Fault:
    path = tuple(part for part in detail["loc"] if not str(part).startswith("function-"))
    value = detail.get("input")
    if detail["type"] == "extra_forbidden" and path[0] in REMOVED:
        return Fault(path, path[-1], REMOVED[str(path[0])])
    if detail["type"] == "extra_forbidden":
        legal = _legal_fields(path[:-1])
        near = tuple(nearest(str(path[-1]), legal))
        return Fault(path, path[-1], f"one of the settings {', '.join(legal)}", near)
    if detail["type"] == "missing":
        return Fault(path, None, "a value (this setting is required)")
    expected = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return Fault(path, value, expected)


def _legal_fields(path: Location) -> list[str]:
    """Names of the settings that may stand at a path of a study."""
    kind: Any = Study
    for part in path:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = typing.get_type_hints(kind)[str(part)]
        else:
            kind = next(a for a in reversed(typing.get_args(kind)) if a is not Ellipsis)
    kind = _bare(kind)
    return sorted(kind.model_fields) if hasattr(kind, "model_fields") else []


def _bare(kind: Any) -> Any:
    """A type without Annotated and without None."""
    if typing.get_origin(kind) is typing.Annotated:
        return _bare(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _bare(next(a for a in typing.get_args(kind) if a is not type(None)))
    return kind


def _lines(node: yaml.Node | None, path: Location = ()) -> dict[Location, int]:
    if node is None:
        return {}
    found = {path: node.start_mark.line + 1}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            found |= _lines(value, here)
            found[here] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            found |= _lines(value, (*path, i))
    return found


def _tell(fault: Fault, lines: Mapping[Location, int]) -> str:
    place = fault.path
    while place and place not in lines:
        place = place[:-1]
    line = f"line {lines[place]}: " if place in lines else ""
    found = "nothing" if fault.value is None else repr(fault.value)
    near = f" Did you mean {' or '.join(repr(n) for n in fault.near)}?" if fault.near else ""
    return f"  {line}{_written(fault.path)}: found {found}, expected {fault.expected}.{near}"


def _written(path: Location) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".") or "the study"
