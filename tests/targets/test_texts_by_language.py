"""Every kind of target data that vectors score says which language each text is in."""

from __future__ import annotations

from pathlib import Path

from crosslift.sources.bucc_files import BuccSplit
from crosslift.sources.graded_pairs import GradedPairs
from crosslift.sources.judged.judged_set import JudgedSet, Pool
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.graded_texts import GradedData
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.kinds.mined_texts import MiningData
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.target_data import TargetData


def by_language(data: TargetData, measured: str) -> dict[str, set[str]]:
    texts = {code: set(each) for code, each in data.texts_by_language(measured).items()}
    sides = {text for side in data.sides_of(measured).values() for text in side}
    assert set().union(*texts.values()) == sides, "texts of the two sides, and no others"
    return texts


def test_bitexts() -> None:
    english = Bitext("de", ("Hund",), ("dog",), ("1",))
    pair = Bitext("de", ("Hund",), ("狗",), ("1",), tgt_language="zh")
    same = Bitext("de", ("wo",), ("hier",), ("1",), tgt_language="de")
    data = BitextData({"de": english, "de-zh": pair, "own": same}, gaps={})
    assert by_language(data, "de") == {"de": {"Hund"}, "en": {"dog"}}
    assert by_language(data, "de-zh") == {"de": {"Hund"}, "zh": {"狗"}}
    assert by_language(data, "own") == {"de": {"wo", "hier"}}


def test_mined_texts() -> None:
    split = BuccSplit("fr", "test", ("f1",), ("chien",), ("e1", "e2"), ("dog", "cat"), None)
    data = MiningData({"fr": {"test": split}}, gaps={})
    assert by_language(data, "fr") == {"fr": {"chien"}, "en": {"dog", "cat"}}


def test_graded_pairs() -> None:
    pairs = GradedPairs(("1",), ("all",), (5.0,), ("dog",), ("Hund",))
    data = GradedData({"en-de": pairs, "es": pairs}, gaps={})
    assert by_language(data, "en-de") == {"en": {"dog"}, "de": {"Hund"}}
    assert by_language(data, "es") == {"es": {"dog", "Hund"}}


def test_judged_texts_of_a_pool_of_several_languages() -> None:
    pool = Pool(("1", "2"), ("ein Satz", "a sentence"), ("de", "en"))
    data = JudgedData({"de": JudgedSet("de", {"q": "was"}, pool, {"q": {"1": 1}})}, gaps={})
    assert by_language(data, "de") == {"de": {"was", "ein Satz"}, "en": {"a sentence"}}


def test_pictures_with_texts() -> None:
    texts = {"fa": {"a": ("سگ", "یک سگ")}}
    data = PictureData(pictures={"a": Path("a.png")}, texts=texts, gaps={})
    assert by_language(data, "fa") == {"fa": {"سگ", "یک سگ"}}
