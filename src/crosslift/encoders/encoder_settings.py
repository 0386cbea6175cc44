"""The settings of an encoder. No torch here: studies are validated without it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crosslift.encoders.kinds import Pooling, Poolings, Precision

__all__ = ["SIDES", "EncoderSettings", "Pooling", "Poolings", "Precision", "Side", "SidePrompts"]

Side = Literal["src", "tgt"]
"""A side of texts in pairs: ``src`` is the other language and ``tgt`` English, or as two files are
named."""
SIDES: tuple[Side, ...] = get_args(Side)


class EncoderSettings(BaseModel):
    """An encoder, and how it turns a text into a vector.

    None means "as in the folder's own sentence-transformers files". If it has none: mean pooling, no
    prompt, the last hidden state, and as many tokens as the model has positions.

    The modules of a folder after its pooling (Dense) belong to its own pooling of the last hidden
    state: if a pooling or a hidden state is set here, vectors are the pooled states.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    """`embedded`, a folder, or a hub name such as `xlm-roberta-large`."""
    revision: str | None = None
    """Commit, tag or branch of a hub name. None: the hub's main branch."""
    pooling: Pooling | None = None
    """How the states of a text's tokens become one vector. None: as the folder says, else the mean."""
    prompt: str | None = None
    """Text put before every input text."""
    prompt_name: str | None = None
    """Name of one of the prompts in the encoder's own sentence-transformers files, such as ``query``,
    instead of its text."""
    hidden_state: Annotated[int, Field(ge=0)] | None = None
    """Index of the hidden state that is pooled; 0 is the embedding output."""
    max_tokens: Annotated[int, Field(ge=3)] | None = None
    """Number of tokens to which longer texts are cut, special tokens included."""
    dimensions: Annotated[int, Field(ge=1)] | None = None
    """Number of dimensions kept from the start of each vector, for encoders trained for it
    (Kusupati et al. 2022, arXiv 2205.13147)."""
    precision: Precision = "auto"
    """Precision of the arithmetic; auto: bfloat16 if the processor has it, else float32. int8: products
    of encoding in int8, everything else, training included, in float32."""

    @model_validator(mode="after")
    def _one_prompt(self) -> EncoderSettings:
        _refuse_both(self.prompt, self.prompt_name, "prompt", "prompt_name")
        return self


class SidePrompts(BaseModel):
    """A prompt for each side of texts in pairs, for encoders with different prompts for queries and
    documents.

    None: the encoder's settings decide.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt_src: str | None = None
    """Text put before every src text."""
    prompt_tgt: str | None = None
    """Text put before every tgt text."""
    prompt_name_src: str | None = None
    """Name of one of the encoder's own prompts, put before every src text."""
    prompt_name_tgt: str | None = None
    """Name of one of the encoder's own prompts, put before every tgt text."""

    @model_validator(mode="after")
    def _one_prompt_a_side(self) -> SidePrompts:
        _refuse_both(self.prompt_src, self.prompt_name_src, "prompt_src", "prompt_name_src")
        _refuse_both(self.prompt_tgt, self.prompt_name_tgt, "prompt_tgt", "prompt_name_tgt")
        return self

    @property
    def side_prompts(self) -> dict[str, Any]:
        """The prompts that are set, by the name of their setting."""
        values = {name: getattr(self, name) for name in SidePrompts.model_fields}
        return {name: value for name, value in values.items() if value is not None}

    def encoder_of_side(self, encoder: EncoderSettings, side: Side) -> EncoderSettings:
        """The encoder with the prompt of one side."""
        prompt, name = getattr(self, f"prompt_{side}"), getattr(self, f"prompt_name_{side}")
        if prompt is None and name is None:
            return encoder
        return encoder.model_copy(update={"prompt": prompt, "prompt_name": name})

    def sides_with_prompts(self) -> tuple[Side, ...]:
        """The sides that have a prompt."""
        return tuple(
            side for side in SIDES if any(name.endswith(side) for name in self.side_prompts)
        )


def _refuse_both(text: str | None, name: str | None, text_field: str, name_field: str) -> None:
    if text is not None and name is not None:
        raise ValueError(f"{text_field} {text!r} and {name_field} {name!r}: give one of them")
