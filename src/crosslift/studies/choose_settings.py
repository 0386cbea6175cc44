"""The settings of a choice: the values that an arm tries, and the target that scores them. Loads no
torch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from crosslift.artifacts.field_checks import EachOnce
from crosslift.results.setting_choices import Tried
from crosslift.targets.target_settings import TargetSettings
from crosslift.training.bounded_numbers import Count, Positive
from crosslift.training.budget import Budget
from crosslift.training.stage_settings import StageSettings


def named(value: Any) -> Any:
    """Turns a bare name into the settings of that name."""
    return {"name": value} if isinstance(value, str) else value


def _rising(values: tuple[float, ...]) -> tuple[float, ...]:
    """The values of a grid in rising order: the first and the last are its edges."""
    return tuple(sorted(values))


TargetField = Annotated[TargetSettings, BeforeValidator(named)]
Rates = Annotated[tuple[Positive, ...], EachOnce, AfterValidator(_rising)]
Counts = Annotated[tuple[Count, ...], EachOnce, AfterValidator(_rising)]


class ChooseSettings(BaseModel):
    """Values to try for settings of an arm's last stage, in all combinations. Every seed chooses
    its best one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: Rates = ()
    """Peak learning rates of the text encoder to try; none: the stage's own."""
    updates: Counts = ()
    """Budgets in optimizer updates; none: the stage's own budget."""
    temperature: Rates = ()
    """Temperatures of the contrastive tasks of the stage (for tasks with pictures, the first value of
    the learned one); none: the tasks' own."""
    on: TargetField
    """Bitexts that score the tries, in the target's primary metric and protocol. No target of the
    study may report any of them."""

    @model_validator(mode="after")
    def _several(self) -> Self:
        if self.count < 2:
            raise ValueError(
                "two values or more to choose among, of learning_rate, updates or temperature"
            )
        return self

    @property
    def grid(self) -> dict[str, tuple[int | float, ...]]:
        """Setting -> the values that are tried, rising; settings of which none is tried are absent."""
        grids = {
            "learning_rate": self.learning_rate,
            "updates": self.updates,
            "temperature": self.temperature,
        }
        return {name: values for name, values in grids.items() if values}

    @property
    def count(self) -> int:
        """Number of tries."""
        return len(list(self.tries()))

    def tries(self) -> Iterator[Tried]:
        """Every try; the last setting changes first."""
        for values in product(*self.grid.values()):
            yield dict(zip(self.grid, values, strict=True))


def tried_stage(stage: StageSettings, tried: Tried) -> StageSettings:
    """A stage with the settings of a try."""
    rate = {name: value for name, value in tried.items() if name == "learning_rate"}
    return stage.model_copy(update=rate)


def tried_budget(budget: Budget, tried: Tried) -> Budget:
    """A stage's budget in a try; the size of a batch stays."""
    updates = tried.get("updates")
    if updates is None:
        return budget
    return Budget(updates=int(updates), batch_size=budget.batch_size)
