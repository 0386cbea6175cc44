"""The temperature at which a published encoder was trained contrastively."""

from __future__ import annotations

import re

from crosslift.artifacts.places import user_path
from crosslift.encoders.encoder_folder import EMBEDDED
from crosslift.encoders.origin import base_model

_E5 = re.compile(r"(.*/)?(multilingual-)?e5-(small|base|large)\b")


def training_temperature(name: str) -> float | None:
    """The temperature of the InfoNCE loss that an encoder was trained with: by its name, or by the
    base model that its model card names, as the cards of exported encoders do.

    At 0.05, further training took 9.7 points from the packaged encoder on Tatoeba; at its own 0.01 it
    took none (docs/findings/pictures.md).

    Args:
        name: ``embedded``, a hub name, or a folder.

    Returns:
        None if it is not known.

    Source: Wang et al. 2022 (arXiv 2212.03533): 0.01, for E5; multilingual E5 follows its recipe
    (arXiv 2402.05672).
    """
    names = (name, base_model(user_path(name)) or "")
    return 0.01 if name == EMBEDDED or any(map(_E5.match, names)) else None
