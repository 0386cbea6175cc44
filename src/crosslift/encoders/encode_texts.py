"""Encoding many texts fast: each distinct text once, sorted by length, packed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.artifacts.array_file import Rows
from crosslift.encoders.int8_products import int8_products
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.ordered_weights import ordered_weights
from crosslift.encoders.reading import Place
from crosslift.errors import EncoderError

TOKENS_PER_BATCH = 4096
"""Large enough to fill the matrix units, small enough that the activations stay in cache."""
ALL = slice(None)
"""Every batch."""


def encode(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    hidden_state: int | None = None,
    prompt: str | None = None,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    turn: slice = ALL,
    advance: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """Pooled vectors of N texts, not normalised.

    Args:
        encoder: the encoder.
        texts: N texts; equal texts are encoded once and get equal vectors.
        hidden_state: the pooled hidden state; None: the encoder's.
        prompt: put before each text; None: the encoder's.
        tokens_per_batch: largest number of tokens in one packed batch, unless a single text is longer.
        turn: which of the batches are run; the vectors of the others are 0.
        advance: called with the number of texts done since the last call; None: not called.

    Returns:
        float32 [N, D], in the order of the texts.

    Raises:
        EncoderError: a vector is not finite.
    """
    distinct = list(dict.fromkeys(texts))
    place = encoder.place_at(hidden_state)
    vectors = np.zeros((len(distinct), encoder.width_in(place)), np.float32)
    encode_into(
        [vectors],
        encoder,
        distinct,
        [place],
        prompt=prompt,
        tokens_per_batch=tokens_per_batch,
        turn=turn,
        advance=advance,
    )
    rows_by_text = {text: i for i, text in enumerate(distinct)}
    return vectors[[rows_by_text[text] for text in texts]]


def encode_into(
    stores: Sequence[Rows],
    encoder: Encoder,
    texts: Sequence[str],
    places: Sequence[Place],
    *,
    prompt: str | None = None,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    turn: slice = ALL,
    advance: Callable[[int], None] | None = None,
) -> None:
    """Writes the pooled vectors of N texts from several places of the encoder, all from one run.

    Args:
        stores: one float32 [N, D] for each place: an array or an array file.
        encoder: the encoder.
        texts: N texts.
        places: hidden states and poolings.
        prompt: as in `encode`.
        tokens_per_batch: as in `encode`.
        turn: which of the batches are run; the rows of the others are not written.
        advance: as in `encode`.

    Raises:
        EncoderError: a vector is not finite.
    """
    sequences = encoder.tokenise(texts, prompt) if texts else []
    with torch.inference_mode(), _products(encoder, sum(map(len, sequences))):
        for indices in batches_by_length(sequences, tokens_per_batch, turn):
            batch = [sequences[i] for i in indices]
            vectors_of_places = encoder.vectors_by_reading(batch, places)
            for store, tensor in zip(stores, vectors_of_places, strict=True):
                vectors = tensor.float().cpu().numpy()
                check_finite(vectors, [texts[i] for i in indices])
                store[indices] = vectors
            if advance is not None:
                advance(len(indices))


def _products(encoder: Encoder, tokens: int) -> AbstractContextManager[None]:
    """A context for the encoder's products: in int8 if its precision requests it."""
    if encoder.reading.precision == "int8":
        return int8_products(encoder.model)
    return ordered_weights(encoder.model, tokens)


def batches_by_length(
    sequences: Sequence[Sequence[int]], tokens_per_batch: int, turn: slice = ALL
) -> Iterator[list[int]]:
    """Indices of the sequences, shortest first, cut where the next would pass the token limit.

    Args:
        sequences: N of them.
        tokens_per_batch: the limit.
        turn: which of the batches; the choice does not change their content.
    """
    return islice(_all_batches(sequences, tokens_per_batch), turn.start, turn.stop, turn.step)


def _all_batches(sequences: Sequence[Sequence[int]], tokens_per_batch: int) -> Iterator[list[int]]:
    batch: list[int] = []
    tokens = 0
    for index in sorted(range(len(sequences)), key=lambda i: len(sequences[i])):
        length = len(sequences[index])
        if batch and tokens + length > tokens_per_batch:
            yield batch
            batch, tokens = [], 0
        batch.append(index)
        tokens += length
    if batch:
        yield batch


def check_finite(vectors: NDArray[np.float32], texts: Sequence[str]) -> None:
    """Checks the vectors [N, D] of N texts.

    Raises:
        EncoderError: one is not finite.
    """
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise EncoderError(
            f"{len(bad)} of a batch of {len(texts)} vectors are not finite; the first is of "
            f"{texts[bad[0]]!r}",
            "finite vectors",
            "the encoder is broken, or its precision too low: try `precision: float32`",
        )
