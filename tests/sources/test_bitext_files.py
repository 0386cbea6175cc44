from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.sources.bitext_files import load_folder, read_tsv, read_two_files
from crosslift.sources.bitext_names import BitextFiles, code_in_name, find_bitexts
from crosslift.sources.sorted_sides import sorted_apart


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
        (b"a\rb\rc", b"a\rb\rc", r"x\.de has CR line ends"),
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
    by_name = read_tsv(path, "de", "german", "english")
    assert (by_name.src, by_name.tgt, by_name.items) == (("Hallo",), ("Hello",), ("de:2",))


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
    folder = find_bitexts(tmp_path)
    bitexts = folder.files
    assert list(bitexts) == ["de", "fi", "pt-BR", "sw", "zh"]
    assert bitexts["zh"] == BitextFiles(
        tmp_path / "tatoeba.cmn-eng.cmn", tmp_path / "tatoeba.cmn-eng.eng"
    )
    assert bitexts["fi"] == BitextFiles(tmp_path / "Books.en-fi.fi", tmp_path / "Books.en-fi.en")
    assert bitexts["pt-BR"] == BitextFiles(tmp_path / "Web.en-pt_BR.tsv", None, 1)
    assert set(folder.unread) == {"README.md", "notes.txt", "Web.fr-it.fr", "Web.fr-it.it"}
    assert folder.unread["Web.fr-it.fr"] == "'fr-it' is no pair of a language and English"


def test_load_folder_binds_the_right_sides(tmp_path: Path) -> None:
    put(tmp_path, "Books.en-fi.fi", "Books.en-fi.en")
    (tmp_path / "Web.en-pt.tsv").write_text("Hello\tOlá\n", encoding="utf-8")
    for name, line in (("x.de-en.de.gz", "Hallo"), ("x.de-en.en.gz", "Hello")):
        (tmp_path / name).write_bytes(gzip.compress(line.encode()))
    loaded = load_folder(tmp_path).bitexts
    assert list(loaded) == ["de", "fi", "pt"]
    assert (loaded["pt"].src, loaded["pt"].tgt) == (("Olá",), ("Hello",))
    assert (loaded["de"].src, loaded["de"].tgt) == (("Hallo",), ("Hello",))
    assert loaded["fi"].tgt[0] == "Books.en-fi.en one"
    assert list(load_folder(tmp_path, ["pt", "de"]).bitexts) == ["pt", "de"]


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
    with pytest.raises(DataError, match=r"no bitext[^$]*x\.de-en\.de: no x\.de-en\.en beside it"):
        load_folder(tmp_path)
    put(tmp_path, "x.de-en.en", "y.de-en.tsv")
    with pytest.raises(DataError, match=r"two bitexts of 'de': x\.de-en\.de and y\.de-en\.tsv"):
        find_bitexts(tmp_path)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("deu_Latn", "de"),
        ("zho_Hans", "zh-Hans"),
        ("eng_Latn", "en"),
        ("lug_Latn", "lg"),
        ("srp-Latn", "sr-Latn"),
        ("srp-Cyrl", "sr"),
        ("aze_Latn", "az"),
        ("zho-TW", "zh-TW"),
        ("eng-GB", "en-GB"),
        ("en_GB", "en-GB"),
        ("spa_419", "es-419"),
        ("bam", "bm"),
        ("ven", "ve"),
        ("prs", "prs"),
        ("hbs", "sr-Latn"),
        ("zh_Hans", "zh-Hans"),
        ("DEU", "de"),
        ("xqz", None),
        ("xx_Latn", None),
        ("x" * 300, None),
        ("", None),
    ],
)
def test_codes_in_names(name: str, code: str | None) -> None:
    assert code_in_name(name) == code


