"""How and where vectors are read from an encoder. No torch here: planning works without it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from crosslift.encoders.encoder_settings import Poolings, Precision
from crosslift.encoders.kinds import Backend, WeightPrecision


class Place(NamedTuple):
    """Where in an encoder a vector is read.

    Args:
        hidden_state: index of the pooled state; 0 is the embedding output.
        pooling: pooling over its tokens.
    """

    hidden_state: int
    pooling: Poolings


@dataclass(frozen=True, slots=True)
class Reading:
    """How a vector is read from the encoder: the settings with every None resolved.

    Args:
        pooling: pooling over the tokens' states; several are joined by ``+``.
        prompt: prompt before every text; may be empty.
        hidden_state: index of the pooled state; 0 is the embedding output.
        max_tokens: maximum number of tokens; longer texts are truncated.
        precision: precision of the arithmetic, never ``auto``; of an exported graph, of its weights.
        include_prompt: whether the tokens of the prompt are pooled too.
        modules: kind and width of each module after the pooling.
        dimensions: length to which vectors are truncated at the end; None: not truncated.
        lower_case: whether texts are lower-cased first.
        backend: library that computes the vectors.
    """

    pooling: Poolings
    prompt: str
    hidden_state: int
    max_tokens: int
    precision: Precision | WeightPrecision
    include_prompt: bool = True
    modules: tuple[str, ...] = ()
    dimensions: int | None = None
    lower_case: bool = False
    backend: Backend = "torch"

    def facts(self) -> dict[str, Any]:
        """The reading as JSON values. Fields at their defaults are left out."""
        unusual = {f.name for f in fields(self) if getattr(self, f.name) != f.default}
        return {name: value for name, value in asdict(self).items() if name in unusual}


def reading_of_sides(src: dict[str, Any], tgt: dict[str, Any]) -> dict[str, Any]:
    """How two sides of texts were read: one reading, with both prompts if they differ.

    Args:
        src: facts of the reading of the src texts.
        tgt: facts of the reading of the tgt texts.
    """
    if src["prompt"] == tgt["prompt"]:
        return src
    same = {name: value for name, value in src.items() if name != "prompt"}
    return same | {"prompt_src": src["prompt"], "prompt_tgt": tgt["prompt"]}
