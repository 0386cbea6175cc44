"""Loading an encoder: transformer, tokenizer, pooling and prompt, ready to embed packed batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from crosslift.encoders.dropout import make_dropout_cheap
from crosslift.encoders.folder import local_folder, own_use
from crosslift.encoders.packing import PackedBatch, pack
from crosslift.encoders.pooling import pool
from crosslift.encoders.precision import device, dtype_of, resolve_precision
from crosslift.encoders.remembered import Remembered
from crosslift.encoders.run_packed import PackedRunner, transformer_layers
from crosslift.encoders.settings import EncoderSettings, Pooling, Precision
from crosslift.encoders.token_table import TokenTable
from crosslift.errors import EncoderError


@dataclass(frozen=True, slots=True)
class Reading:
    """How a vector is read from the encoder: the settings with every None resolved.

    Args:
        pooling: over the tokens' states.
        prompt: put before every text; may be empty.
        hidden_state: index of the pooled state; 0 is the embedding output.
        max_tokens: longer texts are cut.
        precision: of the arithmetic, never ``auto``.
    """

    pooling: Pooling
    prompt: str
    hidden_state: int
    max_tokens: int
    precision: Precision


Perturb = Callable[[Tensor, PackedBatch], Tensor]
"""From the token rows [T, D] of a packed batch to those that are read in their place."""


class Place(NamedTuple):
    """Where in an encoder a vector is read.

    Args:
        hidden_state: index of the pooled state; 0 is the embedding output.
        pooling: over its tokens.
    """

    hidden_state: int
    pooling: Pooling


class Encoder:
    """A text encoder.

    Args:
        model: the transformer, in the reading's precision but for its token table (float32).
        tokenizer: its tokenizer; the pad id is taken from here.
        reading: how a vector is read.
        runner: how the transformer is run on packed batches.
        folder: where it was loaded from.
    """

    def __init__(
        self, model: Any, tokenizer: Any, reading: Reading, runner: PackedRunner, folder: Path
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.reading = reading
        self.runner = runner
        self.folder = folder
        self.table = TokenTable(model.get_input_embeddings().weight)
        self.remembered = Remembered()
        self.perturbation: Perturb | None = None
        self._specials = torch.tensor(_ends_of_texts(tokenizer), device=self.table.weight.device)

    @property
    def width(self) -> int:
        """Length D of the vectors."""
        return int(self.model.config.hidden_size)

    @property
    def device(self) -> torch.device:
        """Where the weights stand."""
        return self.table.weight.device

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of N texts, with prompt and special tokens, cut to ``max_tokens``."""
        return self._tokenise([self.reading.prompt + text for text in texts])

    def tokenise_pairs(self, first: Sequence[str], second: Sequence[str]) -> list[list[int]]:
        """Token ids of N pairs of texts, each pair one sequence: prompt and first text, then the
        second, with the tokenizer's special tokens around and between; where it is longer than
        ``max_tokens``, the longer text is cut. All tokens are of type 0, also in a BERT."""
        return self._tokenise([self.reading.prompt + text for text in first], list(second))

    def _tokenise(self, *texts: list[str]) -> list[list[int]]:
        ids: list[list[int]] = self.tokenizer(
            *texts,
            truncation=True,
            max_length=self.reading.max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        return ids

    def states(self, batch: PackedBatch, hidden_state: int | None = None) -> Tensor:
        """Hidden states [T, D] of the packed tokens.

        Args:
            batch: the packed tokens; their rows are perturbed where the encoder has a perturbation.
            hidden_state: which; None: the reading's own.
        """
        rows = self.table.rows(batch.token_ids)
        if self.perturbation is not None:
            rows = self.perturbation(rows, batch)
        wanted = self.reading.hidden_state if hidden_state is None else hidden_state
        return self.runner.states(rows.to(dtype_of(self.reading.precision)), batch, wanted)

    def vectors(
        self,
        sequences: Sequence[Sequence[int] | NDArray[np.int64]],
        hidden_state: int | None = None,
    ) -> Tensor:
        """Pooled vectors, float32 [N, D], of N sequences of token ids, with gradient, at a hidden state
        or, for None, the reading's own."""
        batch = pack(sequences).to(self.device)
        return self.pool(self.states(batch, hidden_state), batch)

    def pool(self, states: Tensor, batch: PackedBatch) -> Tensor:
        """Pooled vectors, float32 [N, D], of N packed sequences whose states [T, D] are there."""
        return pool(states, batch, self.reading.pooling, self._specials)

    def vectors_by_reading(
        self, sequences: Sequence[Sequence[int]], places: Sequence[Place]
    ) -> list[Tensor]:
        """Pooled vectors, float32 [N, D] for each place, all from one run of the transformer."""
        batch = pack(sequences).to(self.device)
        rows = self.table.rows(batch.token_ids).to(dtype_of(self.reading.precision))
        wanted = list(dict.fromkeys(place.hidden_state for place in places))
        states = dict(zip(wanted, self.runner.some_states(rows, batch, wanted), strict=True))
        return [pool(states[p.hidden_state], batch, p.pooling, self._specials) for p in places]

    def layers(self) -> torch.nn.ModuleList:
        """The transformer's layers, lowest first.

        Raises:
            EncoderError: the model has no list of that many layers.
        """
        return transformer_layers(self.model)


def _ends_of_texts(tokenizer: Any) -> list[int]:
    """Ids of the tokens that are put before and after a text."""
    named = ("cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id")
    ids = {getattr(tokenizer, name, None) for name in named}
    return sorted(i for i in ids if i is not None)


def load_encoder(settings: EncoderSettings) -> Encoder:
    """Loads an encoder by name, folder or hub name, in evaluation mode.

    Raises:
        EncoderError: it cannot be found, read or used.
    """
    folder = local_folder(settings)
    model = _load_model(folder)
    tokenizer = _load_tokenizer(folder)
    reading = _resolve(settings, folder, model, tokenizer)
    make_dropout_cheap(model)
    model.eval().to(device())
    runner = PackedRunner(model, tokenizer.pad_token_id)
    _set_precision(model, dtype_of(reading.precision))
    return Encoder(model, tokenizer, reading, runner, folder)


def _load_model(folder: Path) -> Any:
    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, StrictDataclassError) as error:
        raise EncoderError(f"{folder} cannot be loaded: {error}") from error
    if config.is_encoder_decoder:
        raise EncoderError(
            f"{folder} is an encoder-decoder ({config.model_type})", "an encoder alone"
        )
    shown = transformers.utils.logging.get_verbosity()
    bar = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        model, info = transformers.AutoModel.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise EncoderError(f"{folder} cannot be loaded: {error}") from error
    finally:
        transformers.utils.logging.set_verbosity(shown)
        if bar:
            transformers.utils.logging.enable_progress_bar()
    missing = sorted(name for name in info["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise EncoderError(
            f"{folder} lacks weights: {', '.join(missing[:5])} ({len(missing)} in all)"
        )
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # a head of pretraining; vectors are pooled from hidden states
    return model


def _load_tokenizer(folder: Path) -> Any:
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise EncoderError(f"{folder} has no usable tokenizer: {error}") from error
    if tokenizer.pad_token_id is None:  # of decoders; what is padded is masked by length anyway
        if tokenizer.eos_token_id is None:
            raise EncoderError(
                f"{folder}: the tokenizer has neither a pad token nor one for the end of a text",
                "a pad token in its files",
            )
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _resolve(settings: EncoderSettings, folder: Path, model: Any, tokenizer: Any) -> Reading:
    last = int(model.config.num_hidden_layers)
    hidden_state = last if settings.hidden_state is None else settings.hidden_state
    if hidden_state > last:
        raise EncoderError(
            f"hidden_state {hidden_state} of {settings.name!r}", f"0 (embedding output) to {last}"
        )
    own = own_use(folder, settings)
    longest = _longest_input(model, tokenizer)
    if settings.max_tokens is not None and settings.max_tokens > longest:
        raise EncoderError(
            f"max_tokens {settings.max_tokens} of {settings.name!r}", f"3 to {longest}"
        )
    asked = own.max_tokens or longest
    return Reading(
        pooling=own.pooling or "mean",
        prompt=own.prompt or "",
        hidden_state=hidden_state,
        max_tokens=min(asked, longest),
        precision=resolve_precision(settings.precision),
    )


def _longest_input(model: Any, tokenizer: Any) -> int:
    positions = int(getattr(model.config, "max_position_embeddings", 0) or 512)
    if model.config.model_type in _POSITIONS_AFTER_PAD:
        positions -= tokenizer.pad_token_id + 1
    return min(positions, int(tokenizer.model_max_length))


_POSITIONS_AFTER_PAD = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "xmod", "mpnet")


def _set_precision(model: Any, dtype: torch.dtype) -> None:
    table = model.get_input_embeddings().weight
    for parameter in model.parameters():
        if parameter is not table:
            parameter.data = parameter.data.to(dtype)
    stored = model.state_dict()  # other buffers, such as rotary frequencies, stay exact
    for name, buffer in model.named_buffers():
        if name in stored and buffer.is_floating_point():
            buffer.data = buffer.data.to(dtype)
