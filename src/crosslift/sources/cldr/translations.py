"""Which of CLDR's names translate the English names of concepts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crosslift.sources.cldr.emoji_ids import id_of_code_points
from crosslift.sources.cldr.find_names import cldr_place
from crosslift.sources.cldr.read_names import read_cldr
from crosslift.sources.pictograms import Concept

SMALLEST_SHARE = 0.5
"""A language with names of fewer of the concepts is a gap: it would be measured on other items."""


AS_IN_ENGLISH = "name spelled as in English"
"""Why a concept is left out for a language: its letters would give it away."""


class Translations(NamedTuple):
    """Names of concepts in the languages of a publication, English left out.

    Args:
        names: language -> {concept id -> name}.
        gaps: language -> why it is not measured.
        left_out: language that is measured -> reason -> number of names that are no translations.
        checksum: SHA-256 of the names.
    """

    names: Mapping[str, Mapping[str, str]]
    gaps: Mapping[str, str]
    left_out: Mapping[str, Mapping[str, int]]
    checksum: str


def read_translations(data: Path, concepts: Sequence[Concept]) -> Translations:
    """The translations of concepts' English names.

    A name that equals the English one, the concept's or the publication's, is no translation: the
    concept is left out for that language. Case does not count.

    Args:
        data: ``cldr:PATH`` or ``cldr:``.
        concepts: whose names are wanted.

    Raises:
        DataError: there are no such data, or they cannot be read.
    """
    published = read_cldr(cldr_place(data))
    english = published.pop("en", {})
    all_names = {code: _of_concepts(named, concepts) for code, named in published.items()}
    names = {code: _translated(named, english, concepts) for code, named in all_names.items()}
    needed = SMALLEST_SHARE * len(concepts)
    gaps = {
        code: f"names of {len(named)} of {len(concepts)} concepts differ from the English ones "
        f"({needed:.0f} needed)"
        for code, named in names.items()
        if len(named) < needed
    }
    kept = {code: named for code, named in names.items() if code not in gaps}
    left_out = {code: len(all_names[code]) - len(named) for code, named in kept.items()}
    counts = {code: {AS_IN_ENGLISH: count} for code, count in left_out.items() if count}
    return Translations(kept, gaps, counts, _checksum(names))


def _of_concepts(named: Mapping[str, str], concepts: Sequence[Concept]) -> dict[str, str]:
    """Id of a concept -> its name, of those that have one."""
    found = {concept.id: named.get(id_of_code_points(concept.id), "") for concept in concepts}
    return {item: name for item, name in found.items() if name}


def _translated(
    names: Mapping[str, str], english: Mapping[str, str], concepts: Sequence[Concept]
) -> dict[str, str]:
    """The names that differ from both English names of their concept."""
    kept = {}
    for concept in concepts:
        of_emoji = english.get(id_of_code_points(concept.id), "")
        untranslated = {concept.names["en"].casefold(), of_emoji.casefold()}
        if concept.id in names and names[concept.id].casefold() not in untranslated:
            kept[concept.id] = names[concept.id]
    return kept


def _checksum(names: Mapping[str, Mapping[str, str]]) -> str:
    whole = json.dumps(names, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()
