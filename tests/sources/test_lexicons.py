"""Lexicons: every format in its exact form, what is left out, the split by word, what is refused."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import pytest

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.lexicons.lexicon import WordPair, folded
from crosslift.sources.lexicons.lexicon_folder import lexicons_of
from crosslift.sources.lexicons.read_lexicon import read_lexicon
from crosslift.sources.lexicons.split import check_no_leak, split_by_word, split_of_lexicon
from crosslift.sources.pictograms import load_concepts, split_of

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# Tables


def test_the_name_tells_the_language_and_the_side_of_english(tmp_path: Path) -> None:
    first = read_lexicon(written(tmp_path / "swh-eng.tsv", "nyumba\thouse\nmti\ttree\n"))
    second = read_lexicon(written(tmp_path / "words.en-sw.csv", "house,nyumba\ntree,mti\n"))
    pairs = (WordPair("nyumba", "house"), WordPair("mti", "tree"))
    assert (first.language, first.pairs) == ("sw", pairs)
    assert (second.language, second.pairs) == ("sw", pairs)
    assert first.checksum != second.checksum


def test_a_header_tells_the_side_of_english(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.tsv", "English\tWord\nhouse\tnyumba\n")
    lexicon = read_lexicon(path, "sw")
    assert (lexicon.language, lexicon.pairs) == ("sw", (WordPair("nyumba", "house"),))


@pytest.mark.parametrize("header", ["sw\ten", "swh\tENG", "word\ten", "sw\tenglish"])
def test_a_header_of_codes_is_no_pair(tmp_path: Path, header: str) -> None:
    lexicon = read_lexicon(written(tmp_path / "swh-eng.tsv", f"{header}\nnyumba\thouse\n"))
    assert lexicon.pairs == (WordPair("nyumba", "house"),)
    turned = "\t".join(reversed(header.split("\t")))
    path = written(tmp_path / "mine.tsv", f"{turned}\nhouse\tnyumba\n")
    assert read_lexicon(path, "sw").pairs == (WordPair("nyumba", "house"),)


def test_codes_beside_the_column_of_parts(tmp_path: Path) -> None:
    lines = "part\ten\tsw\ntrained\thouse\tnyumba\ncontrol\ttree\tmti\n"
    lexicon = read_lexicon(written(tmp_path / "mine.tsv", lines), "sw")
    assert lexicon.pairs == (WordPair("nyumba", "house"), WordPair("mti", "tree"))
    assert lexicon.control == {WordPair("mti", "tree")}


def test_a_first_pair_is_no_header(tmp_path: Path) -> None:
    """A code of another language beside one of English is a word."""
    lexicon = read_lexicon(written(tmp_path / "sw-en.tsv", "ga\ten\nnyumba\thouse\n"))
    assert lexicon.pairs == (WordPair("ga", "en"), WordPair("nyumba", "house"))


def test_marks_and_line_ends_of_other_systems(tmp_path: Path) -> None:
    path = tmp_path / "sw-en.tsv"
    path.write_bytes("\ufeffnyumba\thouse\r\nmti\ttree\r\n\r\n".encode())
    assert read_lexicon(path).pairs == (WordPair("nyumba", "house"), WordPair("mti", "tree"))


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    lines = [
        *("nyumba\thouse", "Nyumba\tHouse", "radio\tradio", "Radio\tradio"),
        *("mti\tfruit tree", "paka mkubwa\tlion", "mti\t", "kumi\t10"),
    ]
    lexicon = read_lexicon(written(tmp_path / "sw-en.tsv", "\n".join(lines)))
    assert lexicon.pairs == (WordPair("nyumba", "house"),)
    assert lexicon.left_out == {
        "twice": 1,
        "the same in both languages": 2,
        "of several words": 2,
        "empty": 1,
        "without a letter": 1,
    }


def test_words_are_composed(tmp_path: Path) -> None:
    """A letter and its accent as two characters, and as one, are one word."""
    path = written(tmp_path / "ga-en.tsv", "e\u0301an\tbird\n\u00e9an\tbird\n")
    lexicon = read_lexicon(path)
    assert lexicon.pairs == (WordPair("\u00e9an", "bird"),)
    assert lexicon.left_out == {"twice": 1}


# MUSE


@pytest.mark.parametrize("name", ["en-sw.txt", "en-sw.0-5000.txt"])
def test_lists_of_muse(tmp_path: Path, name: str) -> None:
    lexicon = read_lexicon(written(tmp_path / name, "house nyumba\ntree\tmti\n"))
    assert lexicon.pairs == (WordPair("nyumba", "house"), WordPair("mti", "tree"))
    odd = "house nyumba\nfruit tree mti\ncow\tng ombe\n\nwaldrand\n"
    lexicon = read_lexicon(written(tmp_path / name, odd))
    assert lexicon.pairs == (WordPair("nyumba", "house"),)
    assert lexicon.left_out == {"of several words": 2, "without a translation": 1}


# FreeDict


def base64(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 64)
        digits = DIGITS[digit] + digits
        if not number:
            return digits


ENTRIES = {
    "00databaseinfo": "a dictionary: of tests\n",
    "ci": "ci /kiː/ <n, s, m>\ndog\n",
    "mwendo": "mwendo /x/ <n> (pl: {miendo})\n1.\ndistance, offset\n2.\njourney; trip\n",
    "coch": 'coch <adj>\n1. red, scarlet (of colour)\n"het goch": a red hat\n',
    "cath goed": "cath goed /x/\nmarten\n",
    "ty": "ty\nhouse\n",
}


def dictionary(folder: Path, *, compressed: bool = True, extra: str = "") -> Path:
    """NAME.index and NAME.dict.dz, as dictfmt and dictzip write them."""
    index, content = [], b""
    for headword, text in ENTRIES.items():
        data = text.encode()
        index.append(f"{headword}\t{base64(len(content))}\t{base64(len(data))}")
        content += data
    index.append(f"tŷ\t{index[-1].split(chr(9), 1)[1]}")  # another headword of the last entry
    path = written(folder / "freedict-cym-eng.index", "\n".join(index) + "\n" + extra)
    if compressed:
        (folder / "freedict-cym-eng.dict.dz").write_bytes(dictzip(content))
    else:
        (folder / "freedict-cym-eng.dict").write_bytes(content)
    return path


def dictzip(content: bytes, chunk: int = 40) -> bytes:
    """gzip with a table of chunks in its extra field, each flushed whole, so that one can begin to read
    in the middle (dictzip(1))."""
    parts, packer = [], zlib.compressobj(9, zlib.DEFLATED, -15)
    for start in range(0, len(content), chunk):
        data = packer.compress(content[start : start + chunk])
        parts.append(data + packer.flush(zlib.Z_FULL_FLUSH))
    sizes = b"".join(len(part).to_bytes(2, "little") for part in parts)
    table = b"".join(n.to_bytes(2, "little") for n in (1, chunk, len(parts))) + sizes
    extra = b"RA" + len(table).to_bytes(2, "little") + table
    head = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x02\x03" + len(extra).to_bytes(2, "little") + extra
    tail = zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    return head + b"".join(parts) + packer.flush() + tail


def test_numbers_to_the_base_of_64() -> None:
    """Worked by hand: A is 0, B 1, / 63, BA 64, CF2m is 2 * 64^3 + 5 * 64^2 + 54 * 64 + 38."""
    assert [base64(n) for n in (0, 1, 63, 64)] == ["A", "B", "/", "BA"]
    assert base64(2 * 64**3 + 5 * 64**2 + 54 * 64 + 38) == "CF2m"


@pytest.mark.parametrize("compressed", [True, False])
def test_dictionaries_of_freedict(tmp_path: Path, compressed: bool) -> None:
    path = dictionary(tmp_path, compressed=compressed)
    if compressed:
        packed = path.with_suffix(".dict.dz").read_bytes()
        assert gzip.decompress(packed) == "".join(ENTRIES.values()).encode()
    lexicon = read_lexicon(path)
    assert lexicon.language == "cy"
    assert lexicon.pairs == (
        *(WordPair("ci", "dog"), WordPair("mwendo", "distance"), WordPair("mwendo", "offset")),
        *(WordPair("mwendo", "journey"), WordPair("mwendo", "trip")),
        *(WordPair("coch", "red"), WordPair("coch", "scarlet"), WordPair("ty", "house")),
    )
    assert lexicon.left_out == {"notes and examples": 1, "of several words": 1}
    other = path.with_suffix(".dict.dz" if compressed else ".dict")
    assert read_lexicon(other).pairs == lexicon.pairs


def test_headwords_that_share_an_entry(tmp_path: Path) -> None:
    """Worked by hand: the entry is 21 bytes long, V; its headwords stand in two lines of the index."""
    (tmp_path / "freedict-swh-eng.dict").write_bytes(b"ofisi, afisi <n>\nbox\n")
    path = written(tmp_path / "freedict-swh-eng.index", "afisi\tA\tV\nofisi\tA\tV\n")
    lexicon = read_lexicon(path)
    assert lexicon.pairs == (WordPair("ofisi", "box"), WordPair("afisi", "box"))
    assert lexicon.left_out == {}


def test_dictionaries_from_english(tmp_path: Path) -> None:
    path = dictionary(tmp_path)
    for end in (".index", ".dict.dz"):
        path.with_suffix(end).rename(tmp_path / f"freedict-eng-cym{end}")
    lexicon = read_lexicon(tmp_path / "freedict-eng-cym.index")
    assert lexicon.pairs[0] == WordPair("dog", "ci")  # the entry's translations are the Welsh words


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("word\tA\n", "line 8: 2 fields"),
        ("word\tA\tx-y\n", "the number 'x-y'"),
        ("word\t\tB\n", "line 8: the number ''"),
        ("word\tA\t" + "9" * 5000 + "\n", "line 8: the number '999"),
        ("word\tZZZ\tB\n", "but freedict-cym-eng.dict.dz has"),
    ],
)
def test_a_broken_index(tmp_path: Path, extra: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_lexicon(dictionary(tmp_path, extra=extra))


def test_a_dictionary_that_is_not_whole(tmp_path: Path) -> None:
    path = dictionary(tmp_path)
    packed = path.with_suffix(".dict.dz")
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be decompressed"):
        read_lexicon(path)
    packed.unlink()
    with pytest.raises(DataError, match="no dictionary beside it"):
        read_lexicon(path)


# Names


def test_names_are_of_concepts_of_training_alone() -> None:
    lexicon = read_lexicon("names:de")
    splits = split_of(load_concepts())
    held_out = {c.names["en"] for c in load_concepts() if splits[c.id] != "train"}
    trained = {c.names["en"] for c in load_concepts() if splits[c.id] == "train"}
    assert lexicon.language == "de"
    assert {pair.english for pair in lexicon.pairs} <= trained
    assert not ({p.english for p in lexicon.pairs} & (held_out - trained))
    with pytest.raises(UnknownNameError, match="language of names"):
        read_lexicon(Path("somewhere") / "names:xx")


# The split


@pytest.mark.parametrize("seed", range(30))
def test_no_word_of_a_control_pair_is_trained(seed: int) -> None:
    """Of random pairs whose words often repeat, in other capitals and on the other side too."""
    generator = np.random.default_rng(seed)
    letters = np.array(list("abcdeé"))
    words = ["".join(generator.choice(letters, generator.integers(2, 5))) for _ in range(120)]
    drawn = generator.integers(0, len(words), (150, 2))
    pairs = list(dict.fromkeys(WordPair(words[a], words[b].upper()) for a, b in drawn if a != b))
    pairs += [WordPair(f"alone{i}", f"single{i}") for i in range(60)]
    split = split_by_word(pairs, 0.2)
    trained = {folded(word) for pair in split.trained for word in pair}
    assert not trained & {folded(word) for pair in split.control for word in pair}
    assert sorted((*split.trained, *split.control)) == sorted(pairs)
    order = generator.permutation(len(pairs))
    again = split_by_word([pairs[i] for i in order], 0.2)
    assert set(again.control) == set(split.control)
    assert len(split.groups) == len(split.trained)


def test_the_share_is_about_what_is_asked_for() -> None:
    pairs = [WordPair(f"a{i}", f"b{i}") for i in range(4000)]
    assert len(split_by_word(pairs).control) == pytest.approx(400, abs=80)


def test_pairs_that_words_connect_are_one_group() -> None:
    pairs = [WordPair("bara", "land"), WordPair("bara", "continent"), WordPair("nchi", "LAND")]
    pairs += [WordPair(f"x{i}", f"y{i}") for i in range(200)]
    split = split_by_word(pairs)
    groups = dict(zip(split.trained, split.groups, strict=True))
    assert len({groups[pair] for pair in pairs[:3]}) == 1
    assert len(set(split.groups)) == len(split.trained) - 2


def test_a_leak_is_named() -> None:
    with pytest.raises(DataError, match=r"1 words of control pairs .* House"):
        check_no_leak([WordPair("nyumba", "house")], [WordPair("jengo", "House")])


def test_a_file_may_say_what_is_never_trained_on(tmp_path: Path) -> None:
    rows = (
        "word\tenglish\tpart\nnyumba\thouse\ttrained\nMti\ttree\tControl\njengo\thouse\ttrained\n"
    )
    lexicon = read_lexicon(written(tmp_path / "sw-en.tsv", rows))
    split = split_of_lexicon(lexicon)
    assert split.control == (WordPair("Mti", "tree"),)
    assert split.trained == (WordPair("nyumba", "house"), WordPair("jengo", "house"))
    assert len(set(split.groups)) == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("mti\tHOUSE\tcontrol", "are in trained pairs, too: HOUSE"),
        ("mti\ttree\ttrained", "2 trained and 0 control pairs"),
        ("mti\ttree\ttest", "line 3: part 'test'"),
        ("Nyumba\thouse\tcontrol", "1 pairs are both trained and control"),
        ("mti\ttree", "line 3: 2 columns"),
    ],
)
def test_parts_that_do_not_fit(tmp_path: Path, row: str, message: str) -> None:
    text = f"word\tenglish\tpart\nnyumba\thouse\ttrained\n{row}\n"
    with pytest.raises(DataError, match=message):
        split_of_lexicon(read_lexicon(written(tmp_path / "sw-en.tsv", text)))


def test_too_few_pairs_to_split() -> None:
    with pytest.raises(DataError, match="more pairs"):
        split_by_word([WordPair("a", "b")])


# Folders and faults


def test_a_folder_has_a_lexicon_of_each_language(tmp_path: Path) -> None:
    dictionary(tmp_path)
    written(tmp_path / "swh-eng.tsv", "nyumba\thouse\n")
    written(tmp_path / "README.txt", "words")
    lexicon = lexicons_of(tmp_path, None)
    assert sorted(lexicon.lexicons) == ["cy", "sw"]
    assert lexicon.unread == {"README.txt": "its name does not contain its languages"}
    assert list(lexicons_of(tmp_path, ["sw"]).lexicons) == ["sw"]
    with pytest.raises(UnknownNameError, match="language of the lexicons"):
        lexicons_of(tmp_path, ["ga"])
    written(tmp_path / "en-sw.txt", "house nyumba\n")
    with pytest.raises(DataError, match="two lexicons of sw"):
        lexicons_of(tmp_path, None)


def test_a_lexicon_of_an_unknown_code_in_a_folder_is_told(tmp_path: Path) -> None:
    written(tmp_path / "swh-eng.tsv", "nyumba\thouse\n")
    written(tmp_path / "xqz-eng.tsv", "a\tb\n")
    written(tmp_path / "ga-en.tsv", "an\tbird\nmadra\n")
    (tmp_path / "more").mkdir()
    lexicon = lexicons_of(tmp_path, None)
    assert list(lexicon.lexicons) == ["sw"]
    assert set(lexicon.unread) == {"ga-en.tsv", "more", "xqz-eng.tsv"}
    assert "line 2: 1 columns" in lexicon.unread["ga-en.tsv"]
    assert "no known language" in lexicon.unread["xqz-eng.tsv"]
    with pytest.raises(DataError, match="line 2: 1 columns"):
        lexicons_of(tmp_path, ["ga"])
    (tmp_path / "swh-eng.tsv").unlink()
    with pytest.raises(DataError, match="line 2: 1 columns"):
        lexicons_of(tmp_path, None)


def test_a_folder_without_lexicons(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no lexicon in"):
        lexicons_of(tmp_path, None)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sw-en.tsv", "nyumba\thouse\nmti\n", "line 2: 1 columns"),
        ("sw-en.tsv", "mti\tfruit tree\n", r"no pair of words \(1 of several words\)"),
        ("sw-en.tsv", "", "no pair at all"),
        ("words.tsv", "nyumba\thouse\n", "does not contain its languages"),
        ("de-fr.tsv", "Haus\tmaison\n", "does not contain its languages"),
        ("xqz-eng.tsv", "a\tb\n", "the code of no known language"),
        ("sw-en.doc", "nyumba\thouse\n", "a lexicon sw-en.doc"),
        ("my-en-sw.tsv", "house\tnyumba\n", "holds my-en, en-sw"),
        ("en-sw.en-ga.tsv", "house\tnyumba\n", "holds en-sw, en-ga"),
        ("sw-en.csv", 'nyumba,"house\nmti,tree\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_lexicon(written(tmp_path / name, content))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no lexicon at"):
        read_lexicon(tmp_path / "sw-en.tsv")
    (tmp_path / "sw-en.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="0xff is not UTF-8"):
        read_lexicon(tmp_path / "sw-en.tsv")
    with pytest.raises(DataError, match="language 'en'"):
        read_lexicon(written(tmp_path / "mine.tsv", "nyumba\thouse\n"), "en")
    path = written(tmp_path / "ga-en.tsv", "an\tbird\n")
    with pytest.raises(DataError, match="by its name one of ga, but language 'sw'"):
        read_lexicon(path, "sw")
