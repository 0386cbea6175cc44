"""A target with its data, as the steps of a study use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeAlias

from crosslift.encoders.encoder_settings import Side
from crosslift.making.text_sets import TextSet, text_sets
from crosslift.steps.code_behind import HeldByManySteps
from crosslift.targets.protocol import Protocol
from crosslift.targets.target import DataT, Target
from crosslift.targets.target_data import TargetData
from crosslift.targets.target_settings import TargetSettings


@dataclass(frozen=True)
class Loaded(HeldByManySteps, Generic[DataT]):
    """A target and its data.

    Args:
        target: facts of the target.
        data: texts, or texts and pictures.
        data_settings: the settings that decide the data, JSON-like: part of the keys of steps.
        protocols: protocols that score the target, the primary one first.
        settings: settings of the target in the study.
        part: name of the part of the target's data, in words; empty: all data.
    """

    target: Target[Any, DataT]
    data: DataT
    data_settings: dict[str, Any]
    protocols: tuple[Protocol, ...]
    settings: TargetSettings
    part: str = ""

    @property
    def generalised(self) -> bool:
        """Whether the settings ask for pairs of texts in two languages."""
        return self.settings.generalised

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that decide the texts."""
        return {"target": self.target.name, "checksum": self.checksum, **self.data_settings}

    @cached_property
    def checksum(self) -> str:
        """Checksum of the data."""
        return self.data.checksum

    @cached_property
    def picture_facts(self) -> dict[str, Any]:
        """The facts that decide the pictures."""
        return {"pictures": self.data.pictures_checksum}

    @property
    def texts(self) -> list[str]:
        """Every distinct text, sorted."""
        return self.all_texts.texts

    @cached_property
    def all_texts(self) -> TextSet:
        """Every distinct text."""
        return TextSet(self.data.distinct_texts())

    @cached_property
    def text_sets(self) -> Mapping[tuple[str, Side], TextSet]:
        """Language and side -> the set that its texts are encoded with; see `text_sets`."""
        return text_sets(self.data, apart=bool(self.settings.side_prompts))

    @cached_property
    def by_language(self) -> dict[str, Loaded[DataT]]:
        """Language -> the target with the data of that language alone."""
        return {
            code: replace(self, data=self.data.of_language(code)) for code in self.data.languages
        }


LoadedTarget: TypeAlias = Loaded[TargetData]
"""A target of any kind."""
