"""Vectors of texts from any encoder that CrossLift reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.api.models import Model, known_model
from crosslift.encoders.text_reader import load_reader
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.retrieval.similarity import unit_rows


def encode(model: Model, texts: Sequence[str], *, normalise: bool = True) -> NDArray[np.float32]:
    """The vectors of N texts.

    Args:
        model: `embedded`, a folder, a hub name, settings of an encoder, or any object with a method
            `encode` from a list of N texts to an array [N, D], such as a SentenceTransformer.
        texts: N texts, without the encoder's prompt, which is added.
        normalise: scale vectors to length 1, so that their products are cosines.

    Returns:
        float32 [N, D], in the order of the texts.

    Raises:
        EncoderError: the encoder cannot be loaded, or a vector is not finite.
    """
    known = known_model(model)
    if isinstance(known, ObjectEncoder):
        vectors = known.encode(texts)
    else:
        vectors = load_reader(known).encode(texts)
    return unit_rows(vectors) if normalise else vectors
