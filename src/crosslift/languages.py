"""Facts about languages: name, family, script, writing direction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from babel import Locale
from babel.core import get_global
from pydantic import BeforeValidator

from crosslift.errors import DataError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Language:
    """One language as it is written somewhere.

    Args:
        code: BCP-47 code in its usual case (``pt-BR``, ``zh-Hans``, ``sr-Latn``).
        name: English name.
        family: branch that linguists commonly group by (``Germanic``, ``Indo-Aryan``).
        script: ISO 15924 code of the script (``Latn``, ``Cyrl``).
        right_to_left: True where the script runs from right to left.
    """

    code: str
    name: str
    family: str
    script: str
    right_to_left: bool


_CODES_BY_FAMILY: Mapping[str, str] = {
    "Albanian": "sq",
    "Armenian": "hy",
    "Austroasiatic": "km sat vi",
    "Austronesian": (
        "ace ban bew bjn bug ceb ch dtp fil fj haw id ilo jv kzj max mg mi min ms pag pam sm su tl to "
        "war"
    ),
    "Aymaran": "ay",
    "Baltic": "lt ltg lv",
    "Basque": "eu",
    "Berber": "ber kab taq tzm zgh",
    "Celtic": "br cy ga gd gv kw",
    "Chadic": "ha",
    "Constructed": "eo ia ie io jbo lfn nov tzl vo",
    "Creole": "cbk ht kea pap pcm sg tpi",
    "Cushitic": "om so",
    "Dravidian": "kn ml ta te",
    "Eskimo-Aleut": "kl",
    "Germanic": "af ang da de en fo frr fy gsw is lb li nb nds nl nn no sv swg yi",
    "Hellenic": "el",
    "Indo-Aryan": "as awa bho bn ccp doi gu hi hne kok ks mag mai mr ne or pa rhg sa sd si ur",
    "Iranian": "bgn ckb fa ku os pbt prs ps tg",
    "Iroquoian": "chr",
    "Japonic": "ja",
    "Kartvelian": "ka",
    "Koreanic": "ko",
    "Kra-Dai": "lo shn th",
    "Mande": "bm dyu nqo",
    "Mayan": "quc",
    "Mongolic": "mn",
    "Niger-Congo": (
        "ak bem blo cjk ee ff fon fuv ig kam kbp kg ki kmb lg ln lua mos nso ny rn rw sn ss st sw tn "
        "ts tum tw umb wo xh yo zu"
    ),
    "Nilotic": "dik din luo nus",
    "Quechuan": "qu quy",
    "Romance": "ast ca es fr fur gl it la lij lmo oc pms pt rm ro sc scn vec",
    "Saharan": "knc kr",
    "Semitic": "acm acq aeb ajp am apc ar arq ars ary arz he mt syr ti",
    "Sino-Tibetan": "bo dz kac lus mni my wuu yue zh",
    "Slavic": "be bg bs cs csb cu dsb hr hsb mk orv pl ru sh sk sl sr szl uk",
    "Tupian": "gn",
    "Turkic": "az azb ba crh cv kk ky tk tr tt ug uz",
    "Uralic": "et fi hu mhr se udm",
}
FAMILIES: Mapping[str, str] = {
    code: family for family, codes in _CODES_BY_FAMILY.items() for code in codes.split()
}
"""Base language code -> family."""

_XTREME_PAIRS = (
    "afr:af ara:ar ben:bn bul:bg deu:de ell:el spa:es est:et eus:eu pes:fa fin:fi fra:fr "
    "heb:he hin:hi hun:hu ind:id ita:it jpn:ja jav:jv kat:ka kaz:kk kor:ko mal:ml mar:mr "
    "nld:nl por:pt rus:ru swh:sw tam:ta tel:te tha:th tgl:tl tur:tr urd:ur vie:vi cmn:zh "
)
XTREME_TATOEBA: Mapping[str, str] = {pair[:3]: pair[4:] for pair in _XTREME_PAIRS.split()}
"""The 36 ISO 639-3 codes of XTREME's Tatoeba -> BCP-47."""

_NAMES = {  # names that Babel does not have
    "acm": "Mesopotamian Arabic",
    "acq": "Ta'izzi-Adeni Arabic",
    "ajp": "South Levantine Arabic",
    "apc": "Levantine Arabic",
    "azb": "South Azerbaijani",
    "ber": "Berber",
    "cbk": "Chavacano",
    "cjk": "Chokwe",
    "dik": "Southwestern Dinka",
    "fuv": "Nigerian Fulfulde",
    "hne": "Chhattisgarhi",
    "kbp": "Kabiyè",
    "knc": "Central Kanuri",
    "kzj": "Coastal Kadazan",
    "max": "North Moluccan Malay",
    "mhr": "Eastern Mari",
    "orv": "Old East Slavic",
    "pbt": "Southern Pashto",
    "prs": "Dari",
    "quy": "Ayacucho Quechua",
    "swg": "Swabian",
    "taq": "Tamasheq",
    "tzl": "Talossan",
}
_SCRIPTS = {  # scripts that CLDR does not have
    **dict.fromkeys(("ajp", "pbt", "prs"), "Arab"),
    **dict.fromkeys(("ber", "dik", "knc", "kzj", "sh", "tw"), "Latn"),
    "mhr": "Cyrl",
}
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})
_LOCALE_SCRIPTS = {
    "arabic": "Arab",
    "cyrillic": "Cyrl",
    "devanagari": "Deva",
    "iqtelif": "Latn",
    "latin": "Latn",
}
_CODE = re.compile(
    r"(?P<base>[A-Za-z]{2,3})(?:-(?P<script>[A-Za-z]{4}))?"
    r"(?:-(?P<region>[A-Za-z]{2}|[0-9]{3}))?(?P<variants>(?:-[A-Za-z0-9]{4,8})*)"
)