def test_codes_of_flores_and_variants_of_english(tmp_path: Path) -> None:
    put(tmp_path, "flores.deu_Latn-eng_Latn.deu_Latn", "flores.deu_Latn-eng_Latn.eng_Latn")
    put(tmp_path, "ted.fr-en_GB.fr", "ted.fr-en_GB.en_GB", "a.en-es-419.tsv", "b.eng-srp-Latn.tsv")
    bitexts = find_bitexts(tmp_path)
    assert list(bitexts.files) == ["de", "es-419", "fr", "sr-Latn"] and not bitexts.unread
    assert bitexts.files["fr"].tgt == tmp_path / "ted.fr-en_GB.en_GB"
    assert bitexts.files["de"].src == tmp_path / "flores.deu_Latn-eng_Latn.deu_Latn"
    assert bitexts.files["es-419"].src_column == bitexts.files["sr-Latn"].src_column == 1


def test_the_folder_of_ntrex_as_it_is_published(tmp_path: Path) -> None:
    name = "newstest2019"
    codes = ("deu", "fra-CA", "arb", "aze-Latn", "srp-Latn", "zho-TW")
    put(tmp_path, f"{name}-src.eng.txt", *(f"{name}-ref.{code}.txt" for code in codes))
    put(tmp_path, f"{name}-ref-2.spa.txt", f"{name}-ref.eng-GB.txt", f"{name}-src.deu.txt")
    loaded = load_folder(tmp_path)
    assert list(loaded.bitexts) == ["ar", "az", "de", "fr-CA", "sr-Latn", "zh-TW"]
    assert loaded.bitexts["de"].src[0] == f"{name}-ref.deu.txt one"
    assert loaded.bitexts["de"].tgt[1] == f"{name}-src.eng.txt two"
    assert loaded.unread == {
        f"{name}-ref-2.spa.txt": "another reference of a language",
        f"{name}-ref.eng-GB.txt": "English beside English",
        f"{name}-src.deu.txt": "no English source",
    }


def test_an_english_side_of_ntrex_alone(tmp_path: Path) -> None:
    put(tmp_path, "x.de-en.de", "x.de-en.en", "news-src.eng.txt")
    assert load_folder(tmp_path).unread == {"news-src.eng.txt": "no news-ref.CODE.txt beside it"}


def test_what_is_not_read_is_named_with_the_reason(tmp_path: Path) -> None:
    put(tmp_path, "x.de-en.de", "x.de-en.en", ".hidden", "newstest2019-ref.deu.txt")
    put(tmp_path, "x.xqz_Latn-eng_Latn.xqz_Latn", "x.en-en_GB.en", "x.fi-en.fi", "x.de-en.ids")
    (tmp_path / "more").mkdir()
    unread = dict(load_folder(tmp_path).unread)
    assert unread.pop("newstest2019-ref.deu.txt") == "no newstest2019-src.eng.txt beside it"
    assert unread == {
        "more": "no file",
        "x.de-en.ids": "'ids' is neither side of 'de-en'",
        "x.en-en_GB.en": "'en-en_GB' is no pair of a language and English",
        "x.fi-en.fi": "no x.fi-en.en beside it",
        "x.xqz_Latn-eng_Latn.xqz_Latn": "'xqz_Latn-eng_Latn' names no two known languages",
    }


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    for name, text in ((b"\xff.de-en", "ja\tyes\n"), (b"\xfe.fi-en", "yksi\n"), (b"\xfd", "")):
        (tmp_path / os.fsdecode(name + b".tsv")).write_text(text, encoding="utf-8")
    loaded = load_folder(tmp_path)
    assert list(loaded.bitexts) == ["de"]
    assert list(loaded.unread) == ["\\udcfd.tsv"]
    assert (
        loaded.gaps["fi"] == f"{tmp_path}/\\udcfe.fi-en.tsv, line 1: 1 columns, none with index 1"
    )


