"""A target with its data, as the steps of a study use it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crosslift.artifacts.keys import key_of
from crosslift.steps.code_behind import HeldByManySteps
from crosslift.targets.protocol import Protocol
from crosslift.targets.target import Target, TargetData, TargetSettings, texts_of, texts_of_side


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
class LoadedTarget(HeldByManySteps):
    """A target and its data.

    Args:
        target: the facts.
        data: texts, or texts and pictures.
        asked: what decided the data, JSON-like: part of the steps' keys.
        protocols: those it is scored under, the primary one first.
        settings: as they were asked for.
    """

    target: Target
    data: TargetData
    asked: dict[str, Any]
    protocols: tuple[Protocol, ...]
    settings: TargetSettings

    @property
    def generalised(self) -> bool:
        """Whether pairs of texts in two languages are asked for."""
        return self.settings.generalised

    @property
    def code_modules(self) -> tuple[str, ...]:
        """What chose a part of its data while the study was planned."""
        return ("crosslift.targets.parts",)

    @property
    def facts(self) -> dict[str, Any]:
        """What decides its texts."""
        return {"target": self.target.name, "checksum": self.data.checksum, **self.asked}

    @property
    def texts(self) -> list[str]:
        """Every distinct text, sorted."""
        return self.all_texts.texts

    @cached_property
    def all_texts(self) -> TextSet:
        """Every distinct text."""
        return TextSet(texts_of(self.data))

    @cached_property
    def src_texts(self) -> TextSet:
        """Every distinct text of the src side, of bitexts and mining."""
        return TextSet(texts_of_side(self.data, "src"))

    @cached_property
    def tgt_texts(self) -> TextSet:
        """Every distinct text of the tgt side, of bitexts and mining."""
        return TextSet(texts_of_side(self.data, "tgt"))
