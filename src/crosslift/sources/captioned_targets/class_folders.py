"""Pictures with classes in a folder, and a table of the classes' names in many languages.

The pictures lie in one folder per class, or are listed in ``pictures.csv`` (or ``.tsv``) with the
columns ``image`` and ``class``. ``classes.csv`` (or ``.tsv``) has the column ``class`` and one for each
language, named by its BCP-47 code. ``templates.csv`` (or ``.tsv``), which may be missing, has the
columns ``language`` and ``template``: a text with ``{}`` in place of the name; a language may have
several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.file_names import inside, is_file, is_folder
from crosslift.sources.formats.delimited import TabSeparated, comma_separated
from crosslift.sources.formats.rows import Row
from crosslift.sources.language_codes import language_code
from crosslift.sources.picture import PICTURE_ENDINGS, has_picture_ending

_CLASS = "class"
_PLACE = "{}"


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """Pictures, their classes, and the names of these.

    Args:
        pictures: path below the folder of the pictures -> path; classes take turns, so that the first
            N pictures cover as many classes as possible.
        classes: id of a picture -> class.
        every_class: the classes, in the order of the table; some may have no picture.
        names: language -> {class -> name}; a class without a name in a language is missing from it.
        templates: language -> texts with ``{}`` in them.
    """

    pictures: Mapping[str, Path]
    classes: Mapping[str, str]
    every_class: tuple[str, ...]
    names: Mapping[str, Mapping[str, str]]
    templates: Mapping[str, tuple[str, ...]]


def load_classes(folder: Path, images: Path | None = None) -> ClassFolders:
    """Reads pictures with classes.

    Args:
        folder: folder of the tables.
        images: folder of the pictures; None: ``folder``.

    Raises:
        DataError: a table is missing or faulty, a picture is missing or of no class of the table, or
            a file among the pictures is not a picture.
    """
    table = _table(folder, "classes")
    if table is None:
        raise DataError(
            f"{folder} has no classes.csv or classes.tsv",
            "a table with the column `class` and one for each language (en, de, ...)",
        )
    known, names = _names(table)
    picture_table, template_table = _table(folder, "pictures"), _table(folder, "templates")
    base = images or folder
    by_class = (
        _pictures_in_table(picture_table, base) if picture_table else _pictures_in_folders(base)
    )
    unknown = [name for name in by_class if name not in known]
    if unknown:
        raise DataError(
            f"{table} has no name for the class {unknown[0]!r}, which has pictures",
            f"the classes {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}",
        )
    turns = in_turns(by_class.values())
    pictures = {path.relative_to(base).as_posix(): path for path in turns}
    class_of = {path: name for name, paths in by_class.items() for path in paths}
    return ClassFolders(
        pictures,
        {item: class_of[path] for item, path in pictures.items()},
        known,
        names,
        _templates(template_table) if template_table else {},
    )


def _table(folder: Path, stem: str) -> Path | None:
    paths = [path for end in ("csv", "tsv") if is_file(path := folder / f"{stem}.{end}")]
    if len(paths) > 1:
        raise DataError(f"{folder} has {stem}.csv and {stem}.tsv", "one of them")
    return paths[0] if paths else None


def _rows(path: Path) -> Iterable[Row]:
    return TabSeparated()(path) if path.suffix == ".tsv" else comma_separated(path)


def _names(path: Path) -> tuple[tuple[str, ...], dict[str, dict[str, str]]]:
    """The classes, and language -> {class -> name}; empty cells are left out."""
    names: dict[str, dict[str, str]] = {}
    classes: list[str] = []
    for row in _rows(path):
        name = row.text(_CLASS)
        if name in classes:
            raise row.fault(f"class {name!r} appears above too", "each class once")
        classes.append(name)
        for column, cell in row.values.items():
            if column == _CLASS:
                continue
            code = language_code(column, f"{path}: a column's name")
            class_names = names.setdefault(code, {})
            if cell.strip():
                class_names[name] = cell.strip()
    if len(classes) < 2 or not names:
        raise DataError(
            f"{path}: {len(classes)} classes, {len(names)} languages", "2 and 1 or more"
        )
    return tuple(classes), names


def _templates(path: Path) -> dict[str, tuple[str, ...]]:
    templates: dict[str, tuple[str, ...]] = {}
    for row in _rows(path):
        code = language_code(row.text("language"), f"{row.place}: column 'language'")
        template = row.text("template")
        if template.count(_PLACE) != 1:
            raise row.fault(f"template {template!r}", "a text with {} once, in place of the name")
        templates[code] = (*templates.get(code, ()), template)
    return templates


def _pictures_in_table(table: Path, base: Path) -> dict[str, list[Path]]:
    by_class: dict[str, list[Path]] = {}
    pictures: set[Path] = set()
    for row in _rows(table):
        path = inside(base, base / row.text("image"), row.place)
        if not is_file(path):
            raise row.fault(f"no picture {path}", "a path relative to the folder of the pictures")
        if path in pictures:
            raise row.fault(f"{path} appears above too", "each picture once")
        pictures.add(path)
        by_class.setdefault(row.text(_CLASS), []).append(path)
    if not by_class:
        raise DataError(f"{table} has no row", "one for each picture")
    return by_class


def _pictures_in_folders(base: Path) -> dict[str, list[Path]]:
    if not is_folder(base):
        raise DataError(f"{base} is not a folder", "a folder with a folder for each class")
    folders = sorted(path for path in base.iterdir() if path.is_dir() and path.name[0] != ".")
    by_class = {folder.name: _pictures_of(folder) for folder in folders}
    if not by_class:
        raise DataError(
            f"{base} has no folder in it", "a folder of pictures for each class, or pictures.csv"
        )
    return by_class


def _pictures_of(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.name[0] != ".")
    for path in files:
        if not has_picture_ending(path.name) or not path.is_file():
            raise DataError(
                f"{path} is among the pictures of the class {folder.name!r}",
                f"only files that end in {', '.join(PICTURE_ENDINGS)}",
                "remove it from the folder",
            )
    if not files:
        raise DataError(f"{folder} is empty", "pictures of its class", "delete the folder")
    return files


def in_turns(classes: Iterable[list[Path]]) -> Iterable[Path]:
    """The first of each class, then the second of each, and so on."""
    for turn in zip_longest(*classes):
        yield from (path for path in turn if path is not None)
