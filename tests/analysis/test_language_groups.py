"""Groups of languages: family, script, and what the encoder's pretraining had."""

from __future__ import annotations

import pytest

from crosslift.analysis.language_groups import groupings
from crosslift.encoders.pretraining import (
    CC_100,
    IN,
    IN_OTHER_SCRIPT,
    NOT_IN,
    WIKIPEDIA_104,
    pretraining_of,
)
from crosslift.languages import language
from crosslift.reports.language_names import NO_FAMILY, family_of, script_of

_CODES = (
    "af ak am ar as ast az ba be bew bg bgn blo bn br bs ca ccp ceb chr ckb cs cv cy da de doi dsb el "
    "en es et eu fa ff fi fil fo fr frr ga gd gl gu ha he hi hr hsb hu hy ia id ig is it ja jv ka kab "
    "kk kk-Arab kl km kn ko kok ku ky lb lij lo lt lv mai mi mk ml mn mni mr ms mt my ne nl nn no nso "
    "oc om or pa pa-Arab pap pcm pl ps pt pt-PT qu quc rhg rm ro ru rw sa sat sc sd shn si sk sl so sq "
    "sr sr-Latn su sv sw syr ta te tg th ti tk tn to tr tt ug uk ur uz vec vi wo xh yo yo-BJ yue "
    "yue-Hans zh zh-Hant zu"
)
CLDR = _CODES.split()
"""The locales of CLDR 48.2 that have emoji names, most regions left out."""


@pytest.mark.parametrize("code", CLDR)
def test_every_language_of_cldr_has_a_family_and_a_script(code: str) -> None:
    assert language(code).code == code
    assert family_of(code) != NO_FAMILY
    assert script_of(code)


def test_families_and_scripts_of_some() -> None:
    expected = {
        "chr": ("Iroquoian", "Cherokee"),
        "quc": ("Mayan", "Latin"),
        "kl": ("Eskimo-Aleut", "Latin"),
        "shn": ("Kra-Dai", "Myanmar"),
        "kok": ("Indo-Aryan", "Devanagari"),
        "kk-Arab": ("Turkic", "Arabic"),
        "sat": ("Austroasiatic", "Ol Chiki"),
    }
    assert {code: (family_of(code), script_of(code)) for code in expected} == expected


@pytest.mark.parametrize(
    "encoder",
    [
        "embedded",
        "xlm-roberta-base",
        "FacebookAI/xlm-roberta-large",
        "facebook/xlm-roberta-xl",
        "intfloat/multilingual-e5-small",
        "intfloat/multilingual-e5-large-instruct",
    ],
)
def test_encoders_that_were_pretrained_on_cc_100(encoder: str) -> None:
    assert pretraining_of(encoder) is CC_100


def test_multilingual_bert_was_pretrained_on_wikipedias() -> None:
    for name in ("bert-base-multilingual-cased", "google-bert/bert-base-multilingual-cased"):
        assert pretraining_of(name) is WIKIPEDIA_104
    assert WIKIPEDIA_104.group_of("yo") == WIKIPEDIA_104.group_of("pa-Arab") == IN
    assert WIKIPEDIA_104.group_of("am") == NOT_IN


def test_the_lists_are_as_long_as_the_published_ones() -> None:
    # counted twice: Chinese; of CC-100 Burmese and five languages in Latin letters, too
    assert len(CC_100.languages) + 1 + 1 + 5 == 100
    assert len(WIKIPEDIA_104.languages) + 1 == 104


@pytest.mark.parametrize(
    "encoder",
    ["bert-base-cased", "./xlm-roberta-base", "someone/xlm-roberta-base", "xlm-roberta-mine", ""],
)
def test_other_encoders_are_not_guessed(encoder: str) -> None:
    assert pretraining_of(encoder) is None


@pytest.mark.parametrize("code", sorted(CC_100.languages))
def test_every_language_of_cc_100_is_in_the_table(code: str) -> None:
    assert language(code).code == code


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        (IN, "de sw xh jv fil nb no pt-PT zh zh-Hans zh-Hant hi-Latn prs de-zh"),
        (IN_OTHER_SCRIPT, "sr-Latn kk-Arab pa-Arab ar-Latn"),
        (NOT_IN, "yo ig zu tk mt lb chr nn yue yue-Hans kl xx de-yue yue-de"),
    ],
)
def test_what_cc_100_has(group: str, codes: str) -> None:
    assert {code: CC_100.group_of(code) for code in codes.split()} == dict.fromkeys(
        codes.split(), group
    )


def test_groupings_of_a_known_encoder() -> None:
    found = groupings(["chr", "de", "sr-Latn", "yo", "zh-Hant"], "embedded")
    assert found["pretraining"] == {
        "In the pretraining": [1, 4],
        "In the pretraining, in another script": [2],
        "Not in the pretraining": [0, 3],
    }
    assert found["family"]["Germanic"] == [1]
    assert found["script"]["Cherokee"] == [0]


def test_pretraining_is_left_out_where_it_parts_nothing() -> None:
    assert list(groupings(["de", "sw"], "embedded")) == ["family", "script"]
    assert list(groupings(["chr", "yo"], "embedded")) == ["family", "script"]
    assert list(groupings(["chr", "de"], "unknown")) == ["family", "script"]
