"""Finding gettext catalogs in the layouts projects use, and reading one with Babel."""

from __future__ import annotations

import gettext
import importlib.util
import io
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.mofile import read_mo
from babel.messages.pofile import PoFileError, read_po

from crosslift.errors import DataError
from crosslift.languages import from_locale, is_known
from crosslift.sources.text_files import decode_utf8

_DECLARED_FORMS = re.compile(r"nplurals\s*=\s*(\d+)")
# Five stands for "many": two to four have a form of their own in Slavic languages, zero, one and
# two in others.
_GENERAL_NUMBER = 5
_FORM = re.compile(r"^msgstr\[(\d+)\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """One catalog file and the BCP-47 code of the language it translates to."""

    path: Path
    language: str


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a catalog.

    Args:
        context: its ``msgctxt``; None where it has none.
        msgid: the English message, or the English singular.
        plural: the English plural; None where the entry has no plural.
        translation: the translation, or the form for n = 1; empty where untranslated.
        plural_translation: the form for n = 5; empty where untranslated or without a plural.
        state: "fuzzy", "obsolete" or "" for an entry in use.
    """

    context: str | None
    msgid: str
    plural: str | None
    translation: str
    plural_translation: str
    state: str


def django_folder() -> Path:
    """The folder of the installed Django, whose catalogs are the embedded bitext.

    Raises:
        DataError: Django is not installed.
    """
    spec = importlib.util.find_spec("django")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("Django is not installed", "its catalogs", "pip install django")
    return Path(spec.submodule_search_locations[0])


def find_catalogs(path: Path) -> tuple[CatalogFile, ...]:
    """Every catalog under a folder, or the one of a single file, with its language.

    Known layouts: ``LANG/LC_MESSAGES/DOMAIN.po``, ``po/LANG.po`` and ``DOMAIN/LANG.po``; for any
    other name the ``Language`` header decides. A ``.mo`` beside its ``.po`` is left out.

    Args:
        path: a folder or one ``.po`` or ``.mo`` file.

    Returns:
        The files in the order of their paths.

    Raises:
        DataError: there is none, or a file tells its language nowhere.
    """
    if path.is_file():
        files = [path]
    else:
        files = sorted(file for ending in ("*.po", "*.mo") for file in path.rglob(ending))
        sources = {file for file in files if file.suffix == ".po"}
        files = [f for f in files if f.suffix == ".po" or f.with_suffix(".po") not in sources]
    if not files:
        raise DataError(f"no gettext catalog in {path}", "a folder that holds .po or .mo files")
    return tuple(CatalogFile(file, _language_of(file)) for file in files)


def read_messages(file: CatalogFile) -> list[Message]:
    """Every entry of one catalog but its header, obsolete and untranslated ones too.

    Raises:
        DataError: the file is not UTF-8 or is broken; the message names the file and, for ``.po``,
            the line.
    """
    catalog = _read(file.path, file.language)
    choose = _plural_rule(catalog, file.path)
    return list(_messages(catalog, choose(1), choose(_GENERAL_NUMBER)))


def _language_of(file: Path) -> str:
    whole = file.absolute()
    folder = whole.parent
    name = folder.parent.name if folder.name == "LC_MESSAGES" else whole.stem
    code = _known_code(name) or _known_code(str(_read(file, None).locale_identifier or ""))
    if code is None:
        raise DataError(
            f"{file} does not tell its language",
            "LANG/LC_MESSAGES/DOMAIN.po, LANG.po, or a Language header",
        )
    return code


def _known_code(name: str) -> str | None:
    try:
        code = from_locale(name)
    except DataError:
        return None
    return code if is_known(code) else None


def _read(path: Path, language: str | None) -> Catalog:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable file") from error
    return _read_mo(data, path) if path.suffix == ".mo" else _read_po(data, path, language)


def _read_po(data: bytes, path: Path, language: str | None) -> Catalog:
    text = _with_all_forms(decode_utf8(data, path))
    locale = language.replace("-", "_") if language else None
    try:
        return read_po(text.split("\n"), locale=locale, abort_invalid=True)
    except PoFileError as error:
        raise DataError(
            f"{path}, line {error.lineno + 1}: {error}", "a gettext catalog that msgfmt accepts"
        ) from error
    except (ValueError, IndexError, AttributeError) as error:
        raise DataError(
            f"{path} is broken: {error}", "a gettext catalog that msgfmt accepts"
        ) from error


def _with_all_forms(text: str) -> str:
    """The text with a header that declares as many plural forms as the entries hold.

    Real catalogs hold more forms than their header declares; the forms that its rule never
    chooses are harmless, but Babel refuses them.
    """
    used = 1 + max((int(number) for number in _FORM.findall(text)), default=0)
    declared = _DECLARED_FORMS.search(text)
    if declared is None or int(declared[1]) >= used:
        return text
    return text[: declared.start()] + f"nplurals={used}" + text[declared.end() :]


def _read_mo(data: bytes, path: Path) -> Catalog:
    try:
        return read_mo(io.BytesIO(data))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte 0x{error.object[error.start]:02x} is not {error.encoding}",
            "text in the encoding that the catalog's header names",
        ) from error
    except (OSError, struct.error, ValueError, LookupError) as error:
        raise DataError(f"{path} is broken: {error}", "a catalog that msgfmt wrote") from error


def _plural_rule(catalog: Catalog, path: Path) -> Callable[[int], int]:
    try:
        return gettext.c2py(catalog.plural_expr)
    except ValueError as error:
        raise DataError(
            f"{path}: the plural rule {catalog.plural_expr!r} cannot be read: {error}",
            "a C expression in n in the Plural-Forms header",
        ) from error


def _messages(catalog: Catalog, one: int, many: int) -> Iterator[Message]:
    for message in catalog:
        if message.id:
            yield _message(message, one, many, "fuzzy" if message.fuzzy else "")
    for message in catalog.obsolete.values():
        yield _message(message, one, many, "obsolete")


def _message(message: BabelMessage, one: int, many: int, state: str) -> Message:
    if isinstance(message.id, str):
        return Message(message.context, message.id, None, message.string or "", "", state)
    singular, plural = message.id[:2]
    forms = [message.string] if isinstance(message.string, str) else list(message.string)
    return Message(message.context, singular, plural, _form(forms, one), _form(forms, many), state)


def _form(forms: list[str], index: int) -> str:
    return (forms[index] or "") if index < len(forms) else ""
