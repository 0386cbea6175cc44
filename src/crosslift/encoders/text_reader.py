"""What gives vectors of texts: an encoder of torch, or an exported graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import local_folder
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.graphs.graph_encoder import open_graph
from crosslift.encoders.graphs.graph_facts import graph_in
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.encoders.reading import Reading


class TextReader(Protocol):
    """Gives vectors of texts. It cannot train."""

    @property
    def reading(self) -> Reading:
        """How vectors are read."""

    def encode(
        self, texts: Sequence[str], *, advance: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Vectors float32 [N, D] of N texts; `advance` is called with the number of texts done."""


class TorchReader:
    """An encoder of torch that gives vectors.

    Args:
        encoder: the encoder.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @property
    def reading(self) -> Reading:
        """How vectors are read."""
        return self._encoder.reading

    def encode(
        self, texts: Sequence[str], *, advance: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Vectors of N texts, see `crosslift.encoders.encode_texts.encode`."""
        return encode(self._encoder, texts, advance=advance)


def load_reader(settings: EncoderSettings) -> TextReader:
    """Loads an encoder that gives vectors alone.

    Raises:
        EncoderError: the encoder cannot be found, read or used.
    """
    if graph_in(local_folder(settings)) is not None:
        return open_graph(settings)
    return TorchReader(load_encoder(settings))
