"""Readers of the vectors of texts: an encoder of torch, or an exported graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.array_file import Rows
from crosslift.encoders.encode_texts import ALL, encode, encode_into
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

    @property
    def width(self) -> int:
        """Length D of its vectors."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 [N, D] of N texts."""

    def encode_into(
        self,
        store: Rows,
        texts: Sequence[str],
        *,
        turn: slice = ALL,
        advance: Callable[[int], None] | None = None,
    ) -> None:
        """Writes the vectors of N texts into the rows of a float32 [N, D]; `turn` and `advance` as in
        `crosslift.encoders.encode_texts.encode_into`."""


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

    @property
    def width(self) -> int:
        """Length D of its vectors."""
        return self._encoder.width

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 [N, D] of N texts."""
        return encode(self._encoder, texts)

    def encode_into(
        self,
        store: Rows,
        texts: Sequence[str],
        *,
        turn: slice = ALL,
        advance: Callable[[int], None] | None = None,
    ) -> None:
        """Writes the vectors of N texts, see `crosslift.encoders.encode_texts.encode_into`."""
        place = self._encoder.place
        encode_into([store], self._encoder, texts, [place], turn=turn, advance=advance)


def load_reader(settings: EncoderSettings) -> TextReader:
    """Loads an encoder that gives vectors alone.

    Raises:
        EncoderError: the encoder cannot be found, read or used.
    """
    if graph_in(local_folder(settings)) is not None:
        return open_graph(settings)
    return TorchReader(load_encoder(settings))
