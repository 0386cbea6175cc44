"""Targets of mining: pairs of translations are hidden in two sides that are not aligned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.encoder_settings import Side
from crosslift.sources.bucc_files import BuccSplit
from crosslift.target_kinds import KindName
from crosslift.targets.protocol import Direction, Split
from crosslift.targets.target import Target
from crosslift.targets.target_data import TargetData, TargetPart
from crosslift.targets.target_settings import MiningTargetSettings


@dataclass(frozen=True, slots=True)
class MiningData(TargetData):
    """Two sides that are not aligned, and the pairs hidden in them.

    Args:
        splits: language -> name of a split with gold -> its texts.
    """

    splits: Mapping[str, Mapping[Split, BuccSplit]]

    def scored(self, language: str) -> BuccSplit:
        """The split that is scored: the test split if its gold exists, else dev."""
        splits = self.splits[language]
        order: tuple[Split, ...] = ("test", "dev", "training")
        return next(splits[name] for name in order if name in splits)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages."""
        return tuple(self.splits)

    def distinct_texts(self) -> list[str]:
        """Every distinct text of both sides, sorted."""
        every = (split for splits in self.splits.values() for split in splits.values())
        return sorted({text for split in every for text in (*split.src, *split.tgt)})

    @property
    def searched_together(self) -> bool:
        """True: every text of one side searches all of the other."""
        return True

    def content_of(self, language: str) -> Any:
        """The splits of a language."""
        return {
            name: (s.language, s.split, s.src_ids, s.src, s.tgt_ids, s.tgt, s.gold)
            for name, s in self.splits[language].items()
        }

    def of_language(self, language: str) -> Self:
        """The splits of one language alone."""
        return replace(self, splits={language: self.splits[language]})

    def sides_of(self, language: str) -> Mapping[Side, Collection[str]]:
        """The texts of both sides, of all splits of a language."""
        splits = self.splits[language].values()
        return {
            "src": {t for s in splits for t in s.src},
            "tgt": {t for s in splits for t in s.tgt},
        }

    def texts_by_language(self, language: str) -> Mapping[str, Collection[str]]:
        """The texts of a language, and the English ones."""
        sides = self.sides_of(language)
        return {language: sides["src"], "en": sides["tgt"]}

    def part(self, settings: MiningTargetSettings) -> TargetPart | None:
        """The first sentences of each side."""
        count = settings.sentences
        if count is None:
            return None
        words = f"at most {count} sentences a side, those of gold pairs first"
        return TargetPart(first_sentences(self, count), words, {"sentences": count})

    def examples(self, language: str, direction: Direction) -> None:
        """None: mined pairs are scored together, not one by one."""
        del language, direction

    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> see `overlapping_sentences`."""
        return {
            language: overlapping_sentences(self.scored(language), texts)
            for language in self.splits
        }


def overlapping_sentences(split: BuccSplit, texts: AbstractSet[str]) -> set[str]:
    """Ids of the src sentences of a mining split that are among some texts, or whose gold partner is.

    A sentence that appears several times in the split is one query, so all of its ids count.
    """
    partners = {split.src[src] for src, tgt in split.gold or () if split.tgt[tgt] in texts}
    pairs = zip(split.src_ids, split.src, strict=True)
    return {i for i, text in pairs if text in texts or text in partners}


def first_sentences(data: MiningData, count: int) -> MiningData:
    """At most ``count`` sentences of each side of every split: those of gold pairs before others.

    Gold pairs are added in their file's order as long as both sentences fit, then other sentences in
    the files' order. The sentences stay in the files' order, so that a tie, which goes to the first,
    does not favour gold. Sentences of gold pairs that do not fit are always left out: without its
    translation, such a sentence would count as wrong.
    """
    splits: dict[str, Mapping[Split, BuccSplit]] = {
        language: {name: _limit_split(split, count) for name, split in of_language.items()}
        for language, of_language in data.splits.items()
    }
    return replace(data, splits=splits)


def _limit_split(split: BuccSplit, count: int) -> BuccSplit:
    gold = _fitting_gold(split.gold or (), count)
    all_gold = np.array(split.gold or (), np.int64).reshape(-1, 2)
    kept_gold = np.array(gold, np.int64).reshape(-1, 2)
    src = _places_to_keep(len(split.src), all_gold[:, 0], kept_gold[:, 0], count)
    tgt = _places_to_keep(len(split.tgt), all_gold[:, 1], kept_gold[:, 1], count)
    places = np.stack(
        [np.searchsorted(src, kept_gold[:, 0]), np.searchsorted(tgt, kept_gold[:, 1])], axis=1
    )
    return replace(
        split,
        src_ids=tuple(split.src_ids[i] for i in src),
        src=tuple(split.src[i] for i in src),
        tgt_ids=tuple(split.tgt_ids[i] for i in tgt),
        tgt=tuple(split.tgt[i] for i in tgt),
        gold=None if split.gold is None else tuple((int(i), int(j)) for i, j in places),
    )


def _fitting_gold(gold: tuple[tuple[int, int], ...], count: int) -> list[tuple[int, int]]:
    """The gold pairs, in order, whose sentences are at most ``count`` of each side."""
    src: set[int] = set()
    tgt: set[int] = set()
    pairs = []
    for i, j in gold:
        if len(src | {i}) <= count and len(tgt | {j}) <= count:
            src.add(i)
            tgt.add(j)
            pairs.append((i, j))
    return pairs


def _places_to_keep(
    size: int, all_gold_places: NDArray[np.int64], gold_places: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Places of the sentences of a side that stay, ascending."""
    others = np.setdiff1d(np.arange(size), all_gold_places)
    chosen = np.unique(gold_places)
    return np.sort(np.concatenate([chosen, others[: max(count - len(chosen), 0)]]))


@dataclass(frozen=True, slots=True)
class MiningTarget(Target[MiningTargetSettings, MiningData]):
    """A target in which pairs are mined."""

    kind: ClassVar[KindName] = "mining"
    settings: ClassVar[type[MiningTargetSettings]] = MiningTargetSettings
    outcome_unit: ClassVar[str] = "src text"
    clean: ClassVar[Literal["always", "never", "where there are"]] = "never"
