"""The interface of a library that writes and runs graphs."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.kinds import WeightPrecision
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import CrossLiftError, EncoderError, first_line

RunGraph: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.int64]], Any]
"""From token ids and mask, int64 [N, L] each, to vectors float32 [N, E]."""


class GraphLibrary(Protocol):
    """A library that runs graphs."""

    name: str
    precisions: tuple[WeightPrecision, ...]
    """Precisions of weights that it writes."""

    def check(self) -> None:
        """Raises EncoderError if its packages are not installed."""

    def write(self, encoder: Encoder, path: Path, precision: WeightPrecision) -> None:
        """Writes the graph of an encoder of its last hidden state, in float32."""

    def open(self, path: Path, precision: WeightPrecision) -> RunGraph:
        """Loads a graph, and returns the function that runs it."""


def installed(backend: str, *packages: str) -> None:
    """Checks that the packages of a backend are installed.

    Raises:
        EncoderError: one is not.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise EncoderError(
            f"the backend {backend} needs {' and '.join(packages)}; {missing[0]} is not installed",
            remedy=f"pip install 'crosslift[{backend}]'",
        )


@contextlib.contextmanager
def write_explained(encoder: Encoder, backend: str) -> Iterator[None]:
    """Turns what an exporter raises for a model that it cannot write into an EncoderError."""
    try:
        yield
    except CrossLiftError:
        raise
    except Exception as error:  # exporters raise errors of many classes
        raise EncoderError(
            f"a model of type {encoder.model.config.model_type} cannot be written for {backend}: "
            f"{first_line(error)[:300]}",
            f"a model whose operators {backend} has",
            "export it with another `--backend`; `torch` writes every model",
        ) from error
