"""Names of held-out concepts in 13 languages and English."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from crosslift.errors import UnknownNameError
from crosslift.sources.pictograms import (
    NAME_LANGUAGES,
    Concept,
    checksum,
    load_concepts,
    split_of,
)
from crosslift.sources.record import Bitext
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target import BitextData, Target, TargetSettings


@cache
def held_out_concepts() -> tuple[Concept, ...]:
    """The concepts of the test split."""
    concepts = load_concepts()
    splits = split_of(concepts)
    return tuple(concept for concept in concepts if splits[concept.id] == "test")


def asked_languages(settings: TargetSettings, legal: Sequence[str]) -> tuple[str, ...]:
    """The languages asked for, or all legal ones.

    Raises:
        UnknownNameError: one that the data does not have.
    """
    for language in settings.languages or ():
        if language not in legal:
            raise UnknownNameError(f"language of {settings.name}", language, legal)
    return settings.languages or tuple(legal)


def _load(settings: TargetSettings) -> BitextData:
    concepts = held_out_concepts()
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


NAMES = Target(
    name="names",
    title="names",
    description="names of 400 held-out concepts in 13 languages and English",
    kind="bitext",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=_load,
    languages=NAME_LANGUAGES,
    licence="BSD-3-Clause (emoji), Unicode licence (CLDR)",
    citation="Python package emoji",
)
