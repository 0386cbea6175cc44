"""A part of a target's data, for those who cannot afford all of it; the title says what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import StudyError
from crosslift.sources.bucc_files import BuccSplit
from crosslift.sources.picture import Picture
from crosslift.targets.protocol import Split
from crosslift.targets.target import (
    BitextData,
    LabelledData,
    MiningData,
    PictureData,
    TargetData,
    TargetSettings,
)


class Part(NamedTuple):
    """A part of a target's data.

    Args:
        data: what is left.
        words: what it is, for the title.
        asked: the settings that decided it, JSON-like.
    """

    data: TargetData
    words: str
    asked: dict[str, int]


def part_of(data: TargetData, settings: TargetSettings) -> Part | None:
    """The part of a target's data that its settings ask for; None: all of it.

    Raises:
        StudyError: a part that data of this kind does not have.
    """
    _refuse(data, settings)
    count = settings.pairs or settings.sentences or settings.examples
    if count is None:
        return None
    if isinstance(data, LabelledData):
        words = f"first {count} examples of each language"
        tests = {language: records[:count] for language, records in data.tests.items()}
        return Part(replace(data, tests=tests), words, {"examples": count})
    if isinstance(data, MiningData):
        words = f"at most {count} sentences a side, those of gold pairs first"
        return Part(first_sentences(data, count), words, {"sentences": count})
    if isinstance(data, BitextData):
        return Part(first_pairs(data, count), f"first {count} pairs", {"pairs": count})
    return Part(first_pictures(data, count), f"first {count} pictures", {"pairs": count})


def part_words(data: TargetData, settings: TargetSettings) -> str:
    """What part of a target's data its settings ask for, in words; empty for all of it."""
    part = part_of(data, settings)
    return part.words if part else ""


def _refuse(data: TargetData, settings: TargetSettings) -> None:
    if settings.pairs is not None and isinstance(data, PictureData) and data.topics:
        raise StudyError(
            f"`pairs: {settings.pairs}` of target {settings.name!r}, whose pictures share topics",
            "all of its pictures",
            "`languages` takes a part of it",
        )
    mining = isinstance(data, MiningData)
    answered = isinstance(data, LabelledData)
    if settings.pairs is not None and answered:
        raise StudyError(
            f"`pairs: {settings.pairs}` of target {settings.name!r}, which has labelled examples",
            "a target of bitexts or pictures",
            "`examples` takes a part of labelled examples",
        )
    for name in _OF_LABELLED:
        if getattr(settings, name) and not answered:
            raise StudyError(
                f"`{name}` of target {settings.name!r}, which has no labelled examples",
                "a target such as xnli, udpos or xquad",
                f"take `{name}` out",
            )
    if settings.pairs is not None and mining:
        raise StudyError(
            f"`pairs: {settings.pairs}` of target {settings.name!r}, which mines pairs",
            "a target of bitexts or pictures",
            "`sentences` takes a part of a target that mines",
        )
    if settings.sentences is not None and not mining:
        raise StudyError(
            f"`sentences: {settings.sentences}` of target {settings.name!r}, which mines nothing",
            "a target that mines, such as bucc",
            "`pairs` takes a part of bitexts and pictures",
        )


_OF_LABELLED = (
    *("split", "examples", "english", "english_task", "english_labels"),
    *("generalised", "fine_tune"),
)


def first_pairs(data: BitextData, count: int) -> BitextData:
    """The first pairs of each language, at most ``count``."""
    kept = {
        language: replace(b, src=b.src[:count], tgt=b.tgt[:count], items=b.items[:count])
        for language, b in data.bitexts.items()
    }
    return replace(data, bitexts=kept)


def first_pictures(data: PictureData, count: int) -> PictureData:
    """The first pictures, at most ``count``, with their texts; a language left without is a gap."""
    kept = dict(list(data.pictures.items())[:count])
    if data.classes:
        return _with_classes(data, kept, count)
    texts = {
        language: {item: said for item, said in named.items() if item in kept}
        for language, named in data.texts.items()
    }
    gaps = {
        language: f"no text of the first {count} pictures"
        for language, named in texts.items()
        if not named
    }
    left = {language: named for language, named in texts.items() if named}
    return replace(data, pictures=kept, texts=left, gaps={**data.gaps, **gaps})


def _with_classes(data: PictureData, kept: dict[str, Picture], count: int) -> PictureData:
    """All classes stay candidates; a language without a name of any class that is shown is a gap."""
    shown = {data.classes[item] for item in kept}
    unnamed = [code for code, named in data.texts.items() if shown.isdisjoint(named)]
    gaps = dict.fromkeys(unnamed, f"no class of the first {count} pictures has a name")
    texts = {code: named for code, named in data.texts.items() if code not in unnamed}
    return replace(data, pictures=kept, texts=texts, gaps={**data.gaps, **gaps})


def first_sentences(data: MiningData, count: int) -> MiningData:
    """At most ``count`` sentences of each side of every split: those of gold pairs before others.

    Gold pairs come in their file's order as long as both sentences find room, then other sentences in
    the files' order. What is kept stands in the files' order, so that a tie, which goes to the first,
    favours no gold. A sentence of a gold pair that found no room is left out altogether: beside its
    translation it would count as wrong.
    """
    splits: dict[str, Mapping[Split, BuccSplit]] = {
        language: {name: _cut(split, count) for name, split in of_language.items()}
        for language, of_language in data.splits.items()
    }
    return replace(data, splits=splits)


def _cut(split: BuccSplit, count: int) -> BuccSplit:
    gold = _fitting(split.gold or (), count)
    every = np.array(split.gold or (), np.int64).reshape(-1, 2)
    kept = np.array(gold, np.int64).reshape(-1, 2)
    src = _filled(len(split.src), every[:, 0], kept[:, 0], count)
    tgt = _filled(len(split.tgt), every[:, 1], kept[:, 1], count)
    places = np.stack([np.searchsorted(src, kept[:, 0]), np.searchsorted(tgt, kept[:, 1])], axis=1)
    return replace(
        split,
        src_ids=tuple(split.src_ids[i] for i in src),
        src=tuple(split.src[i] for i in src),
        tgt_ids=tuple(split.tgt_ids[i] for i in tgt),
        tgt=tuple(split.tgt[i] for i in tgt),
        gold=None if split.gold is None else tuple((int(i), int(j)) for i, j in places),
    )


def _fitting(gold: tuple[tuple[int, int], ...], count: int) -> list[tuple[int, int]]:
    """The gold pairs, in order, whose sentences are at most ``count`` of each side."""
    src: set[int] = set()
    tgt: set[int] = set()
    kept = []
    for i, j in gold:
        if len(src | {i}) <= count and len(tgt | {j}) <= count:
            src.add(i)
            tgt.add(j)
            kept.append((i, j))
    return kept


def _filled(
    size: int, every: NDArray[np.int64], kept: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Places of the sentences of a side that are kept, ascending."""
    others = np.setdiff1d(np.arange(size), every)
    chosen = np.unique(kept)
    return np.sort(np.concatenate([chosen, others[: max(count - len(chosen), 0)]]))
