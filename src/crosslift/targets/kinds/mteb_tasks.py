"""Targets of MTEB: `mteb` runs the task on the vectors of the arm, and scores it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from crosslift.sources.mteb_results import PublishedModel
from crosslift.sources.mteb_tasks import MtebTask
from crosslift.target_kinds import KindName
from crosslift.targets.protocol import Direction
from crosslift.targets.target import Target
from crosslift.targets.target_data import TargetData
from crosslift.targets.target_settings import MtebSettings


@dataclass(frozen=True, slots=True)
class MtebData(TargetData):
    """A task of MTEB with its data.

    Args:
        task: the task; its subsets are the languages.
        published: scores of other models on it.
    """

    task: MtebTask
    published: tuple[PublishedModel, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its subsets, or pairs of two; of a subset in more, its name in MTEB."""
        return tuple(self.task.subsets)

    def distinct_texts(self) -> list[str]:
        """Every distinct text of the scored split, sorted."""
        subsets = self.task.subsets.values()
        return sorted(set().union(*(self.task.texts(subset) for subset in subsets)))

    def content_of(self, language: str) -> Any:
        """A checksum of the subset of a language, and the settings of the task."""
        return self.task.checksum(self.task.subsets[language])

    def of_language(self, language: str) -> Self:
        """The subset of one language alone."""
        subsets = {language: self.task.subsets[language]}
        return replace(self, task=replace(self.task, subsets=subsets))

    def part(self, settings: MtebSettings) -> None:
        """None: a split of MTEB is scored as a whole."""
        del settings

    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> the queries or rows with a text that is among some texts."""
        return {
            language: {
                item
                for item, of_item in self.task.items(subset).items()
                if not texts.isdisjoint(of_item)
            }
            for language, subset in self.task.subsets.items()
        }

    def examples(self, language: str, direction: Direction) -> None:
        """None: what an item and its answer are depends on the task."""
        del language, direction


@dataclass(frozen=True, slots=True)
class MtebTarget(Target[MtebSettings, MtebData]):
    """A target that is a task of MTEB."""

    kind: ClassVar[KindName] = "mteb"
    settings: ClassVar[type[MtebSettings]] = MtebSettings
    outcome_unit: ClassVar[str] = "item"
    encodes_while_scored: ClassVar[bool] = True
    clean: ClassVar[Literal["always", "never", "where there are"]] = "never"
