"""Targets of graded pairs: texts whose likeness people have graded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from crosslift.encoders.encoder_settings import Side
from crosslift.sources.graded_pairs import GradedPairs
from crosslift.target_kinds import KindName
from crosslift.targets.protocol import Direction
from crosslift.targets.target import Target
from crosslift.targets.target_data import TargetData, TargetPart
from crosslift.targets.target_settings import GradedSettings


@dataclass(frozen=True, slots=True)
class GradedData(TargetData):
    """Graded pairs of texts in some languages.

    Args:
        pairs: language, or two such as ``en-de`` -> its graded pairs.
    """

    pairs: Mapping[str, GradedPairs]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, or pairs of two."""
        return tuple(self.pairs)

    def distinct_texts(self) -> list[str]:
        """Every distinct text of both sides, sorted."""
        return sorted({text for each in self.pairs.values() for text in (*each.src, *each.tgt)})

    def content_of(self, language: str) -> Any:
        """The graded pairs of a language."""
        pairs = self.pairs[language]
        return (pairs.items, pairs.sets, pairs.grades, pairs.src, pairs.tgt)

    def of_language(self, language: str) -> Self:
        """The graded pairs of one language alone."""
        return replace(self, pairs={language: self.pairs[language]})

    def sides_of(self, language: str) -> Mapping[Side, Collection[str]]:
        """The first and the second texts of a language."""
        return {"src": self.pairs[language].src, "tgt": self.pairs[language].tgt}

    def part(self, settings: GradedSettings) -> TargetPart | None:
        """The first pairs of each language."""
        count = settings.pairs
        if count is None:
            return None
        pairs = {language: each.first(count) for language, each in self.pairs.items()}
        return TargetPart(replace(self, pairs=pairs), f"first {count} pairs", {"pairs": count})

    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> the pairs with a text that is among some texts."""
        return {
            language: {
                item
                for item, src, tgt in zip(each.items, each.src, each.tgt, strict=True)
                if src in texts or tgt in texts
            }
            for language, each in self.pairs.items()
        }

    def examples(self, language: str, direction: Direction) -> None:
        """None: pairs are graded; none is answered rightly or wrongly."""
        del language, direction


@dataclass(frozen=True, slots=True)
class GradedTarget(Target[GradedSettings, GradedData]):
    """A target of graded pairs."""

    kind: ClassVar[KindName] = "graded"
    settings: ClassVar[type[GradedSettings]] = GradedSettings
    outcome_unit: ClassVar[str] = "pair"
    clean: ClassVar[Literal["always", "never", "where there are"]] = "never"
