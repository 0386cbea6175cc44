"""Pictures of held-out concepts and their names in English and 13 other languages, or in CLDR's."""

from __future__ import annotations

from pathlib import Path

from crosslift.sources.pictograms import NAME_LANGUAGES, PICTURES_ORIGIN
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.names import held_out_concepts, requested_languages, requested_translations
from crosslift.targets.protocols import PICTURE_RETRIEVAL
from crosslift.targets.target_settings import PictureSettings

LANGUAGES = ("en", *NAME_LANGUAGES)


def _load(settings: PictureSettings) -> PictureData:
    if settings.data is not None:
        return _with_cldr(settings, settings.data)
    concepts = held_out_concepts()
    texts = {
        language: {c.id: (c.names[language],) for c in concepts if language in c.names}
        for language in requested_languages(settings, LANGUAGES)
    }
    return PictureData({c.id: c.picture for c in concepts}, texts)


def _with_cldr(settings: PictureSettings, data: Path) -> PictureData:
    concepts = held_out_concepts()
    names, gaps, left_out = requested_translations(settings, data, extra=("en",))
    texts = {
        language: {concept: (name,) for concept, name in names_by_concept.items()}
        for language, names_by_concept in names.items()
    }
    if settings.languages is None or "en" in settings.languages:
        texts["en"] = {c.id: (c.names["en"],) for c in concepts}
    pictures = {concept.id: concept.picture for concept in concepts}
    return PictureData(pictures, texts, gaps=gaps, left_out=left_out)


PICTURES = PictureTarget(
    name="pictures",
    title="pictures",
    description="pictures of 400 held-out concepts and their names in 14 languages, or CLDR's (cldr:)",
    metric="recall_at_10",
    load=_load,
    protocols=PICTURE_RETRIEVAL,
    languages=LANGUAGES,
    licence=PICTURES_ORIGIN.licence,
    citation=PICTURES_ORIGIN.citation,
    texts="words",
)
