"""Translation engines: marks, sentences, Apertium (real and a stand-in), and models."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tiny_translators import FAMILIES, SENTENCES, WORDS, fake, marian, model_folders, question

from crosslift.errors import DataError
from crosslift.sources.translation.apertium import Apertium, installation, packages
from crosslift.sources.translation.apertium_stream import decode, encode, lines_and_breaks, tidy
from crosslift.sources.translation.codes import engine_code
from crosslift.sources.translation.engines import open_engine
from crosslift.sources.translation.marks import Marks, Piece, put_marks, take_marks
from crosslift.sources.translation.records import translate_records
from crosslift.sources.translation.sentences import cut
from crosslift.sources.translation.translation_settings import TranslationSettings

__all__ = ["fake", "model_folders"]  # fixtures

REAL = shutil.which("apertium") is not None
real = pytest.mark.skipif(
    not REAL, reason="Apertium is not installed (apt-get install apertium apertium-eng-spa)"
)
NASTY = (
    "It's 5 < 6 && a > b; [see {this}] ^caret$ a/b \\ back @home ~tilde~ *star #hash",
    '<b class="x">bold</b> &amp; &lt;i&gt;',
    "line one.\nline two\r\n\n  line three\tafter a tab",
    "[[t:i:1]]word[[/]] [n0] [][z] [p5b.]",
    "*unknownword xyzzyplugh",
    "“quoted” — dash… 😀 e\u0301 \u202e日本 مرحبا",
    "nul \0 bell \a high \udfff surrogate",
    "'",
    "^",
    "",
    "   ",
    "The cat sat on the mat.",
    "The cat sat on the mat.",
)
QUESTION_COLUMNS = {"question": "question", "passage": "passage"}


# Settings


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"to": []}, "at least 1"),
        ({"to": ["es", "es"]}, "each language once"),
        ({"to": ["en-GB"]}, "leave it out"),
        ({"to": ["qqq"]}, "'qqq' is not a known language"),
        ({"engine": "seq2seq"}, "needs `model`"),
        ({"model": "x"}, "apertium takes no model"),
        ({"beams": 2, "batch_size": 3}, "takes no beams and no batch_size"),
        ({"codes": {"ca": "cat"}}, "`codes` names ca"),
        ({"limit": 0}, "greater than or equal to 1"),
        ({"speed": 1}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TranslationSettings(**{"engine": "apertium", "to": ["es"], **fields})


@pytest.mark.parametrize(
    ("code", "legal", "expected"),
    [
        ("es", ["spa_Latn", "cat_Latn"], "spa_Latn"),
        ("zh", ["zho_Hans", "zho_Hant", "yue_Hant"], "zho_Hans"),
        ("zh-TW", ["zho_Hans", "zho_Hant"], "zho_Hant"),
        ("ar", ["arb_Arab", "arb_Latn", "ary_Arab"], "arb_Arab"),
        ("nb", ["no", "sv"], "no"),
        ("es", ["es_XX", "en_XX"], "es_XX"),
        ("pt-BR", ["por", "por_BR"], "por_BR"),
        ("ca-valencia", ["cat", "cat_valencia"], "cat_valencia"),
        ("tl", ["tgl_Latn"], "tgl_Latn"),
        ("sw", ["swh_Latn"], "swh_Latn"),
    ],
)
def test_codes_of_engines_are_found(code: str, legal: list[str], expected: str) -> None:
    assert engine_code(code, legal, {}, "it", "") == expected


def test_unknown_codes_name_near_ones() -> None:
    with pytest.raises(DataError, match=r"(?s)into es.*one of spb, zho.*did you mean spb"):
        engine_code("es", ["spb", "zho"], {}, "it", "")
    with pytest.raises(DataError, match=r"(?s)several variants of 'ca': cat_a, cat_b.*codes: {ca"):
        engine_code("ca", ["cat_a", "cat_b"], {}, "it", "")
    assert engine_code("ca", ["cat_a", "cat_b"], {"ca": "cat_b"}, "it", "") == "cat_b"
    with pytest.raises(DataError, match="`codes` names it for ca"):
        engine_code("ca", ["cat_a", "cat_b"], {"ca": "cat_c"}, "it", "")


# Marks, sentences, the stream


def test_marks_are_put_and_taken() -> None:
    square = Marks("[", "]")
    assert put_marks("in Oslo.", 3, 7, square) == "in [Oslo]."
    assert put_marks("in Oslo [1].", 3, 7, square) is None
    assert take_marks("en [ Oslo ].", square) == Piece("en Oslo.", 3, 7)
    assert take_marks("[Oslo] y", square) == Piece("Oslo y", 0, 4)
    for lost in ("en Oslo.", "en [Oslo.", "en ]Oslo[.", "en [] Oslo", "[.]", "[a] [b]"):
        assert take_marks(lost, square) is None


@given(st.text(), st.data())
def test_taking_gives_back_what_was_marked(text: str, data: Any) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    marks = Marks("\ufdd0", "\ufdd1")
    piece = take_marks(put_marks(text, start, end, marks) or "", marks)
    if piece is not None and text == " ".join(text.split()):
        assert piece.text == text
        assert text[start:end].strip() == piece.text[piece.start : piece.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. J. R. Smith of the U.S. Army left.", ["Dr. J. R. Smith of the U.S. Army left."]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("It cost 3.5 million. In 1990 it fell.", ["It cost 3.5 million.", "In 1990 it fell."]),
        ("title\nText", ["title", "Text"]),
        ("", [""]),
    ],
)
def test_sentences_are_cut(text: str, expected: list[str]) -> None:
    assert cut(text)[0] == expected


@given(st.text(alphabet="ab A.!?\n '\"()"))
def test_sentences_make_up_the_text(text: str) -> None:
    sentences, gaps = cut(text)
    joined = "".join(s + gap for s, gap in zip(sentences, [*gaps, ""], strict=True))
    assert joined == text.strip()


@given(st.text())
@settings(max_examples=300)
def test_a_document_gives_back_its_line(text: str) -> None:
    for line in lines_and_breaks(text)[0]:
        document = encode(line, 7)
        assert "\0" not in document
        assert "\\" not in document
        if "\ufdd0" not in line and "\ufdd1" not in line:
            assert decode(document, 7) == line
        assert decode(document, 8) is None


def test_pieces_go_where_their_words_go() -> None:
    words = (
        "[n0][[t:o:1]]la[[/]] [[t:i:1]]casa[[/]] de [[t:i:1]]campo[[/]] [p5b.][[t:o:1]]x[[/]][][z]"
    )
    assert decode(words, 0) == "la \ufdd0casa de campo\ufdd1 [x"
    apart = "[n0][[t:i:1]]una[[/]] [[t:o:1]]la[[/]] [[t:i:1]]otra[[/]][][z]"
    assert decode(apart, 0) == "\ufdd0una\ufdd1 la \ufdd0otra\ufdd1"
    both = "[n0][[t:o:1; t:i:1]]del[[/]] [[t:i:1]]gato[[/]][i24.]['][][z]"
    assert decode(both, 0) == "del \ufdd0gato$\ufdd1'"
    assert decode(encode("an \ufdd0apple\ufdd1.", 3), 3) == "an \ufdd0apple\ufdd1."


def test_spaces_that_words_left_are_taken_out() -> None:
    assert tidy(" Es  un gato .", "It is a cat.") == "Es un gato."
    assert tidy("un gato .", "a cat .") == "un gato ."


# The stand-in for Apertium


def test_a_missing_program_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match="apt-get install apertium apertium-eng-spa apertium-en-gl"):
        Apertium(["es", "gl"], {})
    assert packages(["sr", "hr", "de"]) == ["apertium", "apertium-hbs-eng"]


def test_a_missing_pair_names_its_package_and_those_that_are_there(fake: Any) -> None:
    fake(pairs=("eng-spa", "spa-eng"))
    with pytest.raises(
        DataError, match=r"(?s)into ca.*apt-get install apertium-eng-cat.*eng-spa, spa"
    ):
        Apertium(["ca"], {})
    fake(pairs=("en-eo", "en-eo-bytecode"))
    assert installation().from_english == {"eo": "en-eo"}
    with pytest.raises(DataError, match="apt-cache search"):
        Apertium(["de"], {})


def test_an_old_program_is_refused(fake: Any) -> None:
    fake(version="3.5.2")
    with pytest.raises(DataError, match=r"(?s)Apertium 3\.5\.2.*3\.8 or later"):
        installation()


def test_data_that_is_elsewhere_is_asked_for(fake: Any) -> None:
    folder = fake()
    (folder / "share" / "apertium" / "modes" / "eng-spa.mode").unlink()
    with pytest.raises(DataError, match="APERTIUM_DATADIR"):
        Apertium(["es"], {}).facts()


def test_facts_change_with_the_pairs_data(fake: Any) -> None:
    folder = fake()
    before = Apertium(["es", "ca"], {}).facts()
    assert before == Apertium(["es", "ca"], {}).facts()
    (folder / "share" / "eng-spa.bin").write_text("other rules")
    after = Apertium(["es", "ca"], {}).facts()
    assert before["pairs"]["es"] != after["pairs"]["es"]
    assert before["pairs"]["ca"] == after["pairs"]["ca"]


def test_one_translation_of_each_text_whatever_it_holds(fake: Any) -> None:
    fake()
    counts: list[int] = []
    translations = Apertium(["es"], {}).translate([*NASTY] * 30, "es", counts.append)
    assert len(translations) == len(NASTY) * 30
    assert sum(counts) == len(translations)
    assert translations[0] == NASTY[0].upper()
    assert translations[2] == "LINE ONE.\nLINE TWO\r\n\n  LINE THREE AFTER A TAB"
    assert translations[3] == NASTY[3].upper()
    assert [translations[i] for i in (7, 8, 9, 10)] == ["'", "^", "", ""]


@pytest.mark.parametrize("mode", ["loses", "swaps"])
def test_texts_that_come_out_wrong_are_noticed(mode: str, fake: Any) -> None:
    fake(mode)
    with pytest.raises(DataError, match=r"eng-spa returned \d complete translations of 3 texts"):
        Apertium(["es"], {}).translate(["one", "two", "three"], "es")


def test_a_program_that_fails_is_quoted(fake: Any) -> None:
    fake("fails")
    with pytest.raises(
        DataError, match=r"(?s)eng-spa` ended with status 1; it reported: .*bag of words"
    ):
        Apertium(["es"], {}).translate(["one"], "es")


def test_an_interrupted_translation_leaves_no_program(
    fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fake("hangs")
    engine = Apertium(["es"], {})

    def interrupted(*_: Any) -> None:
        while not (folder / "pid").is_file() or not (folder / "pid").read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.translate(["one"], "es")
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)


# Apertium itself


@real
def test_apertium_translates() -> None:
    engine = Apertium(["es", "ca"], {})
    texts = ["This is a big house.", "He died in 1950.\nShe lives."]
    house, lines = engine.translate(texts, "es")
    assert "casa grande." in str(house)
    assert [line[-1] for line in str(lines).split("\n")] == [".", "."]
    assert engine.translate(["The big house"], "ca") == ["La casa gran"]
    assert engine.translate(texts[::-1], "es") == engine.translate(texts, "es")[::-1]
    assert len(engine.facts()["pairs"]["es"]["files"]) == 64


@real
@pytest.mark.parametrize("language", ["es", "ca"])
def test_apertium_keeps_texts_apart(language: str) -> None:
    engine = Apertium([language], {})
    translations = engine.translate([*NASTY] * 3, language)
    assert len(translations) == len(NASTY) * 3
    assert translations[: len(NASTY)] == translations[len(NASTY) : 2 * len(NASTY)]
    alone = [engine.translate([text], language)[0] for text in NASTY]
    assert translations[: len(NASTY)] == alone
    for text, translated in zip(NASTY, alone, strict=True):
        assert all(text.count(c) == str(translated).count(c) for c in "[]{}^$/\\@<>~*#\n")


@real
def test_apertium_finds_answers_again() -> None:
    passages = [
        question("moved", "In 1903 the red house was sold to a bank.", "red house"),
        question("added", "It shows construction errors in the code.", "construction errors"),
        question("sign", "The king paid $5 million [in gold] to France.", "$5 million"),
        question("split", "The square was in Wooster Square.", "square was"),
        question("none", "Nobody knows it.", None),
        question("mark", "It is \ufdd0 here.", "here"),
    ]
    made = translate_records(passages, QUESTION_COLUMNS, "passage", Apertium(["es"], {}), "es")
    answers = {r.id: [r.texts["passage"][a:b] for a, b in r.spans] for r in made.records}
    assert answers["moved:es"] == ["casa roja"]
    assert answers["added:es"] == ["errores de construcción"]
    assert answers["sign:es"] == ["$5 millones"]
    assert answers["none:es"] == []
    assert made.dropped["holds the marks of an answer itself"] == 1
    assert sum(made.dropped.values()) + len(made.records) == len(passages)


# Models


def seq2seq(folder: Path, *to: str, **more: Any) -> Any:
    """The engine on a model."""
    return open_engine(
        TranslationSettings(engine="seq2seq", model=str(folder), to=to or ("es", "zh"), **more)
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("beams", [1, 2])
def test_each_family_is_told_the_language(
    family: str, beams: int, model_folders: dict[str, Path]
) -> None:
    engine = seq2seq(model_folders[family], beams=beams, batch_size=3)
    counts: list[int] = []
    texts = [*SENTENCES, SENTENCES[0], "", f"{SENTENCES[1]} {SENTENCES[3]}"]
    for language, gap in (("es", " "), ("zh", "")):
        word = WORDS[language]
        translations = engine.translate(texts, language, counts.append)
        assert translations == [*[word] * 5, "", word + gap + word]
    assert sum(counts) == 2 * len(texts)
    assert engine.facts() == seq2seq(model_folders[family]).facts()
    assert len(engine.facts()["files"]) > 64


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_never_cut(family: str, model_folders: dict[str, Path]) -> None:
    engine = seq2seq(model_folders[family])
    assert engine.translate([f"{SENTENCES[0]} {'x y ' * 40}", SENTENCES[0]], "es") == [None, "gato"]
    engine._loaded().generation_config.suppress_tokens = [engine._tokenizer.eos_token_id]
    assert engine.translate([SENTENCES[0]], "es") == [None]  # it never ends


@pytest.mark.parametrize(
    ("family", "near"),
    [("m2m100", "mean sw "), ("nllb", "mean swh_Latn"), ("marian", "one of cmn_Hans, es")],
)
def test_a_language_the_model_lacks(family: str, near: str, model_folders: dict[str, Path]) -> None:
    with pytest.raises(DataError, match=rf"(?s)does not translate from English into swg.*({near})"):
        seq2seq(model_folders[family], "swg")


def test_a_marian_model_of_one_pair_has_one_language(tmp_path: Path) -> None:
    folder = marian(tmp_path / "pair", target="es")
    assert seq2seq(folder, "es").translate([SENTENCES[0]], "es") == ["gato"]
    with pytest.raises(DataError, match=r"(?s)into 'ca', but only into 'es'.*codes: {ca: es}"):
        seq2seq(folder, "ca")
    assert seq2seq(folder, "ca", codes={"ca": "es"}).translate(["a"], "ca") is not None


def test_a_model_of_another_kind_is_refused(bert_folder: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)of type 'bert'.*marian, m2m_100"):
        seq2seq(bert_folder, "es")
