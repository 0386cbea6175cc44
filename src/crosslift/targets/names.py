"""Names of held-out concepts in English and 13 languages, or in all of CLDR's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.cldr.translations import Translations, read_translations
from crosslift.sources.pictograms import (
    NAME_LANGUAGES,
    NAMES_ORIGIN,
    Concept,
    checksum,
    concepts_of,
)
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import AnyTargetSettings, BitextSettings


def held_out_concepts() -> tuple[Concept, ...]:
    """The concepts of the test split."""
    return concepts_of("test")


def asked_languages(settings: AnyTargetSettings, legal: Sequence[str]) -> tuple[str, ...]:
    """The languages asked for, or all legal ones.

    Raises:
        UnknownNameError: one that the data does not have.
    """
    for language in settings.languages or ():
        if language not in legal:
            raise UnknownNameError(f"language of {settings.name}", language, legal)
    return settings.languages or tuple(legal)


def asked_translations(
    settings: AnyTargetSettings, data: Path, extra: Sequence[str] = ()
) -> Translations:
    """The names of held-out concepts in CLDR, of the languages that the settings ask for.

    Args:
        settings: of the target.
        data: ``cldr:PATH`` or ``cldr:``.
        extra: languages that the target has besides those of CLDR.

    Raises:
        DataError: there are no such data, they cannot be read, or no asked language has enough names.
        UnknownNameError: a language that the data does not have.
    """
    found = read_translations(data, held_out_concepts())
    asked = asked_languages(settings, [*extra, *sorted({*found.names, *found.gaps})])
    gaps = {code: reason for code, reason in found.gaps.items() if code in asked}
    if len(gaps) == len(asked):
        code, reason = next(iter(gaps.items()))
        raise DataError(f"{data}: {code}: {reason}", "a language with names of more concepts")
    names = {code: found.names[code] for code in asked if code in found.names}
    left_out = {code: count for code, count in found.left_out.items() if code in asked}
    return Translations(names, gaps, left_out, found.checksum)


def _load(settings: BitextSettings) -> BitextData:
    concepts = held_out_concepts()
    if settings.data is not None:
        names, gaps, left_out, own = asked_translations(settings, settings.data)
        translated = {code: _translated(concepts, named, code) for code, named in names.items()}
        return BitextData(translated, gaps, f"{checksum()} {own}", left_out=left_out)
    languages = asked_languages(settings, NAME_LANGUAGES)
    bitexts = {language: _bitext(concepts, language) for language in languages}
    return BitextData(bitexts, {}, checksum())


def _bitext(concepts: Sequence[Concept], language: str) -> Bitext:
    named = [concept for concept in concepts if language in concept.names]
    return Bitext(
        language,
        tuple(concept.names[language] for concept in named),
        tuple(concept.names["en"] for concept in named),
        tuple(concept.id for concept in named),
    )


def _translated(concepts: Sequence[Concept], names: Mapping[str, str], language: str) -> Bitext:
    named = [
        replace(concept, names={"en": concept.names["en"], language: names[concept.id]})
        for concept in concepts
        if concept.id in names
    ]
    return _bitext(named, language)


NAMES = BitextTarget(
    name="names",
    title="names",
    description="names of 400 held-out concepts in English and 13 languages, or CLDR's (cldr:)",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=_load,
    languages=NAME_LANGUAGES,
    licence=NAMES_ORIGIN.licence,
    citation=NAMES_ORIGIN.citation,
    texts="words",
)
