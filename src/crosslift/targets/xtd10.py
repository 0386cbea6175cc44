"""XTD10: 1,000 COCO pictures with a caption in each of 11 languages.

Seven languages were collected for XTD10; German, French and English are of the multilingual image
captions of Rajendran et al. 2016 and Japanese of STAIR captions (Yoshikawa et al. 2017), put beside
them by the same repository. Published scores are recall at 10 of text to picture.
"""

from __future__ import annotations

from crosslift.sources.captioned_targets.xtd10 import XTD10_FILES, XTD10_LANGUAGES
from crosslift.targets.captioned import (
    CaptionedSet,
    caption_target,
    pair_target,
    picture_target,
)

_FACTS = CaptionedSet(
    name="xtd10",
    title="XTD10",
    what="1,000 COCO pictures with captions in 11 languages",
    languages=XTD10_LANGUAGES,
    files=XTD10_FILES,
    metric="recall_at_10",
    licence="captions: Adobe Research License (noncommercial research); pictures: COCO terms of use",
    citation="Aggarwal and Kale 2020, arXiv 2012.05107; Rajendran et al. 2016, arXiv 1510.03519 (de, "
    "en, fr); Yoshikawa et al. 2017, arXiv 1705.00823 (ja)",
)

XTD10 = picture_target(_FACTS)
XTD10_CAPTIONS = caption_target(_FACTS)
XTD10_PAIRS = pair_target(_FACTS)
