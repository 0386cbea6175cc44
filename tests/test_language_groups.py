"""Groups of languages: family, script, and what the encoder's pretraining had."""

from __future__ import annotations

import pytest

from crosslift.encoders.pretraining import pretraining_languages, was_pretrained_on
from crosslift.languages import language
from crosslift.reports.language_names import NO_FAMILY, family_of, script_of
from crosslift.studies.language_groups import groupings

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
        "intfloat/multilingual-e5-small",
        "intfloat/multilingual-e5-large-instruct",
    ],
)
def test_encoders_whose_pretraining_is_known(encoder: str) -> None:
    languages = pretraining_languages(encoder)
    assert languages is not None
    # the paper's 100: Chinese and Burmese twice, five languages in Latin letters, too
    assert len(languages) + 1 + 1 + 5 == 100
    assert {"de", "sw", "xh", "zh", "jv"} <= languages
    assert not {"yo", "ig", "zu", "tk", "mt", "lb", "chr", "yue"} & languages


@pytest.mark.parametrize("encoder", ["bert-base-multilingual-cased", "./xlm-roberta-base", "mine"])
def test_other_encoders_are_not_guessed(encoder: str) -> None:
    assert pretraining_languages(encoder) is None


def test_the_language_counts_not_its_script_or_region() -> None:
    languages = frozenset({"tl", "no", "kk", "zh"})
    for code in ("fil", "nb", "no", "kk-Arab", "zh-Hant"):
        assert was_pretrained_on(languages, code)
    for code in ("nn", "yue", "yue-Hans", "kl"):
        assert not was_pretrained_on(languages, code)


def test_a_pair_counts_where_both_of_its_languages_do() -> None:
    languages = frozenset({"de", "zh"})
    assert was_pretrained_on(languages, "de-zh")
    assert not was_pretrained_on(languages, "de-yue")
    assert not was_pretrained_on(languages, "yue-de")


def test_groupings_of_a_known_encoder() -> None:
    found = groupings(["chr", "de", "yo", "zh-Hant"], "embedded")
    assert found["pretraining"] == {"In the pretraining": [1, 3], "Not in the pretraining": [0, 2]}
    assert found["family"]["Germanic"] == [1]
    assert found["script"]["Cherokee"] == [0]


def test_pretraining_is_left_out_where_it_parts_nothing() -> None:
    assert list(groupings(["de", "sw"], "embedded")) == ["family", "script"]
    assert list(groupings(["chr", "yo"], "embedded")) == ["family", "script"]
    assert list(groupings(["chr", "de"], "unknown")) == ["family", "script"]
