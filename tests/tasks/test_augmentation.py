"""Synonyms, and copies of training records that contain them (RS-DA)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import chisquare

from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.token_neighbours import nearest_words
from crosslift.errors import DataError
from crosslift.forms.form import group_numbers
from crosslift.sources.record import Record
from crosslift.sources.synonyms import (
    Synonyms,
    read_synonyms,
    wordnet_checksum,
    wordnet_synonyms,
)
from crosslift.tasks.all_tasks import TASKS
from crosslift.tasks.augmentation import augmented, english_words
from crosslift.tasks.task import FormSpec

TEXT = FormSpec("masked-lm", {"text": "text"})
QUESTIONS = FormSpec("span-qa", {"question": "question", "passage": "passage"})


def synonyms(**of: str) -> Synonyms:
    return Synonyms({word: tuple(them.split()) for word, them in of.items()}, "", "a test")


GOOD = synonyms(good="fine nice")


def written(folder: Path, content: object) -> Path:
    path = folder / "synonyms.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def copies_of(text: str, of: Synonyms, copies: int = 40) -> set[str]:
    copied = augmented([Record("1", {"text": text})], TEXT, of, copies, 0)
    return {record.texts["text"] for record in copied.records}


# Files of synonyms


def test_a_json_file_of_synonyms(tmp_path: Path) -> None:
    path = written(tmp_path, {"Good": ["fine", "Nice"], "well-known": ["famous"]})
    table = read_synonyms(path)
    assert table.of == {"good": ("fine", "Nice"), "well-known": ("famous",)}
    assert table.of_word("GOOD") == ("fine", "Nice")
    assert table.of_word("fine") == ()
    assert table.source == "synonyms.json"


def test_an_entry_without_synonyms_may_be_anything(tmp_path: Path) -> None:
    """Published files list every word that their authors looked up, and remains of their
    tokenisation."""
    odd = {"'71": [], " ": [], "two words": [], "10": [], "it's": [], "good": ["fine"]}
    assert read_synonyms(written(tmp_path, odd)).of == {"good": ("fine",)}


def test_a_word_may_appear_twice_in_a_file(tmp_path: Path) -> None:
    text = '{"good": ["fine"], "bad": ["poor"], "Good": ["nice"], "good": ["great"]}'
    table = read_synonyms(written(tmp_path, text))
    assert table.of == {"good": ("fine", "nice", "great"), "bad": ("poor",)}


@pytest.mark.parametrize(
    "content", [b"good\tfine\ngood\tnice\n", b"\xef\xbb\xbfgood\tfine\r\n\r\ngood\tnice"]
)
def test_lines_of_word_and_synonym(tmp_path: Path, content: bytes) -> None:
    assert read_synonyms(written(tmp_path, content)).of == {"good": ("fine", "nice")}


def test_a_byte_order_mark_before_json(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbf{"good":\r\n["caf\xc3\xa9"]}\r\n')
    assert read_synonyms(path).of == {"good": ("café",)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (["good"], "holds a list"),
        ({"good": "fine"}, "entry 1: 'good' -> 'fine'"),
        ({"bad": ["poor"], "good": ["fine", 3]}, "entry 2: 'good'"),
        ({"good": {"fine": 1}}, "entry 1: 'good'"),
        ({"": ["fine"]}, "entry 1: '' is empty"),
        ({"good": [" "]}, "' ', a synonym of 'good', is empty"),
        ({"good": ["fine", "Good"]}, "entry 1: 'good' is its own synonym"),
        ({"good": ["fine", "nice", "Fine"]}, "'good' has the synonym 'Fine' twice"),
        ('{"good": ["fine"], "GOOD": ["fine"]}', "entry 2: 'GOOD' has the synonym 'fine' twice"),
        ({"good": ["fairly good"]}, "'fairly good', a synonym of 'good', is several words"),
        ({"ice_cream": ["gelato"]}, "'ice_cream' is several words"),
        ({"good": ["fine."]}, "'fine.', a synonym of 'good', is not a word"),
        ({"good": ["_"]}, "'_', a synonym of 'good', is not a word"),
        ({"good": []}, "holds no word with synonyms"),
        ("", "holds no word with synonyms"),
        ('{"good": [', "not JSON"),
        ("good\tfine\ngood\n", "line 2: 'good' has 1 fields"),
        ("good\tfine\nbad\tbad", "line 2: 'bad' is its own synonym"),
        ("good\tfine\n\ngood\tfine", "line 3: 'good' has the synonym 'fine' twice"),
        (b"good\tf\xefne", "cannot be read"),
    ],
)
def test_faults_of_a_file_of_synonyms(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(DataError) as error:
        read_synonyms(written(tmp_path, content))
    assert message in str(error.value)


def test_no_file_of_synonyms(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file of synonyms at"):
        read_synonyms(tmp_path / "none.json")


def test_the_checksum_is_of_the_content(tmp_path: Path) -> None:
    path = written(tmp_path, {"good": ["fine"]})
    before = read_synonyms(path)
    moved = path.rename(tmp_path / "moved.json")
    assert read_synonyms(moved).checksum == before.checksum
    assert read_synonyms(written(tmp_path, {"good": ["nice"]})).checksum != before.checksum


def test_a_ring_of_words_does_no_harm(tmp_path: Path) -> None:
    """A replacement is drawn once, from the list of the original word."""
    ring = read_synonyms(written(tmp_path, {"good": ["fine"], "fine": ["dry"], "dry": ["good"]}))
    assert copies_of("good", ring) == {"good", "fine"}
    assert copies_of("fine dry", ring) == {"fine dry", "dry dry", "fine good", "dry good"}


# WordNet

_LICENCE = "  1 This is the head of the file, as WordNet has its licence there.  \n"
SETS = {
    "noun": (
        '06 n 03 car 0 auto 0 motor_car 0 001 @ 00001930 n 0000 | a vehicle; "my car"',
        "06 n 02 car 1 gondola 0 000 | below a balloon",
        "27 n 04 helium 0 He 0 inert-gas 0 gas4 0 000 | a gas",
        "05 n 0b lot 0 ab 0 cd 0 ef 0 gh 0 ij 0 kl 0 mn 0 op 0 qr 0 st 0 000 | eleven of them",
        "14 n 02 in 0 inch 0 000 | a length",
    ),
    "verb": ("38 v 03 race 0 car 0 ab 0 000 01 + 02 00 | go by car",),
    "adj": ("00 s 03 galore(ip) 0 aplenty(ip) 0 Galore 0 000 | in abundance",),
    "adv": ("02 r 02 racily 0 car 0 000 | at speed",),
}
COUNTS = "car%1:06:00:: 1 3\ncar%1:06:01:: 2 5\nrace%2:38:00:: 1 2\ngalore%5:00:00:x:01 1 1\n"


def write_wordnet(folder: Path, counts: str = COUNTS) -> None:
    """The files of wndb(5WN) and cntlist(5WN): each set of synonyms begins with its place in bytes."""
    for part, sets in SETS.items():
        data, senses = _LICENCE, dict[str, list[str]]()
        for line in sets:
            offset, fields = f"{len(data):08}", line.split()
            data += f"{offset} {line}  \n"
            for word in fields[3 : 3 + 2 * int(fields[2], 16) : 2]:
                senses.setdefault(word.partition("(")[0].lower(), []).append(offset)
        index = [
            f"{word} {part[0]} {len(at)} 1 @ {len(at)} 1 {' '.join(at)}  \n"
            for word, at in sorted(senses.items())
        ]
        (folder / f"data.{part}").write_text(data, encoding="utf-8")
        (folder / f"index.{part}").write_text(_LICENCE + "".join(index), encoding="utf-8")
    (folder / "cntlist.rev").write_text(counts, encoding="utf-8")


@pytest.fixture
def wordnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_wordnet(tmp_path)
    monkeypatch.delenv("WNHOME", raising=False)
    monkeypatch.setenv("WNSEARCHDIR", str(tmp_path))
    return tmp_path


def test_synonyms_of_wordnet_are_of_the_most_frequent_sense(wordnet: Path) -> None:
    """No phrases, symbols or function words; markers are removed."""
    words = ["car", "race", "galore", "helium", "he", "in", "lot", "cars", "zebra"]
    table = wordnet_synonyms(words)
    assert table.of == {
        "car": ("gondola",),  # five times in tagged texts, an auto three times
        "race": ("car", "ab"),
        "galore": ("aplenty",),
        "helium": ("inert-gas",),  # never counted, but of one part of speech
        "lot": ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st"),
    }
    assert (table.source, table.checksum) == ("WordNet", wordnet_checksum())
    before = table.checksum
    write_wordnet(wordnet, COUNTS.replace(" 1 3", " 1 30"))
    assert wordnet_synonyms(["car"]).of == {"car": ("auto",)}
    assert wordnet_checksum() != before


def test_a_word_of_several_parts_of_speech_that_was_never_counted(wordnet: Path) -> None:
    write_wordnet(wordnet, COUNTS.replace("car%", "cart%"))
    assert wordnet_synonyms(["car", "race"]).of == {"race": ("car", "ab")}


def test_home_of_wordnet(wordnet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (wordnet / "dict").mkdir()
    for path in [path for path in wordnet.iterdir() if path.is_file()]:
        path.rename(wordnet / "dict" / path.name)
    monkeypatch.delenv("WNSEARCHDIR")
    monkeypatch.setenv("WNHOME", str(wordnet))
    assert wordnet_synonyms(["race"]).of == {"race": ("car", "ab")}


def test_no_wordnet_in_the_named_folder(wordnet: Path) -> None:
    """Another installed WordNet does not replace it."""
    (wordnet / "index.adv").unlink()
    for call in (wordnet_checksum, lambda: wordnet_synonyms(["car"])):
        with pytest.raises(DataError) as error:
            call()
        assert error.value.what == f"no WordNet in {wordnet}"
        assert "wordnet-base" in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cntlist.rev", "car%1:06:00:: 1", "ValueError"),
        ("cntlist.rev", "car%9:06:00:: 1 9", "KeyError"),
        ("cntlist.rev", b"\xff", "UnicodeDecodeError"),
        ("index.noun", "car n two 0 1 1 00000010", "ValueError"),
        ("index.noun", "car n 2 0 2 2 00000010 00000010", "ValueError"),
        ("data.noun", "", "ValueError"),
    ],
)
def test_faults_of_wordnet_files(
    wordnet: Path, name: str, content: str | bytes, message: str
) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (wordnet / name).write_bytes(data)
    with pytest.raises(DataError, match=f"cannot be read: {message}"):
        wordnet_synonyms(["car"])


def test_the_installed_wordnet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WNSEARCHDIR", "WNHOME"):
        monkeypatch.delenv(name, raising=False)
    try:
        table = wordnet_synonyms(["automobile", "he", "the", "in"])
    except DataError as error:
        pytest.skip(error.what)
    assert {word: set(them) for word, them in table.of.items()} == {
        "automobile": {"car", "auto", "motorcar", "machine"}
    }


# Neighbours in the token table


def test_nearest_words_by_hand(bert_folder: Path) -> None:
    """Rows at angles in a plane: the cosine of two words is that of the difference of their angles."""
    encoder = load_encoder(EncoderSettings(name=str(bert_folder)))
    angles = {"a": 0.0, "b": 10.0, "c": 25.0, "the": -10.0, "cat": 180.0, "7": 1.0}
    turned = torch.deg2rad(torch.tensor(list(angles.values())))
    with torch.no_grad():
        for word, angle, length in zip(angles, turned, range(1, 7), strict=True):
            row = encoder.table.whole[encoder.tokenizer.convert_tokens_to_ids(word)]
            row.zero_()
            row[0], row[1] = length * torch.cos(angle), length * torch.sin(angle)
    words = ["the", "a", "b", "dog", "c", "cat", "7"]  # a dog is three tokens, 7 is no word
    assert nearest_words(encoder, words, 4, 0.9) == {  # 25.8 degrees
        "the": ("a", "b"),
        "a": ("the", "b", "c"),  # the first two are equally near: in the order of the words
        "b": ("a", "c", "the"),
        "c": ("b", "a"),
    }
    assert nearest_words(encoder, words, 1, 0.98)["b"] == ("a",)
    assert nearest_words(encoder, words, 9, -1.0)["cat"] == ("c", "the", "b", "a")
    assert nearest_words(encoder, ["dog", "cat"], 4, -1.0) == {}
    assert nearest_words(encoder, [], 4, -1.0) == {}


def test_equally_near_words_are_in_the_order_of_the_words(bert_folder: Path) -> None:
    encoder = load_encoder(EncoderSettings(name=str(bert_folder)))
    with torch.no_grad():
        encoder.table.whole.fill_(1.0)
    letters = "zyxwvutsrqponmlkjihgfedcba"
    assert nearest_words(encoder, letters, 99, 0.9)["m"] == tuple(letters.replace("m", ""))


def test_what_the_encoder_reads_as_the_same_is_no_neighbour(bert_folder: Path) -> None:
    """Capitals of a token of their own do not take a neighbour's place, and an accent that is read
    over does not make one."""
    encoder = load_encoder(EncoderSettings(name=str(bert_folder)))
    angles = torch.deg2rad(torch.tensor([0.0, 1.0, 5.0]))
    with torch.no_grad():
        for letter, angle in zip("abc", angles, strict=True):
            row = encoder.table.whole[encoder.tokenizer.convert_tokens_to_ids(letter)]
            row.zero_()
            row[0], row[1] = torch.cos(angle), torch.sin(angle)
    encoder.tokenizer = Folding(encoder.tokenizer, {"A": "b", "ç": "c"})
    assert nearest_words(encoder, ["a", "A", "c", "ç"], 1, 0.9) == {
        "a": ("c",),
        "A": ("c",),
        "c": ("A",),
        "ç": ("A",),
    }
    assert nearest_words(encoder, ["c", "ç"], 1, 0.9) == {}


class Folding:
    """A tokenizer that reads some words as others."""

    def __init__(self, tokenizer: Any, same: dict[str, str]) -> None:
        self._tokenizer, self._same = tokenizer, same
        self.unk_token_id = tokenizer.unk_token_id

    def __call__(self, texts: list[str], **options: bool) -> Any:
        folded = [" " + self._same.get(text.strip(), text.strip()) for text in texts]
        return self._tokenizer(folded, **options)


@pytest.mark.parametrize("at_once", [1, 7, 2**24])
def test_blocks_do_not_count(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    encoder = load_encoder(EncoderSettings(name=str(bert_folder)))
    words = list("abcdefghij")
    whole = nearest_words(encoder, words, 3, -1.0)
    monkeypatch.setattr("crosslift.encoders.token_neighbours._COSINES_AT_ONCE", at_once)
    assert nearest_words(encoder, words, 3, -1.0) == whole
    ids = [encoder.tokenizer.convert_tokens_to_ids(word) for word in words]
    rows = torch.nn.functional.normalize(encoder.table.whole.detach()[ids].double(), dim=1)
    for place, word in enumerate(words):
        order = (rows @ rows[place]).argsort(descending=True).tolist()
        assert whole[word] == tuple(words[at] for at in order if at != place)[:3]


# Copies


def test_draws_are_uniform_over_the_word_and_its_synonyms() -> None:
    copied = augmented([Record("1", {"text": "A good man."})], TEXT, GOOD, 3000, seed=4)
    counts = Counter(record.texts["text"] for record in copied.records)
    assert set(counts) == {"A good man.", "A fine man.", "A nice man."}
    assert chisquare(list(counts.values())).pvalue > 0.01
    assert (copied.words, copied.with_synonyms) == (9000, 3000)
    assert copied.replaced == 3000 - counts["A good man."]


def test_places_are_drawn_independently() -> None:
    copied = augmented([Record("1", {"text": "good good"})], TEXT, GOOD, 3000, seed=4)
    counts = Counter(record.texts["text"] for record in copied.records)
    assert len(counts) == 9
    assert chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize(
    "around",
    [
        "%s",
        "  (%s)\t,\u00a0“good-natured” \n",
        "a good-for-nothing; %s",
        "%s/%s",
        "%s...%s—%s--%s",
        "good's good’s good.org good@x me@good 4good good_1 good&co %s",
        "goodness, no-good, %s",
        "go\u0301od goode\u0301 %s",
    ],
)
def test_whole_words_are_replaced_and_their_surroundings_stay(around: str) -> None:
    places = around.count("%s")
    texts = copies_of(around.replace("%s", "good"), GOOD, 1500)
    drawn = product(("good", "fine", "nice"), repeat=places)
    assert texts == {around.replace("%s", "{}").format(*words) for words in drawn}


@pytest.mark.parametrize("text", ["good's", "good-natured", "good.org", "goodness", "goode\u0301"])
def test_a_piece_of_a_word_has_no_synonyms(text: str) -> None:
    with pytest.raises(DataError, match="no word of the training texts"):
        copies_of(text, GOOD)


@pytest.mark.parametrize("capitals", [str, str.capitalize, str.upper])
def test_replacements_take_over_capitals(capitals: Callable[[str], str]) -> None:
    assert copies_of(capitals("good"), GOOD) == {
        capitals("good"),
        capitals("fine"),
        capitals("nice"),
    }


def test_a_synonym_keeps_its_capitals() -> None:
    of = synonyms(states="USA", i="me", mcdonald="Macdonald")
    assert copies_of("states I McDonald", of, 200) == {
        f"{one} {two} {three}"
        for one in ("states", "USA")
        for two in ("I", "Me")
        for three in ("McDonald", "Macdonald")
    }


def test_copies_replace_each_record() -> None:
    records = [
        Record("x", {"text": "good"}, label="yes"),
        Record("y", {"text": "gut"}, language="de", group="g", label="no"),
        Record("z", {"text": "Good"}, language="en-GB"),
    ]
    copied = augmented(records, TEXT, GOOD, 3, 0)
    assert [r.id for r in copied.records] == [f"{i}#{n}" for i in "xyz" for n in (1, 2, 3)]
    assert [r.label for r in copied.records] == ["yes"] * 3 + ["no"] * 3 + [None] * 3
    assert {r.texts["text"] for r in copied.records[3:6]} == {"gut"}
    assert {r.texts["text"] for r in copied.records[6:]} <= {"Good", "Fine", "Nice"}
    assert copied.records[4].group == "g"
    assert group_numbers(copied.records).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert copied.words == 6


def test_a_group_of_copies_is_no_other_records_group() -> None:
    records = [Record("x", {"text": "good"}), Record("y", {"text": "good"}, group="x")]
    assert group_numbers(augmented(records, TEXT, GOOD, 2, 0).records).tolist() == [0, 0, 1, 1]


def test_a_records_copies_depend_on_itself_and_the_seed_alone() -> None:
    records = [Record(str(n), {"text": "good " * 20}) for n in range(5)]
    whole = augmented(records, TEXT, GOOD, 2, 7).records
    assert augmented(records, TEXT, GOOD, 2, 7).records == whole
    assert augmented(records[3:4], TEXT, GOOD, 2, 7).records == whole[6:8]
    assert len({record.texts["text"] for record in whole}) == 10
    other = augmented(records, TEXT, GOOD, 2, 8).records
    assert all(a.texts != b.texts for a, b in zip(whole, other, strict=True))


def test_the_two_sides_of_a_pair_are_drawn_independently() -> None:
    form = FormSpec("classification", {"text": "text", "pair": "pair"})
    record = Record("1", {"text": "good", "pair": "good", "note": "good"}, score=0.5)
    copies = augmented([record], form, GOOD, 200, 0).records
    assert len({(r.texts["text"], r.texts["pair"]) for r in copies}) == 9
    assert {(r.texts["note"], r.score) for r in copies} == {("good", 0.5)}


def test_one_column_on_both_sides_is_one_text() -> None:
    form = FormSpec("text-pairs", {"anchor": "text", "positive": "text"})
    copied = augmented([Record("1", {"text": "good"})], form, GOOD, 50, 0)
    assert {r.texts["text"] for r in copied.records} == {"good", "fine", "nice"}
    assert copied.words == 50


def test_choices_are_replaced_one_by_one() -> None:
    form = FormSpec("multiple-choice", {"question": "question"})
    record = Record("1", {"question": "Good?"}, choices=("good", "bad", "So good."), answer=2)
    copies = augmented([record], form, GOOD, 300, 0).records
    drawn = {(r.texts["question"], *r.choices) for r in copies}
    assert len(drawn) == 27
    assert {(len(r.choices), r.choices[1], r.answer) for r in copies} == {(3, "bad", 2)}


def test_tagged_words_keep_their_number_and_tags() -> None:
    form = FormSpec("tagging", {}, options={"tags": ("A", "N", "P")})
    record = Record("1", words=("Good", "men", "/good", "."), tags=("A", "N", "A", "P"))
    copies = augmented([record], form, GOOD, 200, 0).records
    assert {r.words for r in copies} == {
        (a, "men", f"/{b}", ".") for a in ("Good", "Fine", "Nice") for b in ("good", "fine", "nice")
    }
    assert {r.tags for r in copies} == {record.tags}


def test_answers_stay_and_move_with_the_text() -> None:
    """The answer is `good men`, which begins one character further where `nice` became `great`."""
    of = synonyms(nice="lovely", good="fine", we="they")
    passage = "Nice: we saw good men, good."
    record = Record("1", {"question": "Good?", "passage": passage}, spans=((13, 21), (13, 17)))
    spans_by_passage = {}
    for copy in augmented([record], QUESTIONS, of, 200, 0).records:
        spans_by_passage[copy.texts["passage"]] = copy.spans
    assert spans_by_passage == {
        "Nice: we saw good men, good.": ((13, 21), (13, 17)),
        "Nice: we saw good men, fine.": ((13, 21), (13, 17)),
        "Nice: they saw good men, good.": ((15, 23), (15, 19)),
        "Nice: they saw good men, fine.": ((15, 23), (15, 19)),
        "Lovely: we saw good men, good.": ((15, 23), (15, 19)),
        "Lovely: we saw good men, fine.": ((15, 23), (15, 19)),
        "Lovely: they saw good men, good.": ((17, 25), (17, 21)),
        "Lovely: they saw good men, fine.": ((17, 25), (17, 21)),
    }


def test_a_question_without_answer_and_an_answer_inside_a_word() -> None:
    free = Record("1", {"question": "good", "passage": "good"})
    copies = augmented([free], QUESTIONS, GOOD, 100, 0).records
    assert len({tuple(r.texts.values()) for r in copies}) == 9
    inside = replace(free, texts={"question": "good", "passage": "good good"}, spans=((5, 7),))
    copies = augmented([inside], QUESTIONS, GOOD, 100, 0).records
    passages = {r.texts["passage"] for r in copies}
    assert passages == {"good good", "fine good", "nice good"}


WORDS = some.sampled_from(["good", "Bad", "x-ray", "ill", "IT", "'", ", ", "é", "don't"])


@given(some.lists(WORDS, min_size=1, max_size=12), some.data(), some.integers(0, 9))
def test_answers_come_out_equal(words: list[str], data: some.DataObject, seed: int) -> None:
    passage = " ".join([*words, "good"])
    places = some.integers(0, len(passage) - 1)
    drawn = data.draw(some.lists(some.tuples(places, places), max_size=3))
    spans = tuple((min(pair), max(pair) + 1) for pair in drawn)
    record = Record("1", {"question": "good", "passage": passage}, spans=spans)
    of = synonyms(good="a excellent", bad="poor", ill="unwell ill-at-ease", it="that")
    for copy in augmented([record], QUESTIONS, of, 4, seed).records:
        changed = copy.texts["passage"]
        assert [changed[a:b] for a, b in copy.spans] == [passage[a:b] for a, b in spans]
        assert len(changed.split(" ")) == len(passage.split(" "))


def test_no_word_has_a_synonym() -> None:
    records = [Record("1", {"text": "A good man, a dog, and so on."}), Record("2", {"text": "b"})]
    message = r"no word .* a test \(looked up: a, good, man, dog, and, \.\.\.\)"
    with pytest.raises(DataError, match=message):
        augmented(records, TEXT, synonyms(bad="poor"), 2, 0)
    with pytest.raises(DataError, match="no text is English"):
        augmented([Record("1", {"text": "good"}, language="de")], TEXT, GOOD, 2, 0)


@pytest.mark.parametrize("copies", [0, -1])
def test_too_few_copies(copies: int) -> None:
    with pytest.raises(DataError, match=f"{copies} copies"):
        augmented([Record("1", {"text": "good"})], TEXT, GOOD, copies, 0)


def test_english_words_are_distinct_and_in_lower_case() -> None:
    records = [
        Record("1", {"text": "A good man's Dog, good.", "note": "bad"}),
        Record("2", {"text": "gut"}, language="de"),
        Record("3", choices=("the dog",), words=("To", "be")),
    ]
    assert english_words(records, TEXT) == ["a", "good", "man's", "dog", "the", "to", "be"]


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_text_that_a_form_reads_is_bound_by_its_spec(name: str) -> None:
    form = TASKS[name].form
    assert set(form.open().columns) <= set(form.columns.values())
