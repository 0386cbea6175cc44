"""Loads an encoder: transformer, tokenizer, pooling and prompt, ready for packed batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.adapter_folder import is_adapter_folder
from crosslift.encoders.description import Description
from crosslift.encoders.dropout import make_dropout_cheap
from crosslift.encoders.encoder_folder import base_of, local_folder, own_use, prompt_of
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.graphs.graph_folder import check_torch
from crosslift.encoders.packing import PackedBatch, pack
from crosslift.encoders.pooling import pool
from crosslift.encoders.precision import device, dtype_of, resolve_precision
from crosslift.encoders.reading import Place, Reading
from crosslift.encoders.remembered import Remembered
from crosslift.encoders.run_packed import PackedRunner, transformer_layers
from crosslift.encoders.static import StaticRunner, load_static
from crosslift.encoders.token_table import TokenTable
from crosslift.encoders.tokenizer import (
    check_vocabulary,
    load_padding_tokenizer,
    longest_sequence,
    placeholder_token,
    tokenise,
)
from crosslift.encoders.transformer import learned_positions, load_transformer
from crosslift.encoders.unpooled_prompt import second_prompt
from crosslift.encoders.vector_modules import VectorModule, apply_modules, read_modules
from crosslift.errors import EncoderError
from crosslift.model_files.read_model import library_errors_explained

Perturb = Callable[[Tensor, PackedBatch], Tensor]
"""From the token rows [T, D] of a packed batch to the rows that replace them."""


class Encoder:
    """A text encoder.

    Args:
        model: the transformer, in the reading's precision except for its token table (float32).
        tokenizer: its tokenizer, which has the pad id.
        reading: how vectors are read.
        runner: runner of the transformer on packed batches.
        folder: folder that it was loaded from.
        modules: modules for vectors from the reading's place; vectors from other places skip them.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        reading: Reading,
        runner: PackedRunner | StaticRunner,
        folder: Path,
        modules: Sequence[VectorModule] = (),
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.reading = reading
        self.runner = runner
        self.folder = folder
        self.modules = tuple(modules)
        self.table = TokenTable(model.get_input_embeddings().weight)
        self.remembered = Remembered()
        self.perturbation: Perturb | None = None
        self._specials = torch.tensor(_ends_of_texts(tokenizer), device=self.table.weight.device)
        self._skipped = 0 if reading.include_prompt else self._tokens_of_prompt()

    @property
    def place(self) -> Place:
        """The place of the reading's vectors."""
        return Place(self.reading.hidden_state, self.reading.pooling)

    def place_at(self, hidden_state: int | None) -> Place:
        """The reading's pooling at a hidden state; None: the hidden state of the reading."""
        place = self.place
        return place if hidden_state is None else place._replace(hidden_state=hidden_state)

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.width_in(self.place)

    def width_in(self, place: Place) -> int:
        """Length of the vectors from a place."""
        if place != self.place:
            return self.state_width * len(place.pooling.split("+"))
        width = self.pooled_width
        width = self.modules[-1].width if self.modules else width
        return min(width, self.reading.dimensions or width)

    @property
    def pooled_width(self) -> int:
        """Length of the pooled vectors, before the modules after the pooling."""
        return self.state_width * len(self.reading.pooling.split("+"))

    @property
    def state_width(self) -> int:
        """Length D of the tokens' hidden states."""
        return int(self.model.config.hidden_size)

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.table.weight.device

    def tokenise(self, texts: Sequence[str], prompt: str | None = None) -> list[list[int]]:
        """Token ids of N texts, with prompt and special tokens, cut to ``max_tokens``.

        Args:
            texts: the texts.
            prompt: put before each text; None: that of the reading.

        Raises:
            EncoderError: another prompt than that of the reading, of an encoder that leaves the tokens
                of its prompt out of the pooling.
        """
        before = self.reading.prompt if prompt is None else prompt
        if before != self.reading.prompt and not self.reading.include_prompt:
            raise second_prompt(before, self.reading.prompt, self.folder)
        return self._tokenise([before + text for text in texts])

    def tokenise_pairs(self, first: Sequence[str], second: Sequence[str]) -> list[list[int]]:
        """Token ids of N pairs of texts, each pair one sequence: prompt and first text, then the
        second, with the tokenizer's special tokens around and between; where it is longer than
        ``max_tokens``, the longer text is cut. All tokens are of type 0, also in a BERT."""
        return self._tokenise([self.reading.prompt + text for text in first], list(second))

    def _tokenise(self, *texts: list[str]) -> list[list[int]]:
        rows = len(self.table.whole)
        return tokenise(self.tokenizer, self.folder, rows, self.reading.max_tokens, *texts)

    def placeholder_token(self) -> int:
        """The token of a text for which the tokenizer returns no token.

        Raises:
            EncoderError: the tokenizer has no token for it.
        """
        return placeholder_token(self.tokenizer, self.folder)

    @property
    def skipped(self) -> int:
        """Number of tokens at the beginning of each sequence that are not pooled."""
        return self._skipped

    def _tokens_of_prompt(self) -> int:
        """Number of tokens of the prompt, and of those before it, at the beginning of each sequence."""
        if not self.reading.prompt:
            return 0
        (ids,) = self._tokenise([self.reading.prompt])
        return len(ids) - (ids[-1] in self.tokenizer.all_special_ids)

    def states(self, batch: PackedBatch, hidden_state: int | None = None) -> Tensor:
        """Hidden states [T, D] of the packed tokens.

        Args:
            batch: the packed tokens; their rows are perturbed if the encoder has a perturbation.
            hidden_state: index of the hidden state; None: that of the reading.
        """
        rows = self.table.rows(batch.token_ids)
        if self.perturbation is not None:
            rows = self.perturbation(rows, batch)
        index = self.reading.hidden_state if hidden_state is None else hidden_state
        return self.runner.states(rows.to(dtype_of(self.reading.precision)), batch, index)

    def vectors(
        self,
        sequences: Sequence[Sequence[int] | NDArray[np.int64]],
        hidden_state: int | None = None,
        share: NDArray[np.int64] | None = None,
    ) -> Tensor:
        """Vectors, float32 [N, width], of N sequences of token ids, with gradient.

        Args:
            sequences: the sequences.
            hidden_state: its index; None: that of the reading.
            share: indices of the sequences that are read, as a part of the batch of all; None: all.
        """
        batch = pack(sequences, share).to(self.device)
        place = self.place_at(hidden_state)
        return self._read(self.states(batch, place.hidden_state), batch, place)

    def pool(self, states: Tensor, batch: PackedBatch) -> Tensor:
        """Vectors, float32 [N, width], of N packed sequences with the states [T, D]."""
        return self._read(states, batch, self.place)

    def _read(self, states: Tensor, batch: PackedBatch, place: Place) -> Tensor:
        vectors = pool(states, batch, place.pooling, self._specials, self._skipped)
        if place != self.place:
            return vectors
        return apply_modules(self.modules, vectors)[:, : self.reading.dimensions]

    def vectors_by_reading(
        self, sequences: Sequence[Sequence[int]], places: Sequence[Place]
    ) -> list[Tensor]:
        """Vectors, float32 [N, width] for each place, all from one run of the transformer."""
        batch = pack(sequences).to(self.device)
        rows = self.table.rows(batch.token_ids).to(dtype_of(self.reading.precision))
        indices = list(dict.fromkeys(place.hidden_state for place in places))
        states = dict(zip(indices, self.runner.some_states(rows, batch, indices), strict=True))
        return [self._read(states[place.hidden_state], batch, place) for place in places]

    def layers(self) -> torch.nn.ModuleList:
        """The transformer's layers, lowest first.

        Raises:
            EncoderError: the model has no list of that many layers.
        """
        return transformer_layers(self.model)


