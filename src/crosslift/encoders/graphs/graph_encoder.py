"""An encoder that a library runs as a graph: it gives vectors, and no hidden states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.array_file import Rows
from crosslift.encoders.encode_texts import ALL, batches_by_length, check_finite
from crosslift.encoders.encoder_folder import local_folder, own_use, prompt_of
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.graphs.graph_facts import GraphFacts, graph_in
from crosslift.encoders.graphs.graph_folder import check_reading
from crosslift.encoders.graphs.libraries import LIBRARIES
from crosslift.encoders.reading import Reading
from crosslift.encoders.tokenizer import load_padding_tokenizer, longest_sequence, tokenise
from crosslift.errors import EncoderError
from crosslift.model_files.read_model import library_errors_explained

_TOKENS_AT_ONCE = 512
"""Tokens of a batch. Larger batches took longer on the packaged encoder (docs/small.md)."""


class GraphEncoder:
    """An exported encoder.

    Args:
        folder: folder that it was loaded from.
        facts: facts about its graph.
        reading: how vectors are read.
        tokenizer: its tokenizer, which has the pad id.
    """

    def __init__(self, folder: Path, facts: GraphFacts, reading: Reading, tokenizer: Any) -> None:
        self.folder = folder
        self.reading = reading
        self.width = min(facts.width, reading.dimensions or facts.width)
        self._facts = facts
        self._tokenizer = tokenizer
        path = facts.path(folder)
        if not path.is_file():
            raise EncoderError(f"{folder} has no {path.name}", str(path), "export it again")
        with library_errors_explained(folder):
            self._run = LIBRARIES[facts.backend].open(path, facts.precision)

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of N texts, with prompt and special tokens, cut to ``max_tokens``."""
        prompted = [self.reading.prompt + text for text in texts]
        rows = self._facts.token_rows
        return tokenise(self._tokenizer, self.folder, rows, self.reading.max_tokens, prompted)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of N texts; each distinct text is encoded once.

        Args:
            texts: N texts.

        Returns:
            float32 [N, D], in the order of the texts; of length 1 unless they are cut here.

        Raises:
            EncoderError: a vector is not finite.
        """
        distinct = list(dict.fromkeys(texts))
        vectors = np.empty((len(distinct), self.width), np.float32)
        self.encode_into(vectors, distinct)
        rows = {text: row for row, text in enumerate(distinct)}
        return vectors[[rows[text] for text in texts]]

    def encode_into(
        self,
        store: Rows,
        texts: Sequence[str],
        *,
        turn: slice = ALL,
        advance: Callable[[int], None] | None = None,
    ) -> None:
        """Writes the vectors of N texts.

        Args:
            store: float32 [N, D]: an array or an array file.
            texts: N texts.
            turn: which of the batches are run; the rows of the others are not written.
            advance: called with the number of texts done since the last call. None: not called.

        Raises:
            EncoderError: a vector is not finite.
        """
        sequences = self.tokenise(texts) if texts else []
        for indices in batches_by_length(sequences, _TOKENS_AT_ONCE, turn):
            with library_errors_explained(self.folder, "cannot be run"):
                vectors = self._run(*_padded([sequences[i] for i in indices], self._pad))
            part = np.asarray(vectors, np.float32)[:, : self.width]
            check_finite(part, [texts[i] for i in indices])
            store[indices] = part
            if advance is not None:
                advance(len(indices))

    @property
    def _pad(self) -> int:
        return int(self._tokenizer.pad_token_id)


def _padded(
    sequences: Sequence[Sequence[int]], pad: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and mask, int64 [N, L] each, padded on the right."""
    lengths = np.array([len(ids) for ids in sequences])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(mask.shape, pad, np.int64)
    ids[mask] = np.concatenate(sequences)
    return ids, mask.astype(np.int64)


def open_graph(settings: EncoderSettings) -> GraphEncoder:
    """Opens an exported encoder.

    Raises:
        EncoderError: the folder holds no graph, or the settings request something that its graph does
            not compute; its backend is not installed; or it cannot be loaded.
    """
    folder = local_folder(settings)
    facts = graph_in(folder)
    if facts is None:
        raise EncoderError(f"{folder} holds no graph", "a folder of `crosslift export --backend`")
    check_reading(settings, facts)
    description = own_use(settings, folder)
    with library_errors_explained(folder):
        tokenizer = load_padding_tokenizer(folder, lower_case=description.lower_case)
    longest = description.max_tokens or longest_sequence(tokenizer) or 10**6
    dimensions = settings.dimensions
    for name, value, most in (
        ("max_tokens", settings.max_tokens, longest),
        ("dimensions", dimensions, facts.width),
    ):
        if value is not None and value > most:
            raise EncoderError(f"{name} {value} of {folder}", f"at most {most}")
    reading = Reading(
        pooling=facts.pooling,
        prompt=_prompt(settings, facts, folder),
        hidden_state=facts.hidden_state,
        max_tokens=settings.max_tokens or longest,
        precision=facts.precision,
        include_prompt=facts.unpooled_prompt is None,
        modules=facts.modules,
        dimensions=dimensions,
        lower_case=description.lower_case,
        backend=facts.backend,
    )
    return GraphEncoder(folder, facts, reading, tokenizer)


def _prompt(settings: EncoderSettings, facts: GraphFacts, folder: Path) -> str:
    prompt = prompt_of(settings)
    if facts.unpooled_prompt is not None and prompt != facts.unpooled_prompt:
        raise EncoderError(
            f"the prompt {prompt!r} of {folder}, whose graph leaves the tokens of another one out of "
            "the pooling",
            repr(facts.unpooled_prompt),
            "export the encoder with this prompt",
        )
    return prompt
