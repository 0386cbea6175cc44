"""Reads a study file and reports all its errors at once."""

from __future__ import annotations

import contextlib
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from crosslift.artifacts.field_checks import expected_words
from crosslift.artifacts.parse import Location, parse_json, parse_yaml
from crosslift.artifacts.places import user_path
from crosslift.encoders.encoder_folder import is_encoder_folder
from crosslift.errors import CrossLiftError, DataError, StudyError, nearest, shorten
from crosslift.results.partial_run import UNFINISHED_FILE, UnfinishedRun
from crosslift.results.result_record import read_json_file
from crosslift.sources.cldr import find_names as cldr
from crosslift.studies.checks import StudyFault, check_names
from crosslift.studies.prompts import check_prompts
from crosslift.studies.schema import Study
from crosslift.training.robust_settings import SYNONYM_SOURCES
from crosslift.training.stage_settings import StageSettings
from crosslift.wording import plural


class StudyFileError(StudyError):
    """A study with errors: all of them.

    Args:
        source: the file's name.
        faults: every error found.
        lines: path -> line of the file, from 1.
    """

    def __init__(
        self, source: str, faults: Sequence[StudyFault], lines: Mapping[Location, int]
    ) -> None:
        self.faults = tuple(faults)
        messages = "\n".join(_message(fault, lines) for fault in faults)
        super().__init__(f"{source}: {plural(len(faults), 'error')}\n{messages}")


def read_study(path: Path | str, data: Path | str | None = None) -> Study:
    """Reads and checks a study file (YAML).

    Args:
        path: path of the file.
        data: folder that relative paths in it (`data`, `images`, folders of models, ...) are relative
            to; None: the folder of the file.

    Raises:
        StudyFileError: the study has errors; all are listed.
        StudyError: the file cannot be read at all.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"the study {path} cannot be read: {error}", "a YAML file in UTF-8"
        ) from error
    return parse_study(text, source=str(path), folder=Path(data) if data else path.parent)


def parse_study(text: str, source: str = "study", folder: Path | None = None) -> Study:
    """The study of a YAML text.

    Args:
        text: text of the file.
        source: name of the study in messages.
        folder: folder that relative paths in it are relative to; None: they stay as they are.

    Raises:
        StudyFileError: the study has errors; all are listed.
        StudyError: the text is no YAML mapping.
    """
    raw, lines = parse_yaml(text, source, error=StudyError)
    if not isinstance(raw, dict):
        raise StudyError(
            f"{source} holds {type(raw).__name__}", "a mapping with `name`, `arms`, ..."
        )
    faults = [] if folder is None else list(_place_paths(raw, folder))
    return study_of(raw, source, lines, faults)


def build_study(**settings: Any) -> Study:
    """A study from its settings as values of Python; they have the names that a study file has.

    Where a file names data by its path, `data` may also be rows: a list of pairs or mappings, a data
    frame, a dataset (see docs/own-data.md, "From Python"). Relative paths are relative to the current
    folder.

    Args:
        settings: name -> value, such as ``arms={"baseline": {}, ...}``.

    Raises:
        StudyFileError: the study has errors; all are listed.
    """
    return study_of(settings, "the study")


def study_of(
    raw: Mapping[str, Any],
    source: str = "study",
    lines: Mapping[Location, int] | None = None,
    faults: Sequence[StudyFault] = (),
) -> Study:
    """The study of a mapping.

    Args:
        raw: the mapping.
        source: name of the study in messages.
        lines: path -> line of the file, from 1.
        faults: errors that the caller found.

    Raises:
        StudyFileError: the study has errors; all are listed.
    """
    faults = [*faults, *check_names(raw)]
    study = None
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        faults = _without_repetitions([*_faults(error), *faults])
    except CrossLiftError as error:  # unknown names: `check_names` found them too
        faults = faults or [StudyFault((), error.what, error.expected or "a study that can be run")]
    if study is not None and not faults:
        faults = list(check_prompts(study))
    if study is None or faults:
        raise StudyFileError(source, faults, lines or {})
    return study


def saved_study(run: Path) -> Study:
    """The study in the folder of a run, without settings of earlier releases. If the run was stopped
    before it wrote results, it is the study that the run was started with.

    Raises:
        DataError: the folder holds a stopped run, and is damaged.
        StudyFileError: the study has errors.
        StudyError: there is no such file.
    """
    path = run / STUDY_FILE
    if not path.is_file() and (run / UNFINISHED_FILE).is_file():
        mark = read_json_file(run / UNFINISHED_FILE, UnfinishedRun)
        return study_of(mark.study, str(run / UNFINISHED_FILE))
    if not path.is_file():
        raise StudyError(f"{path} is missing", "the folder of a run", "run the study again")
    raw = parse_json(path.read_bytes(), str(path), error=StudyError, remedy="run the study again")
    if not isinstance(raw, dict):
        raise StudyError(f"{path} holds {type(raw).__name__}", "a mapping", "run the study again")
    kept = {name: value for name, value in raw.items() if name not in REMOVED}
    return study_of(kept, str(path))


STUDY_FILE = "study.json"
"""Name of the study's file in the folder of a run."""

REMOVED = {
    "bootstrap_draws": "no such setting: intervals are computed in closed form now. Delete the line"
}
"""Setting of a study in earlier releases -> what users should do about it."""