def _ends_of_texts(tokenizer: Any) -> list[int]:
    """Ids of the tokens that are put before and after a text."""
    attributes = ("cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id")
    ids = {getattr(tokenizer, name, None) for name in attributes}
    return sorted(i for i in ids if i is not None)


def load_encoder(settings: EncoderSettings) -> Encoder:
    """Loads an encoder by name, folder or hub name, in evaluation mode.

    Raises:
        EncoderError: the encoder cannot be found, read or used; or it is exported as a graph.
    """
    folder = local_folder(settings)
    check_torch(settings)
    description = own_use(settings, folder)
    with library_errors_explained(folder):
        if description.kind == "static":
            return _load_static(settings, description, folder)
        return _load_transformer(settings, description, folder)


def _load_transformer(settings: EncoderSettings, description: Description, folder: Path) -> Encoder:
    model = load_transformer(description.input)
    tokenizer = load_padding_tokenizer(
        _tokenizer_folder(description.input), lower_case=description.lower_case
    )
    check_vocabulary(tokenizer, len(model.get_input_embeddings().weight), folder)
    longest = _longest_inputs(description, learned_positions(model), model.config, tokenizer)
    reading = _resolve(settings, description, model.config, longest)
    make_dropout_cheap(model)
    model.eval().to(device())
    runner = PackedRunner(model, tokenizer.pad_token_id)
    _set_precision(model, dtype_of(reading.precision))
    return _assembled(model, tokenizer, reading, runner, folder, description)


