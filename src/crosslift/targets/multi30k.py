"""Multi30k: Flickr30k pictures with an English caption and its translations, four test sets."""

from __future__ import annotations

from crosslift.sources.captioned_targets.multi30k import multi30k_files
from crosslift.targets.captioned import (
    CaptionedSet,
    caption_target,
    pair_target,
    picture_target,
)
from crosslift.targets.kinds.bitexts import BitextTarget
from crosslift.targets.kinds.pictures_with_texts import PictureTarget

_CZECH = ("en", "de", "fr", "cs")
_LICENCE = "captions: none stated in the repository; pictures: Flickr terms, COCO terms of use"
_CITATION = "Elliott, Frank, Sima'an and Specia 2016, arXiv 1605.00459; "
_2017 = "Elliott et al. 2017, arXiv 1710.07177"
_2018 = "Barrault et al. 2018, Findings of the Third Shared Task on Multimodal Machine Translation"


def _facts(
    name: str, test_set: str, pictures: str, languages: tuple[str, ...], citation: str
) -> CaptionedSet:
    return CaptionedSet(
        name=name,
        title=test_set.replace("test_", "Multi30k ").replace("_", " "),
        what=f"{pictures} pictures with a caption in {', '.join(languages)}",
        languages=languages,
        files=multi30k_files(test_set),
        metric="recall_at_10",
        licence=_LICENCE,
        citation=_CITATION + citation,
    )


_SETS = (
    _facts("multi30k", "test_2016_flickr", "1,000 Flickr30k", _CZECH, "Barrault et al. 2018 (cs)"),
    _facts("multi30k-2017", "test_2017_flickr", "1,000 Flickr", ("en", "de", "fr"), _2017),
    _facts("multi30k-2017-coco", "test_2017_mscoco", "461 COCO", ("en", "de", "fr"), _2017),
    _facts("multi30k-2018", "test_2018_flickr", "1,071 Flickr", _CZECH, _2018),
)

MULTI30K: tuple[PictureTarget | BitextTarget, ...] = tuple(
    build(facts) for facts in _SETS for build in (picture_target, caption_target, pair_target)
)
"""Each test set as pictures with captions, and as captions alone: with English, and in pairs."""
