"""Pictures of held-out concepts and their names in English and 13 other languages."""

from __future__ import annotations

from crosslift.sources.pictograms import NAME_LANGUAGES, checksum
from crosslift.targets.names import asked_languages, held_out_concepts
from crosslift.targets.protocols import PICTURE_RETRIEVAL
from crosslift.targets.target import PictureData, Target, TargetSettings

LANGUAGES = ("en", *NAME_LANGUAGES)


def _load(settings: TargetSettings) -> PictureData:
    concepts = held_out_concepts()
    texts = {
        language: {c.id: (c.names[language],) for c in concepts if language in c.names}
        for language in asked_languages(settings, LANGUAGES)
    }
    return PictureData({c.id: c.picture for c in concepts}, texts, {}, checksum())


PICTURES = Target(
    name="pictures",
    title="pictures",
    description="pictures of 400 held-out concepts and their names in 14 languages",
    kind="pictures",
    metric="recall_at_10",
    load=_load,
    protocols=PICTURE_RETRIEVAL,
    languages=LANGUAGES,
    licence="pictures: CC BY-SA 4.0 (OpenMoji); names: BSD-3-Clause (emoji), Unicode licence (CLDR)",
    citation="OpenMoji 17 (openmoji.org); Python package emoji",
)
