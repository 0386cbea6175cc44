"""gettext catalogs, as text and compiled."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import example, given
from hypothesis import strategies as st

from crosslift.errors import CrossLiftError
from crosslift.sources.gettext_catalogs import load_catalogs

PO = """# A comment
msgid ""
msgstr ""
"Content-Type: text/plain; charset=KOI8-R\\n"
"PO-Revision-Date: 2021-03-01 10:00+0100\\n"
"Language: ru\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#: a.c:1
#, fuzzy
msgctxt "menu"
msgid "Open"
msgstr "Открыть"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d файл"
msgstr[1] "%d файла"

#~ msgid "old"
#~ msgstr "старый"
"""

PIECES = (
    *(
        b"msgid ",
        b'msgstr "',
        b"msgstr[1] ",
        b"msgstr[99999999999] ",
        b"msgid_plural ",
        b'"',
        b"\\",
    ),
    *(b"#~ ", b"#, ", b"#-", b"#: \xe2\x81\xa8", b'""\n', b'msgctxt "x"\n', b"\r", b"\xff", b"\0"),
    *(
        b"charset=unicode_escape",
        b"charset=rot13",
        b"charset=idna",
        b"charset=\0",
        b"charset=utf-7",
    ),
    *(b"Plural-Forms: nplurals=9; plural=n/0;", b"plural=" + b"9" * 5000, b"+AGE-", b"\\ud800"),
    *(
        b"Language: \n",
        b"Language: xx@yy\n",
        b"Content-Type: =?utf-8?q?=ff?=\n",
        b"\xff\xff\xff\xff",
    ),
)


def _compiled() -> bytes:
    catalog = Catalog(locale="ru")
    catalog.add("Open", "Открыть", context="menu")
    catalog.add(("%d file", "%d files"), ("%d файл", "%d файла", "%d файлов"))
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def _read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for place in (path, path.parent):
        with suppress(CrossLiftError):
            catalogs = load_catalogs(place)
            for language in catalogs.languages:
                for text in catalogs.bitext(language).src:
                    text.encode()


@pytest.mark.parametrize("name", ["ru.po", "x.po", "x.ru.po"])
def test_damaged_texts_are_read_or_refused(name: str, tmp_path: Path) -> None:
    @FUZZ
    @given(st.one_of(damaged(PO.encode(), PIECES), damaged(PO.encode("koi8-r"), PIECES)))
    @example(PO.encode().replace(b"Language", b"L" * 3000))
    def check(content: bytes) -> None:
        _read(tmp_path / name, content)

    check()


@pytest.mark.parametrize("name", ["ru.mo", "x.gmo"])
def test_damaged_compiled_catalogs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    whole = _compiled()

    @FUZZ
    @given(damaged(whole, PIECES))
    @example(whole[:20])
    def check(content: bytes) -> None:
        _read(tmp_path / name, content)

    check()
