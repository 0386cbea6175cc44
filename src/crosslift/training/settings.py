"""Settings of one training stage. No torch here: studies are validated without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Budget(BaseModel):
    """How much a stage may train: exactly one of updates, examples and tokens.

    Training ends with the first update that reaches the budget.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    updates: Count | None = None
    """Optimizer updates."""
    examples: Count | None = None
    """Training records, counted each time one is used."""
    tokens: Count | None = None
    """Tokens through the text encoder, prompt and special tokens included."""
    batch_size: Count = 128
    """Records in one update."""

    @model_validator(mode="after")
    def _one_unit(self) -> Budget:
        given = [name for name in ("updates", "examples", "tokens") if getattr(self, name)]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"exactly one of updates, examples, tokens is needed, found {found}")
        return self

    @property
    def unit(self) -> Literal["updates", "examples", "tokens"]:
        """The unit in which the budget is given."""
        if self.updates:
            return "updates"
        return "examples" if self.examples else "tokens"

    @property
    def amount(self) -> int:
        """The budget in its unit."""
        return int(getattr(self, self.unit))


class StageSettings(BaseModel):
    """One stage of training on one intermediate task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    """Name of an intermediate task (`crosslift tasks` lists them)."""
    data: Path | None = None
    """File of records, for the tasks that read your own files (text-pairs, image-text, masked-lm);
    folder of the published files, for those on published datasets (None: from the hub)."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Column of the form -> column of your file, where the names differ."""
    budget: Budget | None = None
    """None: the study's budget."""
    learning_rate: Positive = 2e-5
    """Peak, of the text encoder."""
    head_learning_rate: Positive = 1e-3
    """Peak, of what starts from scratch: image tower, temperature, masked-LM head."""
    schedule: Literal["linear", "constant"] = "linear"
    """After the warm-up: down to 0 in a line, or constant."""
    warmup_share: Share = 0.1
    """Share of the budget over which the learning rate rises from 0."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Of matrices; biases, norms and token rows have none."""
    clip_norm: Positive = 1.0
    """The gradient's largest L2 norm; longer gradients are scaled down."""
    dropout: Share | None = None
    """Of the text encoder; None: as its own configuration says."""
    text_side: Literal["trainable", "locked"] = "trainable"
    """Locked: the text encoder stays as it is, and only the head trains."""
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    """So many of the text encoder's lowest layers stay as they are, and its embeddings with them."""
    token_table: Literal["occurring", "frozen"] = "occurring"
    """Occurring: the token rows that occur in the task are trained. Frozen: no row is. Either way only
    the rows that occur are read and held in the optimizer."""
    shuffle_pictures: bool = False
    """Control: every picture goes to a wrong text."""
    dev_evaluations: Annotated[int, Field(ge=0)] = 4
    """How often the dev score is taken, the end included; 0: never."""
