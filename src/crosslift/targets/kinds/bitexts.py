"""Targets of bitexts: each text is a query for its translation, among the translations of all texts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from crosslift.encoders.encoder_settings import Side
from crosslift.sources.record import Bitext
from crosslift.target_kinds import KindName
from crosslift.targets.protocol import Direction, Protocol
from crosslift.targets.target import Target
from crosslift.targets.target_data import ExampleItem, TargetData, TargetPart
from crosslift.targets.target_settings import BitextSettings


@dataclass(frozen=True, slots=True)
class BitextData(TargetData):
    """Sentence pairs of some languages and English, or of two other languages.

    Args:
        bitexts: language -> N pairs of that language and English; or pair of languages, such as
            ``de-zh`` -> N pairs of these two.
        words: whether they are single words, whose cosines are reported beside retrieval.
    """

    bitexts: Mapping[str, Bitext] = field()
    words: bool = False

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, or pairs of two."""
        return tuple(self.bitexts)

    def distinct_texts(self) -> list[str]:
        """Every distinct text of both sides, sorted."""
        return sorted({t for bitext in self.bitexts.values() for t in (*bitext.src, *bitext.tgt)})

    def content_of(self, language: str) -> Any:
        """The pairs of a language, with their ids, and whether they are words."""
        bitext = self.bitexts[language]
        languages = (bitext.language, bitext.tgt_language)
        return (languages, bitext.items, bitext.src, bitext.tgt, self.words)

    def of_language(self, language: str) -> Self:
        """The pairs of one language alone."""
        return replace(self, bitexts={language: self.bitexts[language]})

    def sides_of(self, language: str) -> Mapping[Side, Collection[str]]:
        """The texts of a language, and those of English or of the second language."""
        return {"src": self.bitexts[language].src, "tgt": self.bitexts[language].tgt}

    def part(self, settings: BitextSettings) -> TargetPart | None:
        """The first pairs of each language."""
        count = settings.pairs
        if count is None:
            return None
        return TargetPart(first_pairs(self, count), f"first {count} pairs", {"pairs": count})

    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> the pairs with a text that is among some texts."""
        return {
            language: {
                item
                for item, src, tgt in zip(b.items, b.src, b.tgt, strict=True)
                if src in texts or tgt in texts
            }
            for language, b in self.bitexts.items()
        }

    def examples(self, language: str, direction: Direction) -> BitextExamples:
        """The pairs of a language; the direction says which side has the queries."""
        bitext = self.bitexts[language]
        sides = (bitext.src, bitext.tgt)
        queries, answers = sides[::-1] if direction in ("en->xx", "yy->xx") else sides
        return BitextExamples(
            dict(zip(bitext.items, queries, strict=True)),
            dict(zip(bitext.items, answers, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class BitextExamples:
    """The pairs of one language as examples show them.

    Args:
        queries: id of a pair -> its text that is the query.
        answers: id of a pair -> its text that is the right answer.
    """

    queries: Mapping[str, str]
    answers: Mapping[str, str]

    def query(self, item: str) -> ExampleItem:
        """The text that is the query."""
        return ExampleItem(self.queries[item])

    def right(self, item: str) -> ExampleItem:
        """Its translation."""
        return ExampleItem(self.answers[item])

    def answer(self, retrieved: str) -> ExampleItem:
        """The text that was retrieved."""
        return ExampleItem(self.answers[retrieved])


def first_pairs(data: BitextData, count: int) -> BitextData:
    """The first pairs of each language, at most ``count``."""
    bitexts = {
        language: replace(b, src=b.src[:count], tgt=b.tgt[:count], items=b.items[:count])
        for language, b in data.bitexts.items()
    }
    return replace(data, bitexts=bitexts)


@dataclass(frozen=True, slots=True)
class BitextTarget(Target[BitextSettings, BitextData]):
    """A target of bitexts."""

    kind: ClassVar[KindName] = "bitext"
    settings: ClassVar[type[BitextSettings]] = BitextSettings
    postprocessed: ClassVar[bool] = True

    def verdict_protocols(self) -> tuple[Protocol, ...]:
        """Ours, and the mean of both directions."""
        return (*self.protocols, replace(self.protocols[0], direction="both"))
