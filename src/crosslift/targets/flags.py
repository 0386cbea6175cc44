"""Flags of held-out countries and regions, and their names in over a hundred languages.

The pictures come with the package and the names with CLDR, so the target runs anywhere. It has only
flags of the test split of the embedded concepts: `picture-name` trains on other flags, never on these.
The target `pictures` has the same flags with names in 14 languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from babel import Locale, UnknownLocaleError

from crosslift.errors import DataError
from crosslift.sources.pictograms import Concept
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.names import held_out_concepts, requested_languages
from crosslift.targets.protocols import PICTURE_RETRIEVAL
from crosslift.targets.target_settings import PictureSettings

MOST_ENGLISH = 0.5
"""Largest share of names that are spelled as in English; a language with more would measure English."""

_CODES = (
    "en af ak am ar as ast az ba be bew bg blo bn br bs ca ccp chr ckb cs cv cy da de dsb el eo "
    "es et eu fa fi fo fr frr fy ga gd gl gu ha he hi hr hsb hu hy ia id ie is it ja jv ka kab "
    "kea kk km kn ko kok ks ku ky lb lij lo lt lv mai mi mk ml mn mr my nb ne nl nn nqo om or pa "
    "pcm pl ps pt qu rm ro ru sat sc scn sd shn si sk sl so sq sr sv sw syr szl ta te tg th ti tk "
    "to tr tt uk ur uz vec wo xh yo yue zh zu"
)
FLAG_LANGUAGES = tuple(_CODES.split())
"""Languages with a family in the table of languages, in which CLDR names every territory; without those
above `MOST_ENGLISH` and without second codes of one language (no, tl, tw). They are from the CLDR of
babel 2.19. A language in which another babel does not name all territories is a gap."""

_FIRST = 0x1F1E6


def held_out_flags() -> dict[str, Concept]:
    """Code of a territory -> its concept, of the test split.

    The codes are ISO 3166-1's, and CLDR's for XK, EA, IC and UN.
    """
    by_code = {_territory(concept): concept for concept in held_out_concepts()}
    return {code: concept for code, concept in by_code.items() if code}


def territory_names(language: str) -> Mapping[str, str]:
    """Code of a territory -> its name in a language, for all territories that CLDR names in it."""
    try:
        names: Mapping[str, str] = Locale.parse(language, sep="-").territories
    except UnknownLocaleError:
        return {}
    return names


def _territory(concept: Concept) -> str:
    """The two letters of a flag of two regional indicators; empty for any other picture."""
    letters = [int(point, 16) - _FIRST for point in concept.id.split("-")]
    is_flag = len(letters) == 2 and all(0 <= letter < 26 for letter in letters)
    return "".join(chr(ord("A") + letter) for letter in letters) if is_flag else ""


def _load(settings: PictureSettings) -> PictureData:
    flags = held_out_flags()
    texts, gaps = {}, {}
    for language in requested_languages(settings, FLAG_LANGUAGES):
        names = territory_names(language)
        unnamed = [code for code in flags if code not in names]
        if unnamed:
            which = f"{len(unnamed)} of {len(flags)} territories, {unnamed[0]} among them"
            gaps[language] = f"babel {version('babel')} does not name {which}"
            continue
        texts[language] = {concept.id: (names[code],) for code, concept in flags.items()}
    if not texts:
        raise DataError(f"flags: {next(iter(gaps.values()))}", "another language, or another babel")
    pictures = {concept.id: concept.picture for concept in flags.values()}
    return PictureData(pictures, texts, gaps=gaps)


FLAGS = PictureTarget(
    name="flags",
    title="flags",
    description=f"flags of 62 held-out territories and their names in {len(FLAG_LANGUAGES)} languages",
    metric="recall_at_10",
    load=_load,
    protocols=PICTURE_RETRIEVAL,
    languages=FLAG_LANGUAGES,
    licence="pictures: CC BY-SA 4.0 (OpenMoji); names: Unicode licence (CLDR)",
    citation="OpenMoji 17 (openmoji.org); Unicode CLDR, Python package babel",
    texts="words",
)
