from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from babel import Locale, UnknownLocaleError

from crosslift.errors import DataError, UnknownNameError
from crosslift.languages import (
    FAMILIES,
    XTREME_TATOEBA,
    Language,
    from_iso3,
    from_locale,
    is_known,
    language,
)
from crosslift.sources.captioned_targets.topic_files import LANGUAGES

XTREME = (
    "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw "
    "ta te th tl tr ur vi yo zh"
)
LASER = (
    "afr amh ang ara arq arz ast awa aze bel ben ber bos bre bul cat cbk ceb ces cha cmn cor csb "
    "cym dan deu dsb dtp ell epo est eus fao fin fra fry gla gle glg gsw heb hin hrv hsb hun hye "
    "ido ile ina ind isl ita jav jpn kab kat kaz khm kor kur kzj lat lfn lit lvs mal mar max mhr "
    "mkd mon nds nld nno nob nov oci orv pam pes pms pol por ron rus slk slv spa sqi srp swe swg "
    "swh tam tat tel tgl tha tuk tur tzl uig ukr urd uzb vie war wuu xho yid yue zsm"
)


def django_locales() -> list[str]:
    spec = importlib.util.find_spec("django")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "conf" / "locale"
    return sorted(path.name for path in folder.iterdir() if (path / "LC_MESSAGES").is_dir())


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("de", Language("de", "German", "Germanic", "Latn", False)),
        ("pt-BR", Language("pt-BR", "Brazilian Portuguese", "Romance", "Latn", False)),
        ("zh-Hans", Language("zh-Hans", "Simplified Chinese", "Sino-Tibetan", "Hans", False)),
        ("zh", Language("zh", "Chinese", "Sino-Tibetan", "Hans", False)),
        ("zh-TW", Language("zh-TW", "Chinese (Taiwan)", "Sino-Tibetan", "Hant", False)),
        ("sr", Language("sr", "Serbian", "Slavic", "Cyrl", False)),
        ("sr-Latn", Language("sr-Latn", "Serbian (Latin)", "Slavic", "Latn", False)),
        ("fa", Language("fa", "Persian", "Iranian", "Arab", True)),
        ("he", Language("he", "Hebrew", "Semitic", "Hebr", True)),
        ("udm", Language("udm", "Udmurt", "Uralic", "Cyrl", False)),
        ("mhr", Language("mhr", "Eastern Mari", "Uralic", "Cyrl", False)),
        ("ka", Language("ka", "Georgian", "Kartvelian", "Geor", False)),
    ],
)
def test_facts_of_known_languages(code: str, expected: Language) -> None:
    assert language(code) == expected


def test_case_and_underscore_do_not_matter() -> None:
    assert language("PT_br") == language("pt-BR")
    assert language("SR-latn").code == "sr-Latn"


def test_every_family_code_has_name_and_script() -> None:
    for code in FAMILIES:
        facts = language(code)
        assert facts.name and len(facts.script) == 4, code


def test_every_xtreme_language_and_django_locale_is_known() -> None:
    for code in [*XTREME.split(), *map(from_locale, django_locales())]:
        assert language(code).code == code


def test_direction_agrees_with_babel_where_it_knows_the_language() -> None:
    for code in FAMILIES:
        try:
            direction = Locale.parse(code).text_direction
        except UnknownLocaleError:
            continue
        assert language(code).right_to_left == (direction == "rtl"), code


@pytest.mark.parametrize("code", ["xx", "", "germanx", "qq-Latn", "de--AT"])
def test_unknown_language_raises_with_the_code(code: str) -> None:
    with pytest.raises(UnknownNameError, match=repr(code)):
        language(code)


def test_from_iso3_of_xtremes_36() -> None:
    assert len(XTREME_TATOEBA) == 36
    assert [from_iso3(c) for c in ("pes", "swh", "tgl", "cmn", "deu")] == [
        "fa",
        "sw",
        "tl",
        "zh",
        "de",
    ]


def test_from_iso3_of_every_language_of_laser() -> None:
    codes = [from_iso3(code) for code in LASER.split()]
    assert len(set(codes)) == len(LASER.split()) == 112
    assert all(language(code).code == code for code in codes)


@pytest.mark.parametrize("code", ["xyz", "de", ""])
def test_from_iso3_of_another_code_raises(code: str) -> None:
    with pytest.raises(UnknownNameError, match="ISO 639-3"):
        from_iso3(code)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("pt_BR", "pt-BR"),
        ("zh_Hans", "zh-Hans"),
        ("sr@latin", "sr-Latn"),
        ("sr_RS@latin", "sr-Latn-RS"),
        ("de_DE.UTF-8", "de-DE"),
        ("ca@valencia", "ca-valencia"),
        ("es_419", "es-419"),
        ("ast", "ast"),
    ],
)
def test_from_locale(name: str, code: str) -> None:
    assert from_locale(name) == code


def test_from_locale_of_another_word_raises() -> None:
    with pytest.raises(DataError, match="'templates'"):
        from_locale("templates")


def test_is_known() -> None:
    assert is_known("szl") and is_known("pt-BR") and not is_known("qqq")


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_language_of_flores_200_and_mvl_sib_has_family_and_script(name: str) -> None:
    facts = language(LANGUAGES[name])
    assert facts.family and facts.name != facts.code
    assert facts.script == name[4:].replace("Hang", "Kore")
