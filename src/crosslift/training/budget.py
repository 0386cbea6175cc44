"""How much a stage may train. Imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from crosslift.training.bounded_numbers import Count


class Budget(BaseModel):
    """How long a stage trains: exactly one of updates, examples and tokens.

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
    """Records in one update, of all tasks of the stage and all parts of its accumulation."""

    @model_validator(mode="after")
    def _one_unit(self) -> Budget:
        units = [name for name in ("updates", "examples", "tokens") if getattr(self, name)]
        if len(units) != 1:
            which = " and ".join(units) if units else "none of them"
            raise ValueError(f"exactly one of updates, examples, tokens is needed, found {which}")
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
