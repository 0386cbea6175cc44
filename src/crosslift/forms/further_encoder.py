"""Vectors of a form's texts by a further encoder, which does not train: a guide or a teacher.

Importing it loads no torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.keys import key_of
from crosslift.artifacts.read_once import read_once
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.forms.equal_numbers import equal_numbers
from crosslift.ranks.ranks import Ranks


def further_settings(name: str) -> EncoderSettings:
    """The settings of a further encoder: as its own files say, in float32, so that all machines agree
    on which of two texts is nearer.

    Args:
        name: `embedded`, a folder or a hub name.
    """
    return EncoderSettings(name=name, precision="float32")


class FurtherVectors:
    """The vectors of some columns of texts by an encoder, with the prompt of its own files.

    Within a run, training steps with the same texts share them: the encoder reads the texts once.

    Args:
        name: of the encoder: `embedded`, a folder or a hub name.
        columns: of texts. Equal texts are encoded once.
        ranks: that train together; the first one encodes for all.

    Raises:
        EncoderError: the encoder cannot be loaded, or a vector is not finite.
    """

    def __init__(self, name: str, columns: Sequence[Sequence[str]], ranks: Ranks) -> None:
        numbers = equal_numbers(text for column in columns for text in column)
        bounds = np.cumsum([len(column) for column in columns])[:-1]
        self._places = np.split(numbers, bounds)

        def encoded() -> NDArray[np.float32]:
            firsts = np.unique(numbers, return_index=True)[1]
            every = _Joined(columns)
            return _encoded(name, [every[n] for n in firsts])

        self._vectors = ranks.once(encoded)

    @property
    def width(self) -> int:
        """E of the encoder."""
        return int(self._vectors.shape[1])

    def of(self, column: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some rows of a column, float32 [n, E], of any length.

        Args:
            column: its number, from 0.
            rows: int64 [n].
        """
        vectors: NDArray[np.float32] = self._vectors[self._places[column][rows]]
        return vectors


def _key(name: str, texts: Sequence[str]) -> tuple[str, str]:
    return name, key_of({"texts": list(texts)})


@read_once(key=_key, most=1)
def _encoded(name: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors of distinct texts, float32 [N, E]; those of the last call are kept for the run."""
    from crosslift.encoders.text_reader import load_reader

    return load_reader(further_settings(name)).encode(texts)


class _Joined:
    """Columns of texts, one after another."""

    def __init__(self, columns: Sequence[Sequence[str]]) -> None:
        self._columns = columns
        self._starts = np.cumsum([0, *(len(column) for column in columns)])

    def __getitem__(self, row: int) -> str:
        column = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._columns[column][int(row - self._starts[column])]
