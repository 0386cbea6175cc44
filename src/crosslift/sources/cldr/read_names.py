"""Reading CLDR's emoji names from any of their published layouts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from crosslift.errors import DataError
from crosslift.languages import from_locale
from crosslift.sources.cldr.json_names import Name, names_of_list, names_of_package_file
from crosslift.sources.cldr.xml_names import names_of_xml
from crosslift.sources.file_names import is_file, is_folder

LIST_NAME = "names.jsonl"
_FOLDERS = ("annotations", "annotationsDerived")  # names that people chose come first
_NO_LANGUAGE = ("root", "und")
_INHERITED = "↑↑↑"  # CLDR's mark: the same as in the parent locale
_LAYOUTS = (
    f"a file {LIST_NAME}, the npm packages cldr-annotations-full and cldr-annotations-derived-full, "
    "or Debian's unicode-cldr-core"
)


def read_cldr(where: Path) -> dict[str, dict[str, str]]:
    """The names of emoji in every language of a publication.

    | where | what it is |
    |---|---|
    | a ``.jsonl`` file, or a folder with ``names.jsonl`` | one emoji a line |
    | a folder with ``annotations/LOCALE/annotations.json`` | an npm package, or a folder of them |
    | a folder with ``annotations/LOCALE.xml`` | Debian's package, or CLDR's own archive |

    The folders ``annotations`` and ``annotationsDerived`` may be up to two levels below.

    Returns:
        BCP-47 code -> {id of an emoji, without FE0F -> its name}, codes sorted.

    Raises:
        DataError: no such layout, a broken file, or an invalid locale.
    """
    names: dict[str, dict[str, str]] = {}
    codes: dict[str, str] = {}
    for name in _names(where):
        text = " ".join(name.text.split())
        if name.locale in _NO_LANGUAGE or not text or text == _INHERITED:
            continue
        if name.locale not in codes:
            codes[name.locale] = from_locale(name.locale)
        names.setdefault(codes[name.locale], {}).setdefault(name.id, text)
    if not names:
        raise DataError(f"no emoji names in {where}", _LAYOUTS)
    return dict(sorted(names.items()))


def _names(where: Path) -> Iterator[Name]:
    path = where / LIST_NAME if is_folder(where) else where
    if is_file(path):
        if path.suffix != ".jsonl":
            raise DataError(f"emoji names in {path}", _LAYOUTS)
        return names_of_list(path)
    return chain.from_iterable(_names_of_folder(folder) for folder in _annotation_folders(where))


def _annotation_folders(where: Path) -> list[Path]:
    if where.name in _FOLDERS:
        return [where]
    return [
        folder
        for name in _FOLDERS
        for pattern in (name, f"*/{name}", f"*/*/{name}")
        for folder in sorted(where.glob(pattern))
    ]


def _names_of_folder(folder: Path) -> Iterator[Name]:
    for path in sorted(folder.glob("*/annotations.json")):
        yield from names_of_package_file(path)
    for path in sorted(folder.glob("*.xml")):
        yield from names_of_xml(path)
