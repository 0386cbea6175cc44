"""Names, families and scripts of languages as a report shows them, for any data."""

from __future__ import annotations

from functools import cache

from babel import Locale

from crosslift.errors import UnknownNameError
from crosslift.languages import Language, language, language_pair

NO_FAMILY = "Family not known"
PAIRS = "Pairs of languages"


@cache
def known_language(code: str) -> Language | None:
    """The facts about a language; None if the table of languages does not have it.

    A report must work for any data, also for a language without a description: it is then shown by
    its code.
    """
    try:
        return language(code)
    except UnknownNameError:
        return None


def family_of(code: str) -> str:
    """The family of a language, or the words for an unknown one and for a pair of languages."""
    if language_pair(code):
        return PAIRS
    known = known_language(code)
    return known.family if known else NO_FAMILY


def name_of(code: str) -> str:
    """The English name of a language, or its code if unknown; for ``de-zh`` German-Chinese."""
    pair = language_pair(code)
    if pair:
        return "-".join(map(name_of, pair))
    known = known_language(code)
    return known.name if known else code


def script_of(code: str) -> str:
    """The English name of a language's script, empty if unknown; for a pair the names of both, in
    alphabetical order."""
    pair = language_pair(code)
    if pair:
        return " and ".join(sorted({script_of(each) for each in pair}))
    known = known_language(code)
    return str(Locale("en").scripts.get(known.script, known.script)) if known else ""
