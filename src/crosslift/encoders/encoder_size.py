"""The size of an encoder, from its files. It fetches and loads nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crosslift.artifacts.read_once import read_once
from crosslift.encoders.description import describe
from crosslift.encoders.embedded import PARAMETERS, TABLE
from crosslift.encoders.encoder_folder import EMBEDDED, folder_here
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.graphs.graph_facts import graph_in
from crosslift.model_files.read_model import tensor_shapes


@dataclass(frozen=True, slots=True)
class EncoderSize:
    """The size of an encoder.

    Args:
        parameters: number of its weights.
        table: number of those in its token table.
        width: D of its hidden states.
    """

    parameters: int
    table: int
    width: int


@read_once()
def size_of(settings: EncoderSettings) -> EncoderSize | None:
    """The size of an encoder; returns None if its files are not on this machine, or if it is
    exported as a graph.

    The token table is the matrix with the most rows.

    Raises:
        EncoderError: its files are damaged, or not those of an encoder.
    """
    if settings.name == EMBEDDED:
        return EncoderSize(PARAMETERS, math.prod(TABLE), TABLE[1])
    folder = folder_here(settings)
    if folder is None or graph_in(folder) is not None:
        return None
    shapes = tensor_shapes(describe(folder, pooled_here=False).input).values()
    table = max((shape for shape in shapes if len(shape) == 2), default=(0, 0))
    return EncoderSize(sum(map(math.prod, shapes)), math.prod(table), table[1])
