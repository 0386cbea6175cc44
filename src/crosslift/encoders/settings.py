"""What is asked of an encoder. No torch here: studies are validated without it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crosslift.encoders.kinds import Pooling, Poolings, Precision

__all__ = ["EncoderSettings", "Pooling", "Poolings", "Precision"]


class EncoderSettings(BaseModel):
    """An encoder and how a vector is read from it.

    None means "as the folder's own sentence-transformers files say", and where it has none: mean
    pooling, no prompt, the last hidden state, and as many tokens as the model has positions.

    What a folder does after its pooling (Dense modules) belongs to its own pooling of the last hidden
    state: where a pooling or a hidden state is asked for here, vectors are the pooled states.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    """`embedded`, a folder, or a hub name such as `xlm-roberta-large`."""
    revision: str | None = None
    """Commit, tag or branch of a hub name. None: the hub's main branch."""
    pooling: Pooling | None = None
    prompt: str | None = None
    """Text put before every input text."""
    hidden_state: Annotated[int, Field(ge=0)] | None = None
    """Index of the hidden state that is pooled; 0 is the embedding output."""
    max_tokens: Annotated[int, Field(ge=3)] | None = None
    """Longer texts are cut to this many tokens, special tokens included."""
    dimensions: Annotated[int, Field(ge=1)] | None = None
    """Vectors are cut to their first numbers, of encoders trained for it (Kusupati et al. 2022, arXiv
    2205.13147)."""
    precision: Precision = "auto"
    """Of the arithmetic; auto: bfloat16 where the processor has it, else float32."""
