"""Flickr8k: photographs with captions in up to 11 languages, on one split of the photographs.

The test photographs are those of Flickr8k's own test split and of Multi30k's of 2016, as
`crosslift.sources.flickr8k.splits` says; training on the same folder leaves them out. Every language
with captions of all photographs is measured on the same ones; es, id, ja, ru and tr have captions of
243 of them, among all of which their texts look for a picture.
"""

from __future__ import annotations

from crosslift.sources.flickr8k.read import FLICKR8K_FILES, FLICKR8K_LANGUAGES
from crosslift.targets.captioned import (
    CaptionedSet,
    caption_target,
    pair_target,
    picture_target,
)

_FACTS = CaptionedSet(
    name="flickr8k",
    title="Flickr8k",
    what="Flickr8k photographs with captions in 11 languages",
    languages=FLICKR8K_LANGUAGES,
    files=FLICKR8K_FILES,
    metric="recall_at_10",
    paired=("de", "zh", "ar", "fr", "cs"),
    licence="captions: CC BY-SA 3.0 (en), none stated for most others; pictures: Flickr terms, "
    "research use",
    citation="Hodosh, Young and Hockenmaier 2013, JAIR 47 (en); Li et al. 2016, Adding Chinese "
    "Captions to Images, ICMR (zh); ElJundi et al. 2020, VISAPP (ar); Elliott et al. 2016, arXiv "
    "1605.00459 (de); Elliott et al. 2017, arXiv 1710.07177 (fr); Barrault et al. 2018 (cs); "
    "Bugliarello et al. 2022, arXiv 2201.11732 (es, id, ja, ru, tr)",
)

FLICKR8K = picture_target(_FACTS)
FLICKR8K_CAPTIONS = caption_target(_FACTS)
FLICKR8K_PAIRS = pair_target(_FACTS)
