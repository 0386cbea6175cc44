"""A transformer with its pooling as one module of torch, from which graphs are written.

It computes on padded batches, as ONNX Runtime and OpenVINO do; `crosslift.encoders.pooling` does the
same on packed ones.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.vector_modules import apply_modules

INPUTS = ("input_ids", "attention_mask")
STATES, VECTORS = "last_hidden_state", "sentence_embedding"
"""Names of the outputs: sentence-transformers reads the first, CrossLift the second."""


class TextGraph(torch.nn.Module):
    """From token ids to vectors of length 1.

    Args:
        encoder: an encoder of its last hidden state. The model is used as it is, not copied.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.model = encoder.model
        self._poolings = encoder.reading.pooling.split("+")
        self._skipped = encoder.skipped
        self._modules_after = encoder.modules
        self._dimensions = encoder.reading.dimensions

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Computes states and vectors.

        Args:
            input_ids: int64 [N, L].
            attention_mask: int64 [N, L], 1 for each token and 0 for padding.

        Returns:
            Hidden states [N, L, D] and vectors [N, E], float32.
        """
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        states = output.last_hidden_state
        pooled = _without_prompt(attention_mask, self._skipped)
        vectors = torch.cat([_POOLINGS[name](states, pooled) for name in self._poolings], dim=1)
        vectors = apply_modules(self._modules_after, vectors)[:, : self._dimensions]
        return states, torch.nn.functional.normalize(vectors, dim=1)


def _without_prompt(mask: Tensor, skipped: int) -> Tensor:
    """The mask without the first tokens of each text; the whole mask for a text that has no others."""
    if not skipped:
        return mask
    later = mask * (mask.cumsum(1) > skipped).to(mask.dtype)
    return torch.where(later.sum(1, keepdim=True) > 0, later, mask)


def _mean(states: Tensor, weights: Tensor) -> Tensor:
    weights = weights[:, :, None].to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def _mean_sqrt_length(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask[:, :, None].to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).sqrt()


def _max(states: Tensor, mask: Tensor) -> Tensor:
    lowest = torch.finfo(states.dtype).min
    return states.masked_fill(mask[:, :, None] == 0, lowest).amax(1)


def _token(states: Tensor, scores: Tensor) -> Tensor:
    """The state of the token with the highest score [N, L] in each text."""
    place = scores.argmax(1)[:, None, None].expand(-1, 1, states.shape[2])
    return states.gather(1, place)[:, 0]


def _positions(mask: Tensor) -> Tensor:
    """Positions of tokens in their texts, from 1; 0 for tokens that are not pooled."""
    return mask * torch.ones_like(mask).cumsum(1)


_POOLINGS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": _mean,
    "mean_sqrt_length": _mean_sqrt_length,
    "position_weighted": lambda states, mask: _mean(states, _positions(mask)),
    "max": _max,
    "first_token": lambda states, mask: _token(states, mask * (mask.shape[1] + 1 - _places(mask))),
    "last_token": lambda states, mask: _token(states, _positions(mask)),
}


def _places(mask: Tensor) -> Tensor:
    return torch.ones_like(mask).cumsum(1)


def example_inputs() -> tuple[Tensor, Tensor]:
    """A padded batch of two short texts, for tracing."""
    ids = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 9, 3, 1]])
    return ids, torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])


@contextlib.contextmanager
def traceable(encoder: Encoder) -> Iterator[TextGraph]:
    """The graph of an encoder, with an attention of plain operators and without a decoder's cache. The
    tracer's warnings are off, because the result of the graph is measured."""
    config = encoder.model.config
    used, cached = config._attn_implementation, getattr(config, "use_cache", None)
    encoder.model.set_attn_implementation("eager")
    config.use_cache = False
    try:
        with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter("ignore")
            yield TextGraph(encoder).eval()
    finally:
        encoder.model.set_attn_implementation(used)
        config.use_cache = cached