@cache
def language(code: str) -> Language:
    """The facts about one language.

    Args:
        code: BCP-47 code; script, region and variants may follow the base language (``pt-BR``,
            ``sr-Latn``, ``zh-TW``), whose family they share.

    Returns:
        The language. Its script is the explicit one, else the likely one according to CLDR.

    Raises:
        UnknownNameError: the base language is not in the table of families.
    """
    match = _CODE.fullmatch(code.replace("_", "-"))
    if match is None or match["base"].lower() not in FAMILIES:
        raise UnknownNameError("language", code, FAMILIES)
    base = match["base"].lower()
    script = _script_of(base, match["script"], match["region"])
    whole = _join(match)
    return Language(whole, _name_of(whole, base), FAMILIES[base], script, script in _RIGHT_TO_LEFT)


def from_iso3(code: str) -> str:
    """The BCP-47 code of a three-letter ISO 639-3 code, as file names of bitexts carry it.

    Args:
        code: ISO 639-3 code (``deu``, ``cmn``). Besides XTREME's 36, every code that CLDR maps to
            a language of the table of families, and three-letter codes that are BCP-47 already.

    Raises:
        UnknownNameError: no such language is known.
    """
    bcp47 = XTREME_TATOEBA.get(code)
    if bcp47:
        return bcp47
    alias = code if code in FAMILIES else get_global("language_aliases").get(code)
    if alias not in FAMILIES or len(code) != 3:
        raise UnknownNameError("ISO 639-3 code", code, XTREME_TATOEBA)
    return str(alias)


def code_meant(name: object) -> object:
    """The BCP-47 code that a person means by a language's name or code.

    Args:
        name: a code of ISO 639-3 (``deu``), two of them (``deu-zho``), or a language's English name
            (``German``).

    Returns:
        The code (``de``, ``de-zh``). Anything else as it is: other checks report what is no language.
    """
    if not isinstance(name, str):
        return name
    parts = name.split("-")
    if all(len(part) == 3 for part in parts) and len(parts) < 3:
        try:
            return "-".join(from_iso3(part.lower()) for part in parts)
        except UnknownNameError:
            return name
    return _codes_by_name().get(name.casefold(), name)


@cache
def _codes_by_name() -> dict[str, str]:
    """English name of a language, without letter case -> its code."""
    names = dict(Locale("en").languages.items()) | _NAMES
    return {names[code].casefold(): code for code in FAMILIES if code in names}


LanguageCode = Annotated[str, BeforeValidator(code_meant)]
"""A code in settings, which a person may give as a code of ISO 639-3 or as an English name."""


def from_locale(name: str) -> str:
    """The BCP-47 code of a POSIX or gettext locale name.

    Args:
        name: a locale name: ``pt_BR``, ``zh_Hans``, ``sr@latin``, ``de_DE.UTF-8``.

    Returns:
        The code in its usual case: ``pt-BR``, ``zh-Hans``, ``sr-Latn``, ``de-DE``.

    Raises:
        DataError: the name does not have the shape of a locale name.
    """
    plain, _, modifier = name.partition("@")
    parts = plain.partition(".")[0].replace("_", "-").split("-")
    if modifier:
        script = _LOCALE_SCRIPTS.get(modifier.lower())
        parts = [parts[0], script, *parts[1:]] if script else [*parts, modifier]
    match = _CODE.fullmatch("-".join(parts))
    if match is None:
        raise DataError(
            f"{name!r} is not a locale name", "a name such as 'de', 'pt_BR', 'sr@latin'"
        )
    return _join(match)


def language_pair(code: str) -> tuple[str, str] | None:
    """The two languages of a pair such as ``de-zh``; None for the code of one language.

    Both are in lower case, as base languages are: a region is in upper case (``pt-BR``).
    """
    first, _, second = code.partition("-")
    return (first, second) if first in FAMILIES and second in FAMILIES else None


def is_known(code: str) -> bool:
    """Whether CLDR or the table of families knows the base language of a BCP-47 code."""
    base = code.partition("-")[0]
    return base in FAMILIES or base in Locale("en").languages


def _join(match: re.Match[str]) -> str:
    parts = [match["base"].lower()]
    if match["script"]:
        parts.append(match["script"].title())
    if match["region"]:
        parts.append(match["region"].upper())
    return "-".join(parts) + match["variants"].lower()


def _script_of(base: str, script: str | None, region: str | None) -> str:
    if script:
        return script.title()
    likely = get_global("likely_subtags")
    subtags = likely.get(f"{base}_{region.upper()}") if region else None
    subtags = subtags or likely.get(base)
    return str(subtags).split("_")[1] if subtags else _SCRIPTS[base]


def _name_of(whole: str, base: str) -> str:
    english = Locale("en")
    whole_name = english.languages.get(whole.replace("-", "_"))
    if whole_name:
        return str(whole_name)
    name = str(english.languages.get(base) or _NAMES[base])
    details = [_subtag_name(english, part) for part in whole.split("-")[1:]]
    return f"{name} ({', '.join(details)})" if details else name


def _subtag_name(english: Locale, subtag: str) -> str:
    return str(english.scripts.get(subtag) or english.territories.get(subtag) or subtag)
