"""The settings that an arm tried and chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crosslift.results.result_record import ResultRecord

CHOICE_FILE = "choice.json"
"""File in the artifact of a choice."""

Tried = Mapping[str, int | float]
"""Setting -> the value that a try gives it."""
Edge = Literal["lowest", "highest"]


class TriedSettings(ResultRecord):
    """One try, and its score."""

    settings: dict[str, int | float]
    """Setting -> the tried value."""
    score: float
    """Its score on the data that the choice is based on, mean over languages."""


class ChosenSettings(ResultRecord):
    """The tries of one seed, and the choice among them."""

    tries: Annotated[tuple[TriedSettings, ...], Field(min_length=1)]
    """Every try."""
    chosen: int
    """Index of the chosen try, from 0: the best; among equals the first."""
    edges: dict[str, Edge]
    """Setting with several tried values -> the edge of its grid, if the chosen value lies there; a
    better value may lie beyond it."""

    @model_validator(mode="after")
    def _chosen_exists(self) -> ChosenSettings:
        if not 0 <= self.chosen < len(self.tries):
            raise ValueError(f"try {self.chosen} of {len(self.tries)} is chosen")
        names = [set(tried.settings) for tried in self.tries]
        if any(each != names[0] for each in names) or not set(self.edges) <= names[0]:
            raise ValueError("tries of the same settings, and edges of these")
        return self

    @property
    def settings(self) -> dict[str, int | float]:
        """The settings of the chosen try."""
        return self.tries[self.chosen].settings


class SeedChoice(ChosenSettings):
    """The choice of one seed."""

    seed: int
    """The seed."""


class ArmChoice(ResultRecord):
    """The settings of the last stage that each seed of an arm chose."""

    target: str
    """Name of the target whose data the choice is based on."""
    title: str
    """Title of these data."""
    languages: tuple[str, ...]
    """Languages of these data. No target of the run reports any of their pairs."""
    metric: str
    """Metric of the scores."""
    protocol: str
    """Id of their protocol."""
    seeds: Annotated[tuple[SeedChoice, ...], Field(min_length=1)]
    """The choice of each seed."""

    @model_validator(mode="after")
    def _same_tries(self) -> ArmChoice:
        tried = [[each.settings for each in seed.tries] for seed in self.seeds]
        if any(each != tried[0] for each in tried):
            raise ValueError("every seed tries the same settings")
        return self

    @property
    def count(self) -> int:
        """Number of tries of a seed."""
        return len(self.seeds[0].tries)
