"""The settings of a sweep. No torch here: studies are validated without it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crosslift.artifacts.field_checks import EachOnce
from crosslift.encoders.kinds import Pooling
from crosslift.languages import LanguageCode


class SweepSettings(BaseModel):
    """Poolings and prompts to try with every hidden state, the target, and the data of the
    choice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    """Name of a target of bitexts."""
    poolings: Annotated[tuple[Pooling, ...], EachOnce] = ()
    """Poolings to try besides the encoder's own."""
    prompts: Annotated[tuple[str, ...], EachOnce] = ()
    """Prompts to try besides the encoder's own, each with every hidden state and pooling; `""` is
    none."""
    dev_languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1), EachOnce] | None = None
    """Languages to choose on; the others are reported. None: it chooses on one half of the items
    of every language, and reports on the other half."""
