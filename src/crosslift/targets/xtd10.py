"""XTD10: 1,000 COCO pictures with a caption in each of 11 languages.

Captions in seven languages were collected for XTD10. The same repository adds German, French and
English from the multilingual image captions of Rajendran et al. 2016, and Japanese from STAIR captions
(Yoshikawa et al. 2017). Published scores are recall at 10, from text to picture.

Files, of github.com/adobe-research/Cross-lingual-Test-Dataset-XTD10: ``XTD10/test_image_names.txt``
names 1,000 pictures of COCO 2014; ``test_1kcaptions_LANG.txt`` holds a caption a line, in ``XTD10`` (es
it ko pl ru tr zh), ``MIC`` (de en fr) and ``STAIR`` (``jp``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosslift.sources.captioned_targets.line_files import load_lines
from crosslift.sources.captioned_targets.published_captions import (
    FilePerLanguage,
    PublishedCaptions,
    PublishedFormat,
    needed_file,
)
from crosslift.targets.captioned_sets import CaptionedSet

_CAPTIONS = FilePerLanguage(
    languages=("en", "de", "es", "fr", "it", "ja", "ko", "pl", "ru", "tr", "zh"),
    name="test_1kcaptions_{language}.txt",
    folders=("", "XTD10", "MIC", "STAIR"),
    codes={"ja": "jp"},
)


def _load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    names = needed_file(folder, _CAPTIONS.folders, "test_image_names.txt")
    return load_lines(names, _CAPTIONS.paths(folder, languages))


XTD10 = CaptionedSet(
    name="xtd10",
    title="XTD10",
    what="1,000 COCO pictures with captions in 11 languages",
    languages=_CAPTIONS.languages,
    files=PublishedFormat(
        _CAPTIONS.languages_in,
        _load,
        "test_image_names.txt and test_1kcaptions_en.txt (and es, it, jp, ...)",
    ),
    metric="recall_at_10",
    licence="captions: Adobe Research License (noncommercial research); pictures: COCO terms of use",
    citation="Aggarwal and Kale 2020, arXiv 2012.05107; Rajendran et al. 2016, arXiv 1510.03519 (de, "
    "en, fr); Yoshikawa et al. 2017, arXiv 1705.00823 (ja)",
)
