"""xFlickr&CO of IGLUE: 2,000 pictures, half of Flickr30k and half of COCO, in 8 languages.

IGLUE reports recall at 1 in both directions, by language, which is our top-1 accuracy.
"""

from __future__ import annotations

from crosslift.sources.captioned_targets.xflickr_co import XFLICKR_CO_FILES, XFLICKR_CO_LANGUAGES
from crosslift.targets.captioned import (
    CaptionedSet,
    caption_target,
    pair_target,
    picture_target,
)

_FACTS = CaptionedSet(
    name="xflickr-co",
    title="xFlickr&CO",
    what="2,000 Flickr30k and COCO pictures with a caption in 8 languages",
    languages=XFLICKR_CO_LANGUAGES,
    files=XFLICKR_CO_FILES,
    metric="top1_accuracy",
    licence="captions: MIT (IGLUE's repository); pictures: Flickr terms, COCO terms of use",
    citation="Bugliarello et al. 2022, arXiv 2201.11732 (IGLUE)",
)

XFLICKR_CO = picture_target(_FACTS)
XFLICKR_CO_CAPTIONS = caption_target(_FACTS)
XFLICKR_CO_PAIRS = pair_target(_FACTS)
