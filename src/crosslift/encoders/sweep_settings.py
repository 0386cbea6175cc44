"""The settings of a sweep. No torch here: studies are validated without it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crosslift.artifacts.field_checks import EachOnce
from crosslift.encoders.kinds import Pooling
from crosslift.languages import LanguageCode


class SweepSettings(BaseModel):
    """The hidden states, poolings and prompts to try, the target, and the data of the choice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    """Name of a target of bitexts."""
    poolings: Annotated[tuple[Pooling, ...], EachOnce] = ()
    """Tried besides the encoder's own."""
    prompts: Annotated[tuple[str, ...], EachOnce] = ()
    """Tried besides the encoder's own, each with every hidden state and pooling; `""` is none."""
    dev_languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1), EachOnce] | None = None
    """The choice is made on these languages and reported on the others. None: the choice is made on one
    half of the items of every language, and reported on the other half."""
