"""Embedded queries with judgements: measures and currencies of CLDR, from babel.

A query is the name of a unit or currency in one language (``miles per hour``), a passage is an amount
of it in one language (``3 Meilen pro Stunde``). For a query, the passages of the same unit have grade
2, in every language; those of other units of the same quantity (``3 kilometers per hour``) have grade
1, if the quantity has few units. No task trains on these texts.

A name or an amount that is spelled as in English is left out of the other languages: the same text in
two languages would show nothing about languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from babel import Locale
from babel.core import get_global
from babel.numbers import format_currency, get_currency_name
from babel.units import format_unit, get_unit_name

from crosslift.sources.judged.judged_set import JudgedSet, Pool
from crosslift.sources.origin import Origin
from crosslift.sources.pictograms import NAME_LANGUAGES

MEASURES_ORIGIN = Origin(
    "Unicode licence (CLDR)", "units and currencies of CLDR, Python package babel"
)
MEASURE_LANGUAGES = tuple(sorted(("en", *NAME_LANGUAGES)))
"""BCP-47 codes of the languages of queries and passages."""

SAME, RELATED = 2.0, 1.0
_MOST_RELATED = 6
"""Most units of a quantity whose other units are graded. With more, a query has over 100 relevant
passages in 14 languages, and recall at 100 cannot reach 1."""
_COUNT = 3
_NOT_EVERYWHERE = ("-jp", "-generic", "-imperial", "-person")
"""Endings of units that few languages name: of Japan, of no unit, of one country, a variant."""


@cache
def measures() -> tuple[JudgedSet, ...]:
    """One set for each language, in the order of the codes; all search one pool."""
    texts = {code: dict(_texts(code)) for code in MEASURE_LANGUAGES}
    english = {text.casefold() for pair in texts["en"].values() for text in pair}
    kept = {
        (code, thing): pair
        for code, of_language in texts.items()
        for thing, pair in of_language.items()
        if code == "en" or english.isdisjoint(text.casefold() for text in pair)
    }
    ids = tuple(f"{code}/{thing}" for code, thing in kept)
    pool = Pool(ids, tuple(amount for _, amount in kept.values()), tuple(code for code, _ in kept))
    return tuple(_set(code, kept, pool) for code in MEASURE_LANGUAGES)


def _set(code: str, kept: dict[tuple[str, str], tuple[str, str]], pool: Pool) -> JudgedSet:
    queries = {thing: name for (of, thing), (name, _) in kept.items() if of == code}
    related = _related()
    grades = {
        query: {
            passage: grade
            for thing, grade in ((query, SAME), *((r, RELATED) for r in related.get(query, ())))
            for language in MEASURE_LANGUAGES
            if (passage := f"{language}/{thing}") in pool.place
        }
        for query in queries
    }
    return JudgedSet(code, queries, pool, grades, same_queries=True)


def _texts(code: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Unit or currency -> its name, and an amount of it."""
    for unit in _units():
        name = get_unit_name(unit, "long", locale=code)
        if name:
            yield unit, (name, format_unit(_COUNT, unit, "long", locale=code))
    for currency in _currencies():
        name = get_currency_name(currency, locale=code)
        if name != currency:
            amount = format_currency(_COUNT, currency, locale=code, format_type="name")
            yield f"currency-{currency.lower()}", (name, amount)


@cache
def _units() -> tuple[str, ...]:
    units = sorted(Locale("en").unit_display_names)
    return tuple(unit for unit in units if not unit.endswith(_NOT_EVERYWHERE))


@cache
def _currencies() -> tuple[str, ...]:
    """Currencies that are legal tender somewhere today."""
    territories = get_global("territory_currencies").values()
    current = {
        currency
        for entries in territories
        for currency, _, end, is_tender in entries
        if is_tender and end is None
    }
    return tuple(sorted(current & set(Locale("en").currencies)))


@cache
def _related() -> dict[str, tuple[str, ...]]:
    """Unit -> the other units of its quantity, if these are few."""
    by_quantity: dict[str, list[str]] = {}
    for unit in _units():
        by_quantity.setdefault(unit.partition("-")[0], []).append(unit)
    return {
        unit: tuple(other for other in units if other != unit)
        for units in by_quantity.values()
        if len(units) <= _MOST_RELATED
        for unit in units
    }
