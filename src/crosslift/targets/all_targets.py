"""All target tasks by name."""

from __future__ import annotations

from typing import Any

from crosslift.errors import UnknownNameError
from crosslift.extensions.registry import Registry
from crosslift.targets.babel_imagenet import BABEL_IMAGENET
from crosslift.targets.bitext import BITEXT
from crosslift.targets.bucc import BUCC
from crosslift.targets.captioned_sets import captioned_targets
from crosslift.targets.crossmodal import CROSSMODAL
from crosslift.targets.flags import FLAGS
from crosslift.targets.flickr8k import FLICKR8K
from crosslift.targets.flores200 import FLORES200
from crosslift.targets.gettext import GETTEXT
from crosslift.targets.judged import JUDGED_FILES
from crosslift.targets.labelled import labelled_target
from crosslift.targets.lexicon_pairs import WORD_PAIRS, WORD_PAIRS_TRAINED
from crosslift.targets.measures import MEASURES
from crosslift.targets.mlqa import MLQA
from crosslift.targets.mteb import MTEB_PREFIX, mteb_target
from crosslift.targets.multi30k import MULTI30K
from crosslift.targets.mvl_sib import MVL_SIB
from crosslift.targets.names import NAMES
from crosslift.targets.picture_captions import (
    PICTURE_CAPTIONS,
    PICTURE_CAPTIONS_PAIRS,
    PICTURE_CAPTIONS_TEXT,
)
from crosslift.targets.picture_classes import PICTURE_CLASSES_TARGET
from crosslift.targets.pictures import PICTURES
from crosslift.targets.sts import STS
from crosslift.targets.target import Target
from crosslift.targets.tatoeba import TATOEBA
from crosslift.targets.text_pairs import TEXT_PAIRS
from crosslift.targets.wit import WIT
from crosslift.targets.xcopa import XCOPA
from crosslift.targets.xflickr_co import XFLICKR_CO
from crosslift.targets.xnli import XNLI
from crosslift.targets.xquad import XQUAD
from crosslift.targets.xtd10 import XTD10
from crosslift.tasks.panx import PANX
from crosslift.tasks.pawsx import PAWSX
from crosslift.tasks.tydiqa import TYDIQA
from crosslift.tasks.udpos import UDPOS

_BITEXTS = (
    BITEXT,
    BUCC,
    FLORES200,
    GETTEXT,
    NAMES,
    TATOEBA,
    TEXT_PAIRS,
    WORD_PAIRS,
    WORD_PAIRS_TRAINED,
)
_PICTURES = (
    *(PICTURES, FLAGS, PICTURE_CLASSES_TARGET),
    *(PICTURE_CAPTIONS, PICTURE_CAPTIONS_TEXT, PICTURE_CAPTIONS_PAIRS),
)
_CAPTIONED = (XTD10, CROSSMODAL, *MULTI30K, XFLICKR_CO, WIT, FLICKR8K)
_PUBLISHED = (
    *(target for facts in _CAPTIONED for target in captioned_targets(facts)),
    *(BABEL_IMAGENET, MVL_SIB),
)
_LABELLED = tuple(map(labelled_target, (XNLI, PAWSX, UDPOS, PANX, XQUAD, MLQA, TYDIQA, XCOPA)))

TARGETS: Registry[Target[Any, Any]] = Registry(
    "target",
    Target,
    (*_BITEXTS, STS, JUDGED_FILES, MEASURES, *_PICTURES, *_PUBLISHED, *_LABELLED),
    families={MTEB_PREFIX: mteb_target},
)


def find_target(name: str) -> Target[Any, Any]:
    """The target with a name.

    Raises:
        UnknownNameError: no target has the name.
    """
    if name not in TARGETS:
        raise UnknownNameError("target", name, TARGETS, "crosslift targets")
    return TARGETS[name]