def _load_static(settings: EncoderSettings, description: Description, folder: Path) -> Encoder:
    model, tokenizer = load_static(description.input)
    check_vocabulary(tokenizer, len(model.get_input_embeddings().weight), folder)
    reading = _resolve(settings, description, model.config, _Longest(_NO_LIMIT, _NO_LIMIT))
    model.eval().to(device())
    return _assembled(model, tokenizer, reading, StaticRunner(), folder, description)


def _assembled(
    model: Any,
    tokenizer: Any,
    reading: Reading,
    runner: PackedRunner | StaticRunner,
    folder: Path,
    description: Description,
) -> Encoder:
    width = int(model.config.hidden_size) * len(reading.pooling.split("+"))
    modules = read_modules(description, width)
    for module in modules:
        module.to(device())
    names = tuple(f"{module.kind} to {module.width}" for module in modules)
    width = modules[-1].width if modules else width
    if reading.dimensions is not None and reading.dimensions > width:
        raise EncoderError(f"dimensions {reading.dimensions} of {folder}", f"1 to {width}")
    return Encoder(model, tokenizer, replace(reading, modules=names), runner, folder, modules)


def _tokenizer_folder(folder: Path) -> Path:
    """The folder of the tokenizer: an adapter may use that of its base."""
    if is_adapter_folder(folder) and not (folder / "tokenizer_config.json").is_file():
        return base_of(folder)
    return folder


class _Longest(NamedTuple):
    """The longest input in tokens.

    Args:
        default: if the settings have no limit.
        highest: largest limit that the settings may have.
    """

    default: int
    highest: int


_NO_LIMIT = 10**6
"""Tokens of a text, for models without a limit."""


def _longest_inputs(
    description: Description, learned: int | None, config: Any, tokenizer: Any
) -> _Longest:
    """The longest inputs of a transformer.

    A table of learned positions is a hard limit; other models read longer texts if the folder's
    files allow it.
    """
    configured = int(getattr(config, "max_position_embeddings", None) or 0)
    positions = learned or (configured if configured > 0 else _NO_LIMIT)
    if description.max_tokens is None:
        return _Longest(min(positions, longest_sequence(tokenizer) or positions), positions)
    longest = min(description.max_tokens, learned or description.max_tokens)
    return _Longest(longest, max(positions, longest))


def _resolve(
    settings: EncoderSettings, description: Description, config: Any, longest: _Longest
) -> Reading:
    last = int(config.num_hidden_layers)
    hidden_state = last if settings.hidden_state is None else settings.hidden_state
    if hidden_state > last:
        raise EncoderError(
            f"hidden_state {hidden_state} of {settings.name!r}", f"0 (embedding output) to {last}"
        )
    if settings.max_tokens is not None and settings.max_tokens > longest.highest:
        raise EncoderError(
            f"max_tokens {settings.max_tokens} of {settings.name!r}", f"3 to {longest.highest}"
        )
    return Reading(
        pooling=settings.pooling or description.pooling or "mean",
        prompt=prompt_of(settings),
        hidden_state=hidden_state,
        max_tokens=settings.max_tokens or longest.default,
        precision=resolve_precision(settings.precision),
        include_prompt=description.include_prompt,
        dimensions=description.dimensions,
        lower_case=description.lower_case,
    )


def _set_precision(model: Any, dtype: torch.dtype) -> None:
    table = model.get_input_embeddings().weight
    for parameter in model.parameters():
        if parameter is not table:
            parameter.data = parameter.data.to(dtype)
    stored = model.state_dict()  # other buffers, such as rotary frequencies, stay exact
    for name, buffer in model.named_buffers():
        if name in stored and buffer.is_floating_point():
            buffer.data = buffer.data.to(dtype)
    positions = getattr(model, "embed_positions", None)
    if positions is not None:  # M2M100's sinusoids stay exact and are added to rows of this type
        positions.register_forward_hook(lambda _module, _inputs, output: output.to(dtype))
