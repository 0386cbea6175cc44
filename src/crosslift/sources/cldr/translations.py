"""Which of CLDR's names translate the English names of concepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crosslift.sources.cldr.emoji_ids import id_of_code_points
from crosslift.sources.cldr.find_names import cldr_place
from crosslift.sources.cldr.read_names import read_cldr
from crosslift.sources.pictograms import Concept

SMALLEST_SHARE = 0.5
"""A language with names for fewer of the concepts is a gap: it would be measured on other items."""


AS_IN_ENGLISH = "name spelled as in English"
"""Why a concept is left out for a language: its letters would give it away."""


class Translations(NamedTuple):
    """Names of concepts in the languages of a publication, English left out.

    Args:
        names: language -> {concept id -> name}.
        gaps: language -> why it is not measured.
        left_out: language that is measured -> reason -> number of names that are not translations.
    """

    names: Mapping[str, Mapping[str, str]]
    gaps: Mapping[str, str]
    left_out: Mapping[str, Mapping[str, int]]


def read_translations(data: Path, concepts: Sequence[Concept]) -> Translations:
    """The translations of concepts' English names.

    A name that equals the English one, the concept's or the publication's, is no translation: the
    concept is left out for that language. Case is ignored.

    Args:
        data: ``cldr:PATH`` or ``cldr:``.
        concepts: concepts whose names are read.

    Raises:
        DataError: there are no such data, or they cannot be read.
    """
    published = read_cldr(cldr_place(data))
    english = published.pop("en", {})
    all_names = {code: _names_of_concepts(of_code, concepts) for code, of_code in published.items()}
    names = {code: _translated(of_code, english, concepts) for code, of_code in all_names.items()}
    needed = SMALLEST_SHARE * len(concepts)
    gaps = {
        code: f"names of {len(of_code)} of {len(concepts)} concepts differ from the English ones "
        f"({needed:.0f} needed)"
        for code, of_code in names.items()
        if len(of_code) < needed
    }
    measured = {code: of_code for code, of_code in names.items() if code not in gaps}
    left_out = {code: len(all_names[code]) - len(of_code) for code, of_code in measured.items()}
    counts = {code: {AS_IN_ENGLISH: count} for code, count in left_out.items() if count}
    return Translations(measured, gaps, counts)


def _names_of_concepts(
    names_by_emoji: Mapping[str, str], concepts: Sequence[Concept]
) -> dict[str, str]:
    """Id of a concept -> its name, for those that have one."""
    all_names = {
        concept.id: names_by_emoji.get(id_of_code_points(concept.id), "") for concept in concepts
    }
    return {item: name for item, name in all_names.items() if name}


def _translated(
    names: Mapping[str, str], english: Mapping[str, str], concepts: Sequence[Concept]
) -> dict[str, str]:
    """The names that differ from both English names of their concept."""
    translated = {}
    for concept in concepts:
        of_emoji = english.get(id_of_code_points(concept.id), "")
        untranslated = {concept.names["en"].casefold(), of_emoji.casefold()}
        if concept.id in names and names[concept.id].casefold() not in untranslated:
            translated[concept.id] = names[concept.id]
    return translated