def test_a_language_at_fault_is_a_gap_unless_it_was_asked_for_or_is_the_only_one(
    tmp_path: Path,
) -> None:
    put(tmp_path, "x.de-en.de", "x.de-en.en")
    (tmp_path / "x.fi-en.tsv").write_text("yksi\tone\nkaksi\n")
    loaded = load_folder(tmp_path)
    assert list(loaded.bitexts) == ["de"]
    fault = f"{tmp_path / 'x.fi-en.tsv'}, line 2: 1 columns, none with index 1"
    assert loaded.gaps == {"fi": fault}
    with pytest.raises(DataError, match="line 2: 1 columns"):
        load_folder(tmp_path, ["de", "fi"])
    for path in tmp_path.glob("x.de-en.*"):
        path.unlink()
    with pytest.raises(DataError, match="line 2: 1 columns"):
        load_folder(tmp_path)


PAIRS = (
    ("Der Hund schläft unter dem Tisch.", "The dog sleeps under the table."),
    ("Ich trinke jeden Morgen Kaffee.", "I drink coffee every morning."),
    ("Das Wetter ist heute schön.", "The weather is nice today."),
    ("Wo ist der Bahnhof?", "Where is the train station?"),
    ("Sie liest ein dickes Buch.", "She reads a thick book."),
    ("Wir fahren morgen nach Berlin.", "We are going to Berlin tomorrow."),
    ("Kannst du mir helfen?", "Can you help me?"),
    ("Er spielt gern Gitarre.", "He likes to play the guitar."),
    ("Die Kinder lachen laut.", "The children laugh loudly."),
    ("Es regnet seit gestern.", "It has been raining since yesterday."),
)
GERMAN, ENGLISH = zip(*PAIRS, strict=True)


@pytest.mark.parametrize(
    ("src", "tgt", "apart"),
    [
        (GERMAN, sorted(ENGLISH), True),
        (GERMAN, sorted(ENGLISH, reverse=True), True),
        (GERMAN, sorted(e.lower() for e in ENGLISH), True),
        (sorted(GERMAN), ENGLISH, True),
        (sorted(GERMAN), sorted(ENGLISH), True),
        (GERMAN, ENGLISH, False),
        (*zip(*sorted(PAIRS), strict=True), False),
        (*zip(*sorted(PAIRS, key=lambda pair: pair[1]), strict=True), False),
        (GERMAN[:7], sorted(ENGLISH[:7]), False),
        (GERMAN, ["Yes."] * 10, False),
        (["Ja."] * 10, ["Yes."] * 10, False),
    ],
)
def test_sides_that_were_sorted_apart(src: list[str], tgt: list[str], apart: bool) -> None:
    assert sorted_apart(src, tgt) is apart


def test_a_long_list_of_words_sorted_by_english_passes() -> None:
    words = [("a" * (3 + i % 7), f"{i:03}" + "b" * (i * 5 % 7)) for i in range(200)]
    together = [
        (f"w{i}" + "a" * (i * 5 % 7 + i % 3), english) for i, (_, english) in enumerate(words)
    ]
    assert not sorted_apart(*zip(*together, strict=True))
    assert sorted_apart(*zip(*words, strict=True))


def test_a_sorted_side_is_refused_with_the_remedy_and_a_table_is_not(tmp_path: Path) -> None:
    put(tmp_path, "x.fi-en.fi", "x.fi-en.en")
    (tmp_path / "de-en.de").write_text("\n".join(GERMAN), encoding="utf-8")
    (tmp_path / "de-en.en").write_text("\n".join(sorted(ENGLISH)), encoding="utf-8")
    with pytest.raises(
        DataError, match=r"sorted apart[^$]*tatoeba\.deu-eng\.deu[^$]*paste de-en\.de"
    ):
        load_folder(tmp_path, ["de"])
    assert "were sorted apart" in load_folder(tmp_path).gaps["de"]
    rows = "\n".join(f"{src}\t{tgt}" for src, tgt in zip(GERMAN, sorted(ENGLISH), strict=True))
    (tmp_path / "x.tsv").write_text(rows, encoding="utf-8")
    assert read_tsv(tmp_path / "x.tsv", "de").tgt == tuple(sorted(ENGLISH))
