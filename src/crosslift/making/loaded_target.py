"""A target with its data, as the steps of a study use it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeAlias

from crosslift.artifacts.keys import key_of
from crosslift.steps.code_behind import HeldByManySteps
from crosslift.targets.protocol import Protocol
from crosslift.targets.target import DataT, Target
from crosslift.targets.target_data import TargetData
from crosslift.targets.target_settings import TargetSettings


@dataclass(frozen=True)
class TextSet:
    """Distinct texts, and a hash of them that is computed once: every arm and seed asks for it.

    Args:
        texts: sorted.
    """

    texts: list[str]

    @cached_property
    def key(self) -> str:
        """The hash."""
        return key_of({"texts": self.texts})


@dataclass(frozen=True)
class Loaded(HeldByManySteps, Generic[DataT]):
    """A target and its data.

    Args:
        target: the facts.
        data: texts, or texts and pictures.
        data_settings: the settings that decide the data, JSON-like: part of the keys of steps.
        protocols: those it is scored under, the primary one first.
        settings: those of the study.
        part: what part of the target's data it is, in words; empty: all of them.
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
        """What decides its texts."""
        return {"target": self.target.name, "checksum": self.data.checksum, **self.data_settings}

    @property
    def texts(self) -> list[str]:
        """Every distinct text, sorted."""
        return self.all_texts.texts

    @cached_property
    def all_texts(self) -> TextSet:
        """Every distinct text."""
        return TextSet(self.data.distinct_texts())

    @cached_property
    def src_texts(self) -> TextSet:
        """Every distinct text of the src side, of bitexts and mining."""
        return TextSet(self.data.texts_of_side("src"))

    @cached_property
    def tgt_texts(self) -> TextSet:
        """Every distinct text of the tgt side, of bitexts and mining."""
        return TextSet(self.data.texts_of_side("tgt"))


LoadedTarget: TypeAlias = Loaded[TargetData]
"""A target of any kind."""
