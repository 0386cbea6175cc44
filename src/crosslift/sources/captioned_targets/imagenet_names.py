"""The files of Babel-ImageNet: names of ImageNet-1k's classes in 298 languages, no photographs.

``babel_imagenet-298.json`` (or ``babel_imagenet.json``) maps each language to two lists of one length:
indices of classes in the order of ImageNet-1k, and their names. Each language covers another part of
the 1,000 classes. ``prompts.json``, which may be missing, maps a language to templates with ``{}``; the
publication's ``nllb_dist13b_prompts.json`` has 80 for each of 92 languages.

Source: Geigle, Timofte and Glavaš 2024, arXiv 2306.08658, and its repository gregor-ge/Babel-ImageNet.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError
from crosslift.sources.file_names import is_file
from crosslift.sources.formats.rows import short
from crosslift.sources.text_files import read_text

CLASSES = 1_000
"""Number of classes of ImageNet-1k."""

_NAME_FILES = ("babel_imagenet-298.json", "babel_imagenet.json")
_PROMPT_FILE = "prompts.json"
_PLACE = "{}"
_CODES = {
    **{"ALS": "gsw", "BAT_SMG": "sgs", "BE_X_OLD": "be-tarask", "FIU_VRO": "vro"},
    **{"NDS_NL": "nds-NL", "ROA_RUP": "rup", "SIMPLE": "en-simple", "ZH_CLASSICAL": "lzh"},
    **{"ZH_MIN_NAN": "nan", "ZH_YUE": "yue", "NRM": "nrf"},
}
"""Codes of Wikipedia editions that BabelNet uses and that differ in BCP-47."""


class ClassNames(NamedTuple):
    """Names of classes in many languages.

    Args:
        names: language -> {class -> name}; a class is its index as text, ``"0"`` to ``"999"``.
        templates: language -> texts with ``{}`` in them; empty if there is no such file.
        sources: the files that were read.
    """

    names: Mapping[str, Mapping[str, str]]
    templates: Mapping[str, tuple[str, ...]]
    sources: tuple[Path, ...]


def language_of(published: str) -> str:
    """The BCP-47 code of a language from its name in the files: ``ZH_YUE`` -> ``yue``, ``DE`` ->
    ``de``."""
    return _CODES.get(published) or published.lower().replace("_", "-")


def load_class_names(folder: Path) -> ClassNames:
    """Reads names and, if they exist, templates.

    Args:
        folder: folder of the files; or the file of names, with ``prompts.json`` beside it.

    Raises:
        DataError: no file of names, or one of another form: lists of different lengths, a class twice
            or above 999, an empty name, a template without ``{}``.
    """
    path = folder if is_file(folder) else _name_file(folder)
    names = {
        language_of(code): _class_names(path, code, value) for code, value in _object(path).items()
    }
    prompts = path.with_name(_PROMPT_FILE)
    if not prompts.is_file():
        return ClassNames(names, {}, (path,))
    templates = {
        language_of(code): _templates(prompts, code, value)
        for code, value in _object(prompts).items()
    }
    return ClassNames(names, templates, (path, prompts))


def _name_file(folder: Path) -> Path:
    path = next((folder / name for name in _NAME_FILES if is_file(folder / name)), None)
    if path is None:
        raise DataError(
            f"{folder} has no {_NAME_FILES[0]}",
            "the file of Babel-ImageNet: {language: [[class indices], [names]]}",
        )
    return path


def _object(path: Path) -> dict[str, Any]:
    value = parse_json(read_text(path), str(path))
    if not isinstance(value, dict) or not value:
        raise DataError(f"{path} holds {short(value)}", "a JSON object of languages")
    return value


def _class_names(path: Path, code: str, value: Any) -> dict[str, str]:
    form = "[[class indices], [names]], two lists of one length"
    if not isinstance(value, list) or [type(part) for part in value] != [list, list]:
        raise DataError(f"{path}, {code}: {short(value)}", form)
    indices, names = value
    if len(indices) != len(names):
        raise DataError(f"{path}, {code}: {len(indices)} indices and {len(names)} names", form)
    names_by_class: dict[str, str] = {}
    for index, name in zip(indices, names, strict=True):
        if type(index) is not int or not 0 <= index < CLASSES or str(index) in names_by_class:
            raise DataError(
                f"{path}, {code}: class index {short(index)}", "each of 0 to 999 once at most"
            )
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{path}, {code}: class {index} has the name {short(name)}", "a text")
        names_by_class[str(index)] = name.strip()
    return names_by_class


def _templates(path: Path, code: str, value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list) and value and all(isinstance(text, str) for text in value)
    if not is_list or not all(text.count(_PLACE) == 1 for text in value):
        raise DataError(
            f"{path}, {code}: {short(value)}", "a list of texts, each with {} once for the name"
        )
    return tuple(text.strip() for text in value)