_MOST_LETTERS = 300
_PATHS = ("data", "catalogs", "images", "english", "synonyms", "published")
_MODELS = ("encoder", "tower", "guide", "teacher", "model")
"""Names of settings with a folder or a name of a model as their value."""


def _place_paths(value: Any, folder: Path, path: Location = ()) -> Iterator[StudyFault]:
    """Places the relative paths of a study in a folder; yields a fault for each impossible path."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        here = (*path, key)
        is_source_name = key == "synonyms" and inner in SYNONYM_SOURCES
        if key in _PATHS and isinstance(inner, str) and not is_source_name:
            try:
                value[key] = _placed(inner, folder)
            except DataError as error:
                yield StudyFault(here, inner, f"{error.expected}: {error.what}")
        elif isinstance(inner, str) and names_model(here):
            with contextlib.suppress(DataError):  # it is no path: its loader reports that
                value[key] = _model_beside(inner, folder)
        elif isinstance(inner, (dict, list)):
            yield from _place_paths(inner, folder, here)


def _placed(data: str, folder: Path) -> str:
    if data.startswith(cldr.SCHEME):
        return cldr.placed(data, folder)
    return str(folder / user_path(data))


def names_model(path: Sequence[object]) -> bool:
    """Whether the setting at a path of a study is a model: a folder or a name."""
    return path[-1] in _MODELS or tuple(path[-2:]) == ("encoder", "name")


def _model_beside(name: str, folder: Path) -> str:
    """The path of a model in a folder, if it exists; else its name as written."""
    place = folder / user_path(name)
    return str(place) if is_encoder_folder(place) else name


def _without_repetitions(faults: Sequence[StudyFault]) -> list[StudyFault]:
    """The faults that have a place in the file, if there are any; else all. An unknown name gives a
    fault with a place, and a second one without, as the study cannot be built."""
    return [fault for fault in faults if fault.path] or list(faults)


def _faults(error: ValidationError) -> Iterator[StudyFault]:
    """Yields every fault once. A list with a wrong entry is not reported as too short as well; a value
    that may have several types has one fault, the innermost."""
    details = error.errors()
    inside = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    faults: dict[Location, StudyFault] = {}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in inside:
            continue
        fault = _fault(detail)
        earlier = faults.get(fault.path)
        if earlier is not None and fault.expected not in earlier.expected:
            fault = replace(earlier, expected=f"{earlier.expected}, or {fault.expected}")
        faults[fault.path] = fault
    for path, fault in faults.items():
        if not any(other[: len(path)] == path for other in faults if other != path):
            yield fault


def _is_type(part: str | int) -> bool:
    """Whether a part of pydantic's path names one of several types, not a setting."""
    return str(part).startswith("function-") or (isinstance(part, str) and "[" in part)


def _fault(detail: Any) -> StudyFault:
    path = tuple(part for part in detail["loc"] if not _is_type(part))
    value = detail.get("input")
    if detail["type"] == "literal_error" and isinstance(value, str):
        expected = expected_words(detail)
        legal = re.findall(r"'([^']+)'", expected)
        return StudyFault(path, value, expected, tuple(nearest(value, legal)))
    if detail["type"] == "extra_forbidden" and path[0] in REMOVED:
        return StudyFault(path, path[-1], REMOVED[str(path[0])])
    if detail["type"] == "extra_forbidden":
        legal = _legal_fields(path[:-1])
        near = tuple(nearest(str(path[-1]), legal))
        return StudyFault(path, path[-1], f"one of the settings {', '.join(legal)}", near)
    if detail["type"] == "missing":
        return StudyFault(path, None, "a value (this setting is required)")
    return StudyFault(path, value, expected_words(detail))


def _legal_fields(path: Location) -> list[str]:
    """Names of the settings that a study may hold at a path."""
    kind: Any = Study
    for part in path:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = _hints(kind)[str(part)]
        else:
            kind = next(a for a in reversed(typing.get_args(kind)) if a is not Ellipsis)
    kind = _bare(kind)
    return sorted(_hints(kind)) if hasattr(kind, "model_fields") else []


def _hints(settings: type[BaseModel]) -> dict[str, Any]:
    """Name -> type of the settings that a mapping may hold; a stage's include its short form."""
    hints = typing.get_type_hints(settings)
    hints_by_name = {name: hints[name] for name in settings.model_fields}
    return (
        hints_by_name | _hints(settings.short_form)
        if issubclass(settings, StageSettings)
        else hints_by_name
    )


def _bare(kind: Any) -> Any:
    """A type without Annotated and without None."""
    if typing.get_origin(kind) is typing.Annotated:
        return _bare(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _bare(next(a for a in typing.get_args(kind) if a is not type(None)))
    return kind


def _message(fault: StudyFault, lines: Mapping[Location, int]) -> str:
    place = fault.path
    while place and place not in lines:
        place = place[:-1]
    line = f"line {lines[place]}: " if place in lines else ""
    if not fault.path:
        return f"  expected {fault.expected}."
    value = "nothing" if fault.value is None else shorten(repr(fault.value), _MOST_LETTERS)
    near = f" Did you mean {' or '.join(repr(n) for n in fault.near)}?" if fault.near else ""
    return f"  {line}{_written(fault.path)}: found {value}, expected {fault.expected}.{near}"


def _written(path: Location) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".") or "the study"
