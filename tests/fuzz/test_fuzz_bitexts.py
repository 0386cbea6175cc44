"""Bitexts of folders, BUCC's files, FLORES-200, lexicons and files by language."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st

from crosslift.errors import CrossLiftError
from crosslift.sources.bitext_files import load_folder
from crosslift.sources.bitext_names import code_in_name, find_bitexts
from crosslift.sources.bucc_files import languages_in, load_bucc, splits_in, unread_in
from crosslift.sources.flores200_files import devtest_folder, read_devtest
from crosslift.sources.language_codes import language_code
from crosslift.sources.language_files import language_records_in
from crosslift.sources.lexicons.lexicon_folder import lexicons_of

PIECES = (
    *(
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"\0",
        b'"',
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\x85",
    ),
    *(
        b"9" * 5000,
        b"en-000000002",
        b"de-000000001\ten-000000001\n",
        b"a\tb\tc\n",
        b"part",
        b"control",
    ),
)
ROWS = b"".join(b"Satz %d\tsentence %d?\n" % (i, i) for i in range(10))
SIDES = b"".join(b"a line of words, number %d\n" % i for i in range(12))
TEXTS = b"de-%d\tSatz\n" * 3 % (1, 2, 3)
INDEX = b"00-database-info\tA\tE\nbara\tE\tK\nnchi\tE\tK\t\n"

FOLDERS: dict[str, dict[str, bytes]] = {
    "two files": {"x.de-en.de": SIDES, "x.de-en.en": SIDES, "a.fi-en.tsv": ROWS},
    "gzip": {"x.de-en.tsv.gz": ROWS},
    "bucc": {
        "de-en.dev.de": TEXTS,
        "de-en.dev.en": TEXTS.replace(b"de-", b"en-"),
        "de-en.dev.gold": b"de-1\ten-2\nde-3\ten-3\n",
    },
    "flores": {"eng_Latn.devtest": SIDES, "deu_Latn.devtest": SIDES},
    "tables": {"sw-en.tsv": b"word\tenglish\tpart\nmti\ttree\ttrained\nndege\tbird\tcontrol\n"},
    "commas": {"ga-en.csv": b'word,english\n"an",bird\nmadra,"dog"\n'},
    "muse": {"en-vi.0-5000.txt": b"dog\tcho\ncat meo\nbook\n"},
    "freedict": {"cym-eng.index": INDEX, "cym-eng.dict": b"\nbara /b/ <n>\n1. bread, loaf\n"},
    "languages": {"de.txt": SIDES, "pt-BR.tsv": b"text\tlanguage\nUm\tpt-BR\n"},
}


def _read_bucc(folder: Path) -> None:
    unread_in(folder)
    for language in languages_in(folder):
        for split in splits_in(folder, language):
            load_bucc(folder, language, split)


READERS: dict[str, Callable[[Path], object]] = {
    "two files": load_folder,
    "gzip": lambda folder: load_folder(folder, ["de"]),
    "bucc": _read_bucc,
    "flores": lambda folder: read_devtest(devtest_folder(folder), ("de",)),
    **dict.fromkeys(
        ("tables", "commas", "muse", "freedict"), lambda folder: lexicons_of(folder, None)
    ),
    "languages": lambda folder: list(language_records_in(folder, {"text": "text"})),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_damaged_folders_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    @FUZZ
    @given(st.data())
    def read(data: st.DataObject) -> None:
        files = FOLDERS[kind]
        chosen = data.draw(st.sampled_from(sorted(files)))
        for file, content in files.items():
            own = data.draw(damaged(content, PIECES)) if file == chosen else content
            (tmp_path / file).write_bytes(own)
        with suppress(CrossLiftError):
            READERS[kind](tmp_path)

    read()


CODES = ("de", "en", "deu", "eng_Latn", "deu_Latn", "en_GB", "zho_Hans", "xx", "419", "prs", "hbs")
PARTS = (*CODES, "tsv", "gz", "txt", "-", "-", ".", ".", "_", "@", "\n", "\u2028", "\u0130")
NAMES = st.lists(st.sampled_from(PARTS), max_size=9).map("".join)


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "a\0b", "missing", "file"])
def test_names_that_no_folder_has(kind: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CrossLiftError):
        READERS[kind](tmp_path / name)


@FUZZ
@given(st.lists(st.one_of(NAMES, st.text(max_size=30)), max_size=6))
def test_any_names_of_files(names: list[str]) -> None:
    for name in names:
        code_in_name(name)
        with suppress(CrossLiftError):
            language_code(name, "fuzz")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            with suppress(OSError, ValueError):  # not every text is a name of this file system
                (Path(folder) / name.replace("/", "")).write_bytes(SIDES)
        readers = (find_bitexts, load_folder, lambda path: lexicons_of(path, None))
        for read in (*readers, _read_bucc):
            with suppress(CrossLiftError):
                read(Path(folder))
