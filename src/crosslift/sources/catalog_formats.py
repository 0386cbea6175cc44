"""Parsing gettext catalogs: ``.po`` with Babel, ``.mo`` by its tables.

Only the header fields that reading needs are kept, as text: the dates of real headers have many forms,
and none matters here. (Formats: the manual of GNU gettext, "The Format of PO Files" and "... of GNU MO
Files".)
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.pofile import PoFileError, PoFileParser

from crosslift.errors import DataError
from crosslift.sources.formats.rows import short

MOST_FORMS = 10
"""No language has more than six plural forms."""
COMPILED = (".mo", ".gmo")
"""Endings of compiled catalogs."""

_VALID_PO, _VALID_MO = "a gettext catalog that msgfmt accepts", "a catalog that msgfmt wrote"
_CHARSET = re.compile(rb"Content-Type:[^\"]*?charset=([A-Za-z0-9_.:+-]+)", re.IGNORECASE)
_FORM = re.compile(r"^(?:#~)?\s*msgstr\[([^\]\n]*)\]", re.MULTILINE)
_QUOTED = re.compile(r'(?:#~)?\s*(?:msg\S*\s*)?(?P<text>".*)', re.DOTALL)
_ENTRY = re.compile(r"(?:#~)?\s*msg(?:id|ctxt)\b")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One entry of a catalog, not its header.

    Args:
        context: its ``msgctxt``; None if it has none.
        ids: the English message; singular and plural if it has a plural.
        strings: its translation, or its plural forms; an empty one is untranslated.
        state: "fuzzy", "obsolete", "repeated" or "" for an entry in use.
    """

    context: str | None
    ids: tuple[str, ...]
    strings: tuple[str, ...]
    state: str = ""


@dataclass(frozen=True, slots=True)
class ParsedCatalog:
    """A catalog as written in its file.

    Args:
        headers: name in lower case -> value.
        entries: all but the header, in the order of the file; obsolete and repeated ones last.
    """

    headers: Mapping[str, str]
    entries: tuple[CatalogEntry, ...]


def parse_catalog(path: Path) -> ParsedCatalog:
    """The entries of a ``.po``, ``.mo`` or ``.gmo`` file.

    Raises:
        DataError: the file cannot be read, is broken, or is not in UTF-8 and not in the encoding that
            its header names; the message names the file and, for ``.po``, the line.
    """
    data = _bytes_of(path)
    return (
        _parsed_mo(data, path)
        if path.suffix in COMPILED
        else _parsed_po(_po_text(data, path), path)
    )


def parse_headers(path: Path) -> Mapping[str, str]:
    """The headers of a catalog by name in lower case; in a ``.po`` no other entry is read.

    Raises:
        DataError: as `parse_catalog`.
    """
    data = _bytes_of(path)
    if path.suffix in COMPILED:
        return _parsed_mo(data, path).headers
    head: list[str] = []
    entries = 0
    for line in _po_text(data, path).split("\n"):
        entries += bool(_ENTRY.match(line))
        if entries > 1:
            break
        head.append(line)
    return _parsed_po("\n".join(head), path).headers


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable file") from error


def _po_text(data: bytes, path: Path) -> str:
    """The text in UTF-8, else in the encoding of the header; CR ends lines if there is no LF."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        match = _CHARSET.search(data)
        charset = match[1].decode() if match else "UTF-8"
        try:
            text = _decoded(data, charset, path)
        except DataError as fault:
            line = data.count(b"\n", 0, error.start) + 1
            utf8 = f"{path}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8"
            declared = "" if charset.upper() == "UTF-8" else f", and the file is not {charset}"
            raise DataError(f"{utf8}{declared}", fault.expected, fault.remedy) from error
    text = text.removeprefix("\ufeff")
    return text if "\n" in text else text.replace("\r", "\n")


def _decoded(data: bytes, charset: str, path: Path) -> str:
    """The text of bytes in the encoding that a header names."""
    try:
        text = data.decode(charset)
    except (LookupError, ValueError) as error:
        raise DataError(
            f"{path}: {short(error)}",
            "text in UTF-8, or in the encoding that the catalog's header names",
            f"convert the file, for example: msgconv --to-code=UTF-8 {path.name}",
        ) from error
    if _SURROGATE.search(text):
        raise DataError(f"{path}: half of a surrogate pair in {charset}", "whole characters")
    return text


class _Catalog(Catalog):  # type: ignore[misc]
    """A catalog that keeps its header as text, and as many plural forms as its file has.

    Babel raises errors for dates and plural rules in unusual forms, and for entries with more forms
    than the header declares.
    """

    def __init__(self, forms: int) -> None:
        self.headers: dict[str, str] = {}
        self.forms = forms
        self.repeated: list[BabelMessage] = []
        super().__init__()

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Always empty: the headers are in ``headers``."""
        return []

    @mime_headers.setter
    def mime_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        self.headers = {name.lower(): str(value) for name, value in headers}

    def __setitem__(self, key: Any, message: BabelMessage) -> None:
        """Adds an entry; of a repeated one Babel keeps the first translation."""
        if message.id and self.get(message.id, message.context) is not None:
            self.repeated.append(message)
        super().__setitem__(key, message)

    @property
    def num_plurals(self) -> int:
        """The largest number of forms of an entry."""
        return self.forms


