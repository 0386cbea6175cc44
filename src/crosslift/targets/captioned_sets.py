"""Targets of published test sets of captioned pictures, and of their captions alone.

A test set is declared once, as facts. Up to three targets are made from it: pictures and texts in each
language, bitexts of captions in each language and English, and bitexts of two languages besides
English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crosslift.errors import DataError, first_few
from crosslift.sources.captioned_targets.picture_files import picture_folder, pictures_in
from crosslift.sources.captioned_targets.published_captions import (
    PublishedCaptions,
    PublishedFormat,
)
from crosslift.sources.record import Bitext
from crosslift.targets.caption_pairs import (
    gaps_of_pairs,
    needed_bitexts,
    notes_of_pairs,
    pair_bitexts,
    pairs_of,
    refuse_pairs,
    requested_pairs,
)
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.protocol import Protocol
from crosslift.targets.protocols import (
    OTHER_RETRIEVAL,
    PAIR_RETRIEVAL,
    PICTURE_RETRIEVAL,
    RETRIEVAL,
)
from crosslift.targets.target_settings import AnyTargetSettings, BitextSettings, PictureSettings

PIVOT = "en"


@dataclass(frozen=True, slots=True)
class CaptionedSet:
    """The facts of a published test set of captioned pictures.

    Args:
        name: name of the target; the target of its captions alone is called `NAME-captions`.
        title: a word or two.
        what: one line for lists: which pictures, in which languages.
        languages: BCP-47 codes.
        files: how it is published.
        metric: primary metric of pictures and texts.
        licence: licence of pictures and captions.
        citation: source of the data.
        pool: see `PictureData`.
        paired: languages whose pairs the target of pairs measures by default; empty: all besides
            English.
        others: protocols of other projects for pictures and texts.
        parallel: whether languages have captions of the same pictures, so that captions alone can be
            measured too.
    """

    name: str
    title: str
    what: str
    languages: tuple[str, ...]
    files: PublishedFormat
    metric: str
    licence: str
    citation: str
    pool: Literal["all", "language"] = "all"
    paired: tuple[str, ...] = ()
    others: tuple[Protocol, ...] = ()
    parallel: bool = True


def captioned_targets(facts: CaptionedSet) -> tuple[PictureTarget | BitextTarget, ...]:
    """The targets of a test set: of pictures and texts and, if captions are parallel, of texts
    alone."""
    pictures = picture_target(facts)
    return (pictures, caption_target(facts), pair_target(facts)) if facts.parallel else (pictures,)


def picture_target(facts: CaptionedSet) -> PictureTarget:
    """The target of pictures and texts."""

    def load(settings: PictureSettings) -> PictureData:
        published, gaps = _load_published(facts, settings, facts.languages)
        folder = picture_folder(settings.needed_data(facts.files.names), settings.images)
        pictures = pictures_in(folder, published.files)
        return PictureData(
            pictures, published.texts, gaps=gaps, pool=facts.pool, notes=published.notes
        )

    return PictureTarget(
        name=facts.name,
        title=facts.title,
        description=f"{facts.what} (needs --data and pictures)",
        metric=facts.metric,
        load=load,
        protocols=PICTURE_RETRIEVAL,
        others=facts.others,
        languages=facts.languages,
        needs_data=True,
        licence=facts.licence,
        citation=facts.citation,
    )


def caption_target(facts: CaptionedSet) -> BitextTarget:
    """The target of the captions of each language and English, without the pictures."""
    languages = tuple(code for code in facts.languages if code != PIVOT)

    def load(settings: BitextSettings) -> BitextData:
        refuse_pairs(settings, f"{facts.name}-pairs")
        published, gaps = _load_published(facts, settings, languages, with_pivot=True)
        bitexts, unshared = caption_bitexts(
            published.texts, requested_or_listed(settings, languages)
        )
        return BitextData(
            bitexts,
            gaps={**gaps, **unshared},
            notes={code: note for code, note in published.notes.items() if code in bitexts},
        )

    return BitextTarget(
        name=f"{facts.name}-captions",
        title=f"{facts.title} captions",
        description=f"captions of {facts.name}: each language and English (needs --data)",
        metric="top1_accuracy",
        load=load,
        protocols=RETRIEVAL,
        others=OTHER_RETRIEVAL,
        languages=languages,
        needs_data=True,
        licence=facts.licence,
        citation=facts.citation,
    )


def pair_target(facts: CaptionedSet) -> BitextTarget:
    """The target of the captions of two languages, none of them English, of the same pictures.

    It is separate from the target of each language and English: a mean over both would mean nothing.
    """
    paired = facts.paired or tuple(code for code in facts.languages if code != PIVOT)
    listed = pairs_of(paired)

    def load(settings: BitextSettings) -> BitextData:
        pairs = requested_pairs(settings, listed)
        paired_languages = tuple(dict.fromkeys(code for pair in pairs.values() for code in pair))
        with_languages = settings.model_copy(
            update={"languages": paired_languages if settings.languages is not None else None}
        )
        published, gaps = _load_published(facts, with_languages, paired_languages)
        bitexts, unshared = needed_bitexts(settings, *pair_bitexts(published.texts, pairs))
        return BitextData(
            bitexts,
            gaps=gaps_of_pairs(pairs, gaps) | unshared,
            notes=notes_of_pairs(pairs, bitexts, published.notes),
        )

    return BitextTarget(
        name=f"{facts.name}-pairs",
        title=f"{facts.title} pairs",
        description=f"captions of {facts.name}: two languages besides English (needs --data)",
        metric="top1_accuracy",
        load=load,
        protocols=PAIR_RETRIEVAL,
        languages=tuple(listed),
        needs_data=True,
        licence=facts.licence,
        citation=facts.citation,
    )


def requested_or_listed(settings: AnyTargetSettings, languages: Sequence[str]) -> tuple[str, ...]:
    """The languages that settings request. Default: all of ``languages``."""
    return settings.languages or tuple(languages)


def measured_languages(
    settings: AnyTargetSettings,
    listed: Sequence[str],
    available: Sequence[str],
    files: str,
    texts: str = "captions",
) -> tuple[list[str], dict[str, str]]:
    """The languages that are measured, and those that are not.

    Args:
        settings: settings of the target.
        listed: languages to measure by default.
        available: languages of the data.
        files: the expected files, for errors.
        texts: what the texts are, for errors.

    Returns:
        Codes in the requested order, and language -> why it is a gap.

    Raises:
        DataError: a requested language, or every listed one, is missing.
    """
    requested = requested_or_listed(settings, listed)
    missing = [code for code in requested if code not in available]
    if len(missing) == len(requested) or (settings.languages and missing):
        raise DataError(
            f"{settings.data} has no {texts} in {first_few(missing)}",
            f"{files}; it has {texts} in {first_few(available) or 'no language'}",
        )
    gaps = {code: f"no {texts} in {_name_of(settings.data)}" for code in missing}
    return [code for code in requested if code in available], gaps


def caption_bitexts(
    texts: Mapping[str, Mapping[str, tuple[str, ...]]], languages: Sequence[str]
) -> tuple[dict[str, Bitext], dict[str, str]]:
    """The first captions of each language beside the first English ones of the same pictures.

    Args:
        texts: language -> {picture -> captions}, English among them.
        languages: languages of the bitexts. Those that ``texts`` lacks are skipped.

    Returns:
        Bitexts, and language -> why there is no bitext: no picture has captions in both.

    Raises:
        DataError: English is requested as the language of a bitext.
    """
    if PIVOT in languages:
        raise DataError(
            "English captions as the other language of a bitext", "languages besides English"
        )
    pairs = {code: (code, PIVOT) for code in languages if code in texts}
    return pair_bitexts(texts, pairs)


def _load_published(
    facts: CaptionedSet,
    settings: AnyTargetSettings,
    listed: Sequence[str],
    *,
    with_pivot: bool = False,
) -> tuple[PublishedCaptions, dict[str, str]]:
    """The captions of the measured languages, and those in English if ``with_pivot``."""
    folder = settings.needed_data(facts.files.names)
    available = facts.files.languages_in(folder)
    measured, gaps = measured_languages(settings, listed, available, facts.files.names)
    if with_pivot and PIVOT not in available:
        raise DataError(f"{folder} has no English captions", f"{facts.files.names}, in English too")
    needed = [*measured, PIVOT] if with_pivot and PIVOT not in measured else measured
    return facts.files.load(folder, needed), gaps


def _name_of(data: Path | None) -> str:
    return data.name if data is not None else "the data"
