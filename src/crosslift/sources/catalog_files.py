"""Finding gettext catalogs in the layouts projects use, each with its language."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.core import get_global

from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError, encodable
from crosslift.languages import from_locale, is_known
from crosslift.sources.catalog_formats import COMPILED, parse_headers
from crosslift.sources.file_names import is_file
from crosslift.sources.folder_entries import entries_of

_ENDINGS = (".po", *COMPILED)
_EXPECTED = "LANG/LC_MESSAGES/DOMAIN.po, LANG.po, DOMAIN.LANG.po, or a Language header"
_WORDPRESS = re.compile(r".+-(?P<locale>[a-z]{2,3}_[A-Z]{2})")


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """One catalog file and the BCP-47 code of the language it translates to."""

    path: Path
    language: str


@dataclass(frozen=True, slots=True)
class CatalogFolder:
    """The catalogs of a folder.

    Args:
        files: with their languages, in the order of their paths.
        unread: path of another catalog -> why it is not read.
        notes: language -> which of its files have the name of another language.
    """

    files: tuple[CatalogFile, ...]
    unread: Mapping[str, str]
    notes: Mapping[str, str]


def django_folder() -> Path:
    """The folder of the installed Django, whose catalogs are the embedded bitext.

    Raises:
        DataError: Django is not installed.
    """
    spec = importlib.util.find_spec("django")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("Django is not installed", "its catalogs", "pip install django")
    return Path(spec.submodule_search_locations[0])


@read_once()
def find_catalogs(path: Path) -> CatalogFolder:
    """Every catalog under a folder, or the one of a single file, with its language.

    A folder ``LANG/LC_MESSAGES`` decides first. Else the header's ``Language`` does, unless the file's
    name (``LANG.po``, ``DOMAIN.LANG.po``, ``DOMAIN-ll_CC.po``) means a variant of it, or other files
    show that names are languages: the names and headers of at least half of the folder's other
    catalogs agree. (``ast.po`` is often a catalog of a module ``ast``, not of
    Asturian.) Without a header the name decides. A compiled file beside its ``.po`` is ignored.

    Args:
        path: a folder or one ``.po``, ``.mo`` or ``.gmo`` file.

    Raises:
        DataError: there is none, or none names its language.
    """
    paths = [path] if is_file(path) else _catalogs_under(path)
    if not paths:
        raise DataError(f"no gettext catalog in {path}", "a folder that holds .po or .mo files")
    files: list[CatalogFile] = []
    unread: dict[str, DataError] = {}
    notes: dict[str, str] = {}
    for clue, fault in _clues(paths):
        code = clue.language
        if code is None:
            unread[encodable(str(clue.path))] = fault or DataError(
                f"{clue.path} does not name its language", _EXPECTED
            )
            continue
        files.append(CatalogFile(clue.path, code))
        if clue.note:
            notes[code] = "; ".join(filter(None, [notes.get(code), clue.note]))
    if not files:
        raise next(iter(unread.values()))
    return CatalogFolder(tuple(files), {name: why.what for name, why in unread.items()}, notes)


def _catalogs_under(folder: Path) -> list[Path]:
    entries_of(folder, "a folder that holds .po or .mo files")
    paths = sorted(
        Path(under, name)
        for under, _, names in os.walk(folder)
        for name in names
        if name.endswith(_ENDINGS)
    )
    sources = {file for file in paths if file.suffix == ".po"}
    return [p for p in paths if p in sources or p.with_suffix(".po") not in sources]


@dataclass(frozen=True, slots=True)
class _Clue:
    """The evidence for the language of a catalog.

    Args:
        path: path of the file.
        fixed: code of its folder ``LANG/LC_MESSAGES``; None: no such folder.
        name: code that its name may mean; None: none.
        header: code that its header names; None: none.
        names_are_languages: whether file names are languages in its folder.
    """

    path: Path
    fixed: str | None
    name: str | None
    header: str | None
    names_are_languages: bool = False

    @property
    def agrees(self) -> bool:
        """Whether name and header mean one language, in variants or not."""
        return (
            self.name is not None
            and self.header is not None
            and (_base(self.name) == _base(self.header))
        )

    @property
    def language(self) -> str | None:
        """The code to use; None if the language is unknown."""
        if self.fixed or self.name is None or self.header is None:
            return self.fixed or self.name or self.header
        return self.name if self.agrees or self.names_are_languages else self.header

    @property
    def note(self) -> str:
        """A remark for readers if name and header name different languages; else empty."""
        if self.fixed or self.name is None or self.header is None or self.agrees:
            return ""
        path = encodable(str(self.path))
        return f"{path}: its name says {self.name}, its header {self.header}"


def _clues(paths: Sequence[Path]) -> list[tuple[_Clue, DataError | None]]:
    """The evidence for each file's language, and the error if its header cannot be read."""
    clues = [_clue(path) for path in paths]
    folders: dict[Path, list[_Clue]] = {}
    for clue, _ in clues:
        folders.setdefault(clue.path.parent, []).append(clue)
    updated = []
    for clue, fault in clues:
        others = [other for other in folders[clue.path.parent] if other is not clue]
        agreeing = sum(other.agrees for other in others)
        names_are_languages = agreeing > 0 and 2 * agreeing >= len(others)
        updated.append(
            (_Clue(clue.path, clue.fixed, clue.name, clue.header, names_are_languages), fault)
        )
    return updated


def _clue(path: Path) -> tuple[_Clue, DataError | None]:
    folder = path.absolute().parent
    if folder.name == "LC_MESSAGES":
        fixed = _known_code(folder.parent.name)
        if fixed:
            return _Clue(path, fixed, None, None), None
    name = _code_of_name(path.absolute().stem)
    try:
        header = parse_headers(path).get("language", "").strip()
    except DataError as fault:
        return _Clue(path, None, name, None), fault
    return _Clue(path, None, name, _known_code(header)), None


def _code_of_name(stem: str) -> str | None:
    """The code that a name means: ``fr``, ``sr@latin``, ``first_steps.fr``, ``plugin-pt_BR``."""
    last = stem.rpartition(".")[2]
    wordpress = _WORDPRESS.fullmatch(stem)
    return (
        _known_code(last)
        or _known_code(stem)
        or (_known_code(wordpress["locale"]) if wordpress else None)
    )


def _known_code(name: str) -> str | None:
    try:
        code = from_locale(name)
    except DataError:
        return None
    return code if is_known(code) else None


def _base(code: str) -> str:
    """The base language; codes that CLDR calls aliases (``iw``, ``no``) give that of the other code."""
    base = code.partition("-")[0]
    alias = str(get_global("language_aliases").get(base, base)).partition("_")[0]
    return {"no": "nb", "sh": "sr"}.get(alias, alias)
