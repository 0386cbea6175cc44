"""Crossmodal-3600: 3,600 pictures from where its 36 languages are spoken, with about two captions each.

Captions were written for each language, not translated: between languages they say different things of
one picture, and text-text retrieval among them is harder than among translations.
"""

from __future__ import annotations

from crosslift.sources.captioned_targets.crossmodal import CROSSMODAL_FILES, CROSSMODAL_LANGUAGES
from crosslift.targets.captioned import (
    CaptionedSet,
    caption_target,
    pair_target,
    picture_target,
)
from crosslift.targets.protocols import MTEB_PICTURES

_FACTS = CaptionedSet(
    name="crossmodal-3600",
    title="Crossmodal-3600",
    what="3,600 pictures with captions in 36 languages",
    languages=CROSSMODAL_LANGUAGES,
    files=CROSSMODAL_FILES,
    metric="top1_accuracy",
    paired=("ar", "de", "fr", "hi", "ja", "ru", "sw", "zh"),
    licence="captions: CC BY 4.0; pictures: CC BY 2.0 (Open Images)",
    citation="Thapliyal, Pont-Tuset, Chen and Soricut 2022, arXiv 2205.12522",
    others=MTEB_PICTURES,
)

CROSSMODAL = picture_target(_FACTS)
CROSSMODAL_CAPTIONS = caption_target(_FACTS)
CROSSMODAL_PAIRS = pair_target(_FACTS)
