"""Settings that hold an encoder near where it was: adapters alone, or the vectors of other texts.

No torch here: studies are validated without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class LoraSettings(BaseModel):
    """Low-rank adapters in the place of full training; merged into the weights at the end.

    Source: Hu et al. 2022 (arXiv 2106.09685), by the library peft.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: Count = 16
    alpha: Positive = 32.0
    """The adapters' products are scaled by alpha / rank."""
    dropout: Share = 0.05
    """Of what the adapters read."""
    modules: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Ends of the names of the linear layers that get one. None: the projections of queries and values,
    as the model names them."""


class DistillationSettings(BaseModel):
    """Holds the vectors of unlabelled multilingual texts where they were as the stage began.

    Source: of hidden vectors, Romero et al. 2015 (arXiv 1412.6550), section 2; against forgetting,
    Li and Hoiem 2016 (arXiv 1606.09282), section 3.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str = "gettext-mlm"
    """A task whose texts are taken; what it trains on is not."""
    data: Path | None = None
    """Of that task."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Of that task."""
    weight: Positive = 1.0
    """Factor of the loss, which is 1 - cosine, the mean over the texts."""
    batch_size: Count = 32
    """Texts in one update, beside the batch of the budget; their tokens count as spent."""
    texts: Count = 2_000
    """So many texts are drawn, each language equally often, and their vectors kept."""
