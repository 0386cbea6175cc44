"""Captions of two languages besides English, as bitexts, in scores and in reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flickr8k_samples import IDS, put, put_photographs, tables

from crosslift.errors import DataError
from crosslift.languages import language_pair
from crosslift.reports.language_names import PAIRS, family_of, name_of, script_of
from crosslift.targets.all_targets import find_target
from crosslift.targets.caption_pairs import pair_bitexts, pairs_of
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.protocols import PAIR_RETRIEVAL
from crosslift.targets.query_outcomes import SideLookups, evaluate_bitexts
from crosslift.targets.target_settings import TargetSettings


def pairs_in(name: str, data: Path, *languages: str) -> BitextData:
    settings = TargetSettings(name=name, data=data, languages=languages or None)
    loaded = find_target(name).load(settings)
    assert isinstance(loaded, BitextData)
    return loaded


def test_what_a_pair_is() -> None:
    assert language_pair("de-zh") == ("de", "zh")
    assert language_pair("fil-sw") == ("fil", "sw")
    for code in ("de", "pt-BR", "zh-Hans", "zh-TW", "de-xx", "-de", "de-", "sr-Latn-RS"):
        assert language_pair(code) is None, code
    assert list(pairs_of(("de", "zh", "ar"))) == ["de-zh", "de-ar", "zh-ar"]


def test_how_a_report_tells_a_pair() -> None:
    assert name_of("de-zh") == "German-Chinese"
    assert family_of("de-zh") == family_of("ar-fr") == PAIRS
    assert script_of("fr-cs") == "Latin"
    assert script_of("ar-fr") == script_of("fr-ar") == "Arabic and Latin"
    assert name_of("pt-BR") == "Brazilian Portuguese", "no pair of Portuguese and Breton"


def test_bitexts_of_pairs_by_hand() -> None:
    texts = {
        "de": {"p": ("pd", "pd2"), "q": ("qd",)},
        "fr": {"q": ("qf",), "p": ("pf",), "r": ("rf",)},
        "cs": {"r": ("rc",)},
    }
    pairs = {"de-fr": ("de", "fr"), "de-cs": ("de", "cs"), "de-zh": ("de", "zh")}
    bitexts, gaps = pair_bitexts(texts, pairs)
    assert list(bitexts) == ["de-fr"]
    bitext = bitexts["de-fr"]
    assert (bitext.src, bitext.tgt, bitext.items) == (("pd", "qd"), ("pf", "qf"), ("p", "q"))
    assert (bitext.language, bitext.tgt_language) == ("de", "fr")
    assert gaps == {"de-cs": "no picture has captions in de and cs"}


def test_the_first_language_asks_first() -> None:
    """Both German texts are nearest to p's French text; each French text finds its pair."""
    texts = {"de": {"p": ("pd",), "q": ("qd",)}, "fr": {"p": ("pf",), "q": ("qf",)}}
    vectors = {"pd": [1, 0], "qd": [0.9, 0.3], "pf": [1, 0.1], "qf": [0, 1]}

    def lookup(requested: tuple[str, ...]) -> np.ndarray:
        return np.array([vectors[text] for text in requested], np.float32)

    data = BitextData(pair_bitexts(texts, {"de-fr": ("de", "fr")})[0])
    first, second = evaluate_bitexts(
        dict.fromkeys(PAIR_RETRIEVAL, SideLookups.of_both(lookup)), data
    )
    assert (first.protocol, second.protocol) == ("crosslift/xx->yy", "crosslift/yy->xx")
    assert first.language == second.language == "de-fr"
    assert first.values["top1_accuracy"].tolist() == [1, 0] and first.retrieved == ("p", "p")
    assert second.values["top1_accuracy"].tolist() == [1, 1]
    protocols = find_target("flickr8k-pairs").with_direction("both").protocols
    assert [p.id for p in protocols[1:]] == ["crosslift/xx->yy", "crosslift/yy->xx"]
    (mean,) = evaluate_bitexts({protocols[0]: SideLookups.of_both(lookup)}, data)
    assert mean.protocol == "crosslift/both"
    assert mean.values["top1_accuracy"].tolist() == [1, 0.5]


def test_pairs_of_flickr8k(tmp_path: Path) -> None:
    data = tables(tmp_path)
    loaded = pairs_in("flickr8k-pairs", data)
    assert list(loaded.bitexts) == list(find_target("flickr8k-pairs").languages or ())
    assert len(loaded.bitexts) == 10 and not loaded.gaps
    assert loaded.bitexts["zh-ar"].items == (IDS[0], IDS[4])
    assert loaded.bitexts["ar-fr"].src == ("ar 0 0", "ar 4 0")
    assert loaded.bitexts["ar-fr"].tgt == ("fr-t 0 0", "fr-t 4 0")
    assert "written in German (Multi30k)" in loaded.notes["de-zh"]
    assert "translated" in loaded.notes["de-ar"]
    assert list(pairs_in("flickr8k-pairs", data, "es-de", "zh-de").bitexts) == ["es-de", "zh-de"]
    (data / "captions.ar.jsonl").unlink()
    gaps = pairs_in("flickr8k-pairs", data).gaps
    assert set(gaps) == {"de-ar", "zh-ar", "ar-fr", "ar-cs"}
    assert gaps["ar-fr"] == f"ar: no captions in {tmp_path.name}"


def test_pairs_of_own_captions(tmp_path: Path) -> None:
    rows = ["a.png\tone\ten", "a.png\teins\tde", "a.png\tun\tfr", "b.png\tzwei\tde"]
    put(tmp_path / "t.tsv", "image\ttext\tlanguage", *rows, "b.png\tdeux\tfr", "b.png\tni\tja")
    put_photographs(tmp_path, ("a.png", "b.png"))
    loaded = pairs_in("picture-captions-pairs", tmp_path / "t.tsv")
    assert list(loaded.bitexts) == ["de-fr", "de-ja", "fr-ja"]
    assert loaded.bitexts["de-fr"].src == ("eins", "zwei")
    assert loaded.bitexts["de-ja"].tgt == ("ni",)
    with pytest.raises(DataError, match="no captions in sw"):
        pairs_in("picture-captions-pairs", tmp_path / "t.tsv", "de-sw")
    put(tmp_path / "u.tsv", "image\ttext\tlanguage", *rows[:2])
    with pytest.raises(DataError, match="no two languages besides English"):
        pairs_in("picture-captions-pairs", tmp_path / "u.tsv")


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (("de",), "'de' is no pair of languages of 'flickr8k-pairs'"),
        (("de-de",), "'de-de' is no pair"),
        (("de-xx",), "'de-xx' is no pair"),
        (("de-en",), "a language and English(.|\n)*flickr8k-captions"),
        (("de-zh", "zh-de"), "'zh-de' appears twice"),
        (("de-ja",), "no captions in ja"),
    ],
)
def test_codes_that_are_no_pairs(languages: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        pairs_in("flickr8k-pairs", tables(tmp_path), *languages)


def test_pairs_are_in_no_mean_with_single_languages(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'de-zh' is a pair(.|\n)*the target flickr8k-pairs"):
        pairs_in("flickr8k-captions", tables(tmp_path), "fr", "de-zh")