def _parsed_po(text: str, path: Path) -> ParsedCatalog:
    lines = text.split("\n")
    _refuse_open_quotes(lines, path)
    catalog = _Catalog(_forms_in(text, path))
    try:
        PoFileParser(catalog, abort_invalid=True).parse(lines)
    except PoFileError as error:
        what = _one_line(str(error).removesuffix(f" on {error.lineno}"))
        raise DataError(f"{path}, line {error.lineno + 1}: {what}", _VALID_PO) from error
    except (ValueError, LookupError, AttributeError, AssertionError, TypeError) as error:
        raise DataError(f"{path} is broken: {short(error)}", _VALID_PO) from error
    used = [_entry(m, "fuzzy" if m.fuzzy else "") for m in catalog if m.id]
    obsolete = [_entry(message, "obsolete") for message in catalog.obsolete.values() if message.id]
    repeated = [_entry(message, "repeated") for message in catalog.repeated]
    return ParsedCatalog(catalog.headers, (*used, *obsolete, *repeated))


def _one_line(text: str, longest: int = 100) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def _entry(message: BabelMessage, state: str) -> CatalogEntry:
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    string = message.string
    strings = (string,) if isinstance(string, str) else tuple(string)
    return CatalogEntry(message.context, ids, tuple(each or "" for each in strings), state)


def _refuse_open_quotes(lines: Sequence[str], path: Path) -> None:
    """Raises if a string is not closed in its line: Babel would drop its last character."""
    for number, line in enumerate(lines, start=1):
        match = _QUOTED.fullmatch(line.strip())
        if match and not _closed(match["text"]):
            raise DataError(
                f"{path}, line {number}: no quote ends {short(match['text'])}", _VALID_PO
            )


def _closed(text: str) -> bool:
    body = text[:-1]
    escapes = len(body) - len(body.rstrip("\\"))
    return len(text) > 1 and text.endswith('"') and escapes % 2 == 0


def _forms_in(text: str, path: Path) -> int:
    """The largest number of plural forms of an entry, at least 1."""
    most = 1
    for match in _FORM.finditer(text):
        if not re.fullmatch("[0-9]", match[1]):
            line = text.count("\n", 0, match.start()) + 1
            raise DataError(
                f"{path}, line {line}: plural form {short(match[1])}",
                f"a number from 0 to {MOST_FORMS - 1}",
            )
        most = max(most, int(match[1]) + 1)
    return most


def _parsed_mo(data: bytes, path: Path) -> ParsedCatalog:
    headers: dict[str, str] = {}
    entries: list[CatalogEntry] = []
    charset = "utf-8"
    for number, (key, value) in enumerate(_mo_strings(data, path)):
        if not key:
            if number:
                raise DataError(f"{path} is broken: its header is not the first entry", _VALID_MO)
            match = _CHARSET.search(value)
            charset = match[1].decode() if match else charset
            headers = _headers_of(_decoded(value, charset, path))
            continue
        context, separator, ids = _decoded(key, charset, path).rpartition("\x04")
        strings = tuple(_decoded(value, charset, path).split("\x00"))
        entries.append(
            CatalogEntry(context if separator else None, tuple(ids.split("\x00")), strings)
        )
    return ParsedCatalog(headers, tuple(entries))


def _headers_of(text: str) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in message_from_string(text).items()}


def _mo_strings(data: bytes, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Each message with its translation, from two tables of lengths and offsets."""
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(data[:4])
    if order is None or len(data) < 20:
        raise DataError(f"{path} is broken: not the beginning of a compiled catalog", _VALID_MO)
    count, ids, strings = struct.unpack(f"{order}3I", data[8:20])
    if max(ids, strings) + 8 * count > len(data):
        raise DataError(f"{path} is broken: its {count:,} entries are not all in it", _VALID_MO)
    total = 0
    for number in range(count):
        pair = []
        for table in (ids, strings):
            size, start = struct.unpack_from(f"{order}2I", data, table + 8 * number)
            total += size
            if start + size > len(data) or total > 4 * len(data):
                raise DataError(f"{path} is broken: entry {number + 1} lies outside it", _VALID_MO)
            pair.append(data[start : start + size])
        yield pair[0], pair[1]
