"""WIT of IGLUE: pictures of Wikipedia articles in 11 languages, each language with its own.

A text has the pictures of its own language as candidates, as in IGLUE, so languages differ in how many
they have. There is no target of the captions alone: they are of different articles in different
languages and no translations of one another.
"""

from __future__ import annotations

from crosslift.sources.captioned_targets.wit import WIT_FILES, WIT_LANGUAGES
from crosslift.targets.captioned import CaptionedSet, picture_target

WIT = picture_target(
    CaptionedSet(
        name="wit",
        title="WIT (IGLUE)",
        what="pictures of Wikipedia with their captions in 11 languages",
        languages=WIT_LANGUAGES,
        files=WIT_FILES,
        metric="top1_accuracy",
        licence="captions: CC BY-SA 3.0; pictures: as Wikimedia Commons states for each",
        citation="Srinivasan et al. 2021, arXiv 2103.01913; Bugliarello et al. 2022, arXiv 2201.11732",
        pool="language",
    )
)
