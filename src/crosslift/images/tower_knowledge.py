"""The pretraining of image towers. No torch here: reports read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crosslift.images.tower_settings import EMBEDDED, TIMM, TowerSettings

IMAGENET = "imagenet-1k"
"""The name of ImageNet-1k in targets with its photographs (`Target.photographs`)."""


@dataclass(frozen=True, slots=True)
class TowerKnowledge:
    """The data that a tower was trained on.

    Args:
        words: the data in words, for reports.
        photographs: names of published sets of photographs in its training. None: not recorded.
    """

    words: str
    photographs: tuple[str, ...] | None


_NOTHING = TowerKnowledge("nothing: random weights", ())
_EMBEDDED = TowerKnowledge(
    "ImageNet-1k photographs with English class labels, no captions", (IMAGENET,)
)
_TIMM_IMAGENET = TowerKnowledge("ImageNet photographs, as its name says", (IMAGENET,))
_UNKNOWN = TowerKnowledge("not recorded here: see the model's card", None)


def knowledge_of(settings: TowerSettings) -> TowerKnowledge:
    """The data that a tower was trained on, according to its name.

    Names of timm models end in the set that they were trained on last (``resnet18.a1_in1k``); the
    larger sets of ImageNet (in12k, in21k, in22k) include the photographs of ImageNet-1k.
    """
    if settings.from_scratch:
        return _NOTHING
    if settings.name in EMBEDDED:
        return _EMBEDDED
    if settings.name.startswith(TIMM) and re.search(r"_in(1|12|21|22)k\b", settings.name):
        return _TIMM_IMAGENET
    return _UNKNOWN
