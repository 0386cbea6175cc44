"""Vectors of candidates as one arm has them, and the cosines of a query with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""The vector of a query or a candidate, [D]."""


@dataclass(frozen=True)
class TextMap:
    """The map from an arm's texts to the space of its pictures, if its task learned one.

    Args:
        weight: float32 [E, D].
        bias: float32 [E].
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class CandidateRows(ABC):
    """The vectors of N candidates. They stay in the files that hold them.

    Args:
        parts: matrices of vectors, float32 [M, D] each, such as memory maps.
        order: int64 [N], for each candidate its row in all parts together.
        text_map: text map of the arm; None: its texts are in the space of its pictures as they are.
    """

    parts: Sequence[NDArray[np.float32]]
    order: NDArray[np.int64]
    text_map: TextMap | None = None

    @abstractmethod
    def of_text(self, text: Vector) -> NDArray[np.float32]:
        """The cosines [N] of the vector of a text, from the encoder, with the candidates."""

    @abstractmethod
    def of_picture(self, picture: Vector) -> NDArray[np.float32]:
        """The cosines [N] of a picture, in the shared space, with the candidates."""

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        return _positive([np.linalg.norm(part, axis=1) for part in self.parts])

    def _cosines(self, query: Vector) -> NDArray[np.float32]:
        products = np.concatenate([part @ query for part in self.parts])
        return _divided(products, self._lengths, query)[self.order]


class TextRows(CandidateRows):
    """Candidates that are texts, with vectors from the encoder."""

    def of_text(self, text: Vector) -> NDArray[np.float32]:
        """Cosines of vectors from the encoder."""
        return self._cosines(text)

    def of_picture(self, picture: Vector) -> NDArray[np.float32]:
        """The texts are mapped to the picture's space; no mapped text is kept, as
        (W t + b) p = t (W' p) + b p."""
        if self.text_map is None:
            return self._cosines(picture)
        pulled = (self.text_map.weight.T @ picture).astype(np.float32)
        products = np.concatenate([part @ pulled for part in self.parts])
        products += np.float32(self.text_map.bias @ picture)
        return _divided(products, self._mapped_lengths, picture)[self.order]

    @cached_property
    def _mapped_lengths(self) -> NDArray[np.float32]:
        if self.text_map is None:
            return self._lengths
        weight, bias = self.text_map.weight, self.text_map.bias
        return _positive([np.linalg.norm(part @ weight.T + bias, axis=1) for part in self.parts])


class PictureRows(CandidateRows):
    """Candidates that are pictures, in the space that they share with texts."""

    def of_text(self, text: Vector) -> NDArray[np.float32]:
        """Cosines after the text is mapped to the space of the pictures."""
        if self.text_map is not None:
            text = (self.text_map.weight @ text + self.text_map.bias).astype(np.float32)
        return self._cosines(text)

    def of_picture(self, picture: Vector) -> NDArray[np.float32]:
        """Cosines in the shared space."""
        return self._cosines(picture)


def _positive(lengths: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """Lengths [M] of vectors; a vector without length has an infinite one: its cosines are 0."""
    joined = np.concatenate(lengths).astype(np.float32)
    return np.where(joined > 0, joined, np.float32(np.inf))


def _divided(
    products: NDArray[np.float32], lengths: NDArray[np.float32], query: Vector
) -> NDArray[np.float32]:
    length = np.float32(np.linalg.norm(query)) or np.float32(np.inf)
    cosines: NDArray[np.float32] = products / (lengths * length)
    return cosines
