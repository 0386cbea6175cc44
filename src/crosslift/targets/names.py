"""Names of held-out concepts in English and 13 languages, or in all languages of CLDR."""

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
    concepts_of,
)
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import AnyTargetSettings, BitextSettings


def held_out_concepts() -> tuple[Concept, ...]:
    """The concepts of the test split."""
    return concepts_of("test")


def requested_languages(settings: AnyTargetSettings, legal: Sequence[str]) -> tuple[str, ...]:
    """The requested languages. Default: all legal ones.

    Raises:
        UnknownNameError: the data does not have a requested language.
    """
    for language in settings.languages or ():
        if language not in legal:
            raise UnknownNameError(
                f"language of {settings.name}",
                language,
                legal,
                f"crosslift targets {settings.name}",
            )
    return settings.languages or tuple(legal)


def requested_translations(
    settings: AnyTargetSettings, data: Path, extra: Sequence[str] = ()
) -> Translations:
    """The names of held-out concepts in CLDR, in the requested languages.

    Args:
        settings: settings of the target.
        data: ``cldr:PATH`` or ``cldr:``.
        extra: languages that the target has besides those of CLDR.

    Raises:
        DataError: the data do not exist or cannot be read, or no requested language has enough names.
        UnknownNameError: the data does not have a requested language.
    """
    translations = read_translations(data, held_out_concepts())
    requested = requested_languages(
        settings, [*extra, *sorted({*translations.names, *translations.gaps})]
    )
    gaps = {code: reason for code, reason in translations.gaps.items() if code in requested}
    if len(gaps) == len(requested):
        code, reason = next(iter(gaps.items()))
        raise DataError(f"{data}: {code}: {reason}", "a language with names of more concepts")
    names = {code: translations.names[code] for code in requested if code in translations.names}
    left_out = {code: count for code, count in translations.left_out.items() if code in requested}
    return Translations(names, gaps, left_out)


def _load(settings: BitextSettings) -> BitextData:
    concepts = held_out_concepts()
    if settings.data is not None:
        names, gaps, left_out = requested_translations(settings, settings.data)
        translated = {
            code: _translated(concepts, names_by_concept, code)
            for code, names_by_concept in names.items()
        }
        return BitextData(translated, gaps=gaps, left_out=left_out)
    languages = requested_languages(settings, NAME_LANGUAGES)
    bitexts = {language: _bitext(concepts, language) for language in languages}
    return BitextData(bitexts)


def _bitext(concepts: Sequence[Concept], language: str) -> Bitext:
    with_name = [concept for concept in concepts if language in concept.names]
    return Bitext(
        language,
        tuple(concept.names[language] for concept in with_name),
        tuple(concept.names["en"] for concept in with_name),
        tuple(concept.id for concept in with_name),
    )


def _translated(concepts: Sequence[Concept], names: Mapping[str, str], language: str) -> Bitext:
    with_name = [
        replace(concept, names={"en": concept.names["en"], language: names[concept.id]})
        for concept in concepts
        if concept.id in names
    ]
    return _bitext(with_name, language)


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
