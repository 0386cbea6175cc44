from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.sources.bitext_files import (
    BitextFiles,
    find_bitexts,
    folder_checksum,
    load_folder,
    read_tsv,
    read_two_files,
)


def two(folder: Path, src: bytes, tgt: bytes) -> tuple[Path, Path]:
    (folder / "x.de").write_bytes(src)
    (folder / "x.en").write_bytes(tgt)
    return folder / "x.de", folder / "x.en"


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(f"{name} one\n{name} two\n", encoding="utf-8")


def test_two_files(tmp_path: Path) -> None:
    bitext = read_two_files(*two(tmp_path, b"Guten Tag\nJa\n", b"Hello\nYes\n"), "de")
    assert bitext.src == ("Guten Tag", "Ja") and bitext.tgt == ("Hello", "Yes")
    assert bitext.items == ("de:1", "de:2")
    assert (bitext.language, bitext.tgt_language) == ("de", "en")


def test_mark_line_ends_and_odd_separators(tmp_path: Path) -> None:
    src = "\ufeffEins\u2028zwei\r\nDrei\x85vier".encode()
    bitext = read_two_files(*two(tmp_path, src, b"One two\nThree four\n"), "de", "en-GB")
    assert bitext.src == ("Eins\u2028zwei", "Drei\x85vier")
    assert bitext.tgt_language == "en-GB"


@pytest.mark.parametrize(
    ("src", "tgt", "message"),
    [
        (b"a\nb\nc\n", b"a\nb\n", r"x\.de has 3 lines and .*x\.en has 2"),
        (b"", b"a\n", r"x\.de is empty"),
        (b"a\n", b"", r"x\.en is empty"),
        (b"a\n \nc\n", b"a\nb\nc\n", r"x\.de, line 2: empty text"),
        (b"a\nb\n\n", b"a\nb\nc\n", r"x\.de, line 3: empty text"),
        (b"a\n\n", b"a\nb\n", r"x\.de, line 2: empty text"),
        (b"a\nb\xff\n", b"a\nb\n", r"x\.de, line 2: byte 0xff is not UTF-8"),
        (b"a\n", b"\xe9\n", r"x\.en, line 1: byte 0xe9"),
    ],
)
def test_two_files_at_fault(tmp_path: Path, src: bytes, tgt: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_two_files(*two(tmp_path, src, tgt), "de")


def test_missing_and_broken_gzip_files(tmp_path: Path) -> None:
    put(tmp_path, "x.en")
    with pytest.raises(DataError, match=r"x\.de cannot be read"):
        read_two_files(tmp_path / "x.de", tmp_path / "x.en", "de")
    (tmp_path / "x.de.gz").write_bytes(gzip.compress(b"a\nb\n")[:-9])
    with pytest.raises(DataError, match="not a whole gzip file"):
        read_two_files(tmp_path / "x.de.gz", tmp_path / "x.en", "de")


def test_tsv_by_index_and_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('Hello\t"Guten Tag"\t1\nYes\tJa\t2\n', encoding="utf-8")
    bitext = read_tsv(path, "de", 1, 0)
    assert bitext.src == ('"Guten Tag"', "Ja") and bitext.items == ("de:1", "de:2")
    path.write_text("english\tgerman\nHello\tHallo\n", encoding="utf-8")
    named = read_tsv(path, "de", "german", "english")
    assert (named.src, named.tgt, named.items) == (("Hallo",), ("Hello",), ("de:2",))


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("", (0, 1), "is empty"),
        ("de\ten\n", ("de", "en"), "is empty"),
        ("de\ten\na\tb\n", ("fr", "en"), "no column 'fr'\nExpected: one of de, en"),
        ("a\tb\nc\n", (0, 1), r"x\.tsv, line 2: 1 columns, none with index 1"),
        ("de\ten\na\tb\nc\n", ("de", "en"), r"x\.tsv, line 3: 1 columns"),
        ("a\tb\n", (-1, 1), "index -1"),
        ("a\tb\nc\t \n", (0, 1), r"x\.tsv, line 2: empty text"),
    ],
)
def test_tsv_at_fault(
    tmp_path: Path, text: str, columns: tuple[int | str, int | str], message: str
) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_tsv(path, "de", *columns)


def test_layouts(tmp_path: Path) -> None:
    put(tmp_path, "tatoeba.cmn-eng.cmn", "tatoeba.cmn-eng.eng")
    put(tmp_path, "tatoeba.swh-eng.swh", "tatoeba.swh-eng.eng")
    put(tmp_path, "News.v1.de-en.de", "News.v1.de-en.en", "Books.en-fi.fi", "Books.en-fi.en")
    put(tmp_path, "Web.en-pt_BR.tsv", "README.md", "notes.txt", "Web.fr-it.fr", "Web.fr-it.it")
    found = find_bitexts(tmp_path)
    assert list(found) == ["de", "fi", "pt-BR", "sw", "zh"]
    assert found["zh"] == BitextFiles(
        tmp_path / "tatoeba.cmn-eng.cmn", tmp_path / "tatoeba.cmn-eng.eng"
    )
    assert found["fi"] == BitextFiles(tmp_path / "Books.en-fi.fi", tmp_path / "Books.en-fi.en")
    assert found["pt-BR"] == BitextFiles(tmp_path / "Web.en-pt_BR.tsv", None, 1)


def test_load_folder_binds_the_right_sides(tmp_path: Path) -> None:
    put(tmp_path, "Books.en-fi.fi", "Books.en-fi.en")
    (tmp_path / "Web.en-pt.tsv").write_text("Hello\tOlá\n", encoding="utf-8")
    for name, line in (("x.de-en.de.gz", "Hallo"), ("x.de-en.en.gz", "Hello")):
        (tmp_path / name).write_bytes(gzip.compress(line.encode()))
    loaded = load_folder(tmp_path)
    assert list(loaded) == ["de", "fi", "pt"]
    assert (loaded["pt"].src, loaded["pt"].tgt) == (("Olá",), ("Hello",))
    assert (loaded["de"].src, loaded["de"].tgt) == (("Hallo",), ("Hello",))
    assert loaded["fi"].tgt[0] == "Books.en-fi.en one"
    assert list(load_folder(tmp_path, ["pt", "de"])) == ["pt", "de"]


def test_a_missing_language_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "x.de-en.de", "x.de-en.en", "x.fi-en.fi", "x.fi-en.en")
    with pytest.raises(DataError, match="no bitext of fr, sw\nExpected: one of de, fi"):
        load_folder(tmp_path, ["de", "fr", "sw"])


def test_folders_at_fault(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no bitext in"):
        load_folder(tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        find_bitexts(tmp_path / "gone")
    put(tmp_path, "x.de-en.de")
    with pytest.raises(DataError, match=r"x\.de-en\.de has no x\.de-en\.en beside it"):
        find_bitexts(tmp_path)
    put(tmp_path, "x.de-en.en", "y.de-en.tsv")
    with pytest.raises(DataError, match=r"two bitexts of 'de': x\.de-en\.de and y\.de-en\.tsv"):
        find_bitexts(tmp_path)


def test_checksum_covers_the_files_read(tmp_path: Path) -> None:
    put(tmp_path, "x.de-en.de", "x.de-en.en", "x.fi-en.fi", "x.fi-en.en")
    whole, german = folder_checksum(tmp_path), folder_checksum(tmp_path, ["de"])
    (tmp_path / "x.fi-en.en").write_text("other\nlines\n")
    assert folder_checksum(tmp_path) != whole
    assert folder_checksum(tmp_path, ["de"]) == german
