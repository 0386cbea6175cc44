"""Targets of published test sets of captioned pictures, and of their captions alone.

A test set is declared once, as facts; three targets come of it: pictures and texts in each language,
the captions of each language and English as a bitext, and those of two other languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crosslift.artifacts.keys import key_of
from crosslift.errors import DataError, first_few
from crosslift.sources.captioned_targets.picture_files import picture_folder, pictures_in
from crosslift.sources.captioned_targets.published_captions import (
    PublishedCaptions,
    PublishedFormat,
)
from crosslift.sources.dataset_files import checksum_of_files
from crosslift.sources.record import Bitext
from crosslift.targets.caption_pairs import (
    asked_pairs,
    gaps_of_pairs,
    needed_bitexts,
    notes_of_pairs,
    pair_bitexts,
    pairs_of,
    refuse_pairs,
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
        name: of the target; `NAME-captions` is that of its captions alone.
        title: a word or two.
        what: one line for lists: what pictures, in which languages.
        languages: BCP-47 codes.
        files: how it is published.
        metric: the primary one of pictures and texts.
        licence: of pictures and captions.
        citation: where they come from.
        pool: see `PictureData`.
        paired: languages whose pairs the target of pairs measures when none are asked for; empty: all
            besides English.
        others: definitions of other projects, of pictures and texts.
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
    """The targets of a test set: of pictures and texts and, where they are parallel, of texts alone."""
    pictures = picture_target(facts)
    return (pictures, caption_target(facts), pair_target(facts)) if facts.parallel else (pictures,)


def picture_target(facts: CaptionedSet) -> PictureTarget:
    """The target of pictures and texts."""

    def load(settings: PictureSettings) -> PictureData:
        published, gaps = _published(facts, settings, facts.languages)
        folder = picture_folder(settings.needed_data(facts.files.names), settings.images)
        pictures = pictures_in(folder, published.files)
        checksum = key_of(
            {
                "captions": checksum_of_files(published.sources),
                "pictures": checksum_of_files(list(pictures.values())),
            }
        )
        return PictureData(
            pictures, published.texts, gaps, checksum, pool=facts.pool, notes=published.notes
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
        published, gaps = _published(facts, settings, languages, with_pivot=True)
        bitexts, unshared = caption_bitexts(published.texts, languages_asked(settings, languages))
        return BitextData(
            bitexts,
            {**gaps, **unshared},
            checksum_of_files(published.sources),
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

    It is apart from that of each language and English: a mean over both would say nothing of either.
    """
    paired = facts.paired or tuple(code for code in facts.languages if code != PIVOT)
    listed = pairs_of(paired)

    def load(settings: BitextSettings) -> BitextData:
        pairs = asked_pairs(settings, listed)
        wanted = tuple(dict.fromkeys(code for pair in pairs.values() for code in pair))
        asked = settings.model_copy(
            update={"languages": wanted if settings.languages is not None else None}
        )
        published, gaps = _published(facts, asked, wanted)
        bitexts, unshared = needed_bitexts(settings, *pair_bitexts(published.texts, pairs))
        return BitextData(
            bitexts,
            gaps_of_pairs(pairs, gaps) | unshared,
            checksum_of_files(published.sources),
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


def languages_asked(settings: AnyTargetSettings, languages: Sequence[str]) -> tuple[str, ...]:
    """The languages that settings ask for; None there: all of these."""
    return settings.languages or tuple(languages)


def measured_languages(
    settings: AnyTargetSettings,
    listed: Sequence[str],
    there: Sequence[str],
    files: str,
    texts: str = "captions",
) -> tuple[list[str], dict[str, str]]:
    """The languages that are measured, and those that are not.

    Args:
        settings: of the target.
        listed: what is measured where none is asked for.
        there: those of the data.
        files: what is looked for, for errors.
        texts: what the texts are, likewise.

    Returns:
        Codes in the order asked for, and language -> why it is a gap.

    Raises:
        DataError: a language that was asked for, or every listed one, is not there.
    """
    asked = languages_asked(settings, listed)
    missing = [code for code in asked if code not in there]
    if len(missing) == len(asked) or (settings.languages and missing):
        raise DataError(
            f"{settings.data} has no {texts} in {first_few(missing)}",
            f"{files}; it has {texts} in {first_few(there) or 'no language'}",
        )
    gaps = {code: f"no {texts} in {_name_of(settings.data)}" for code in missing}
    return [code for code in asked if code in there], gaps


def caption_bitexts(
    texts: Mapping[str, Mapping[str, tuple[str, ...]]], languages: Sequence[str]
) -> tuple[dict[str, Bitext], dict[str, str]]:
    """The first captions of each language beside the first English ones of the same pictures.

    Args:
        texts: language -> {picture -> captions}, English among them.
        languages: those wanted; one that ``texts`` lacks is left to the caller.

    Returns:
        Bitexts, and language -> why there is none: no picture has captions in both.

    Raises:
        DataError: English was asked for as the language of a bitext.
    """
    if PIVOT in languages:
        raise DataError(
            "English captions as the other language of a bitext", "languages besides English"
        )
    pairs = {code: (code, PIVOT) for code in languages if code in texts}
    return pair_bitexts(texts, pairs)


def _published(
    facts: CaptionedSet,
    settings: AnyTargetSettings,
    listed: Sequence[str],
    *,
    with_pivot: bool = False,
) -> tuple[PublishedCaptions, dict[str, str]]:
    """The captions of the measured languages, and of English where it is wanted too."""
    folder = settings.needed_data(facts.files.names)
    there = facts.files.languages_in(folder)
    measured, gaps = measured_languages(settings, listed, there, facts.files.names)
    if with_pivot and PIVOT not in there:
        raise DataError(f"{folder} has no English captions", f"{facts.files.names}, in English too")
    wanted = [*measured, PIVOT] if with_pivot and PIVOT not in measured else measured
    return facts.files.load(folder, wanted), gaps


def _name_of(data: Path | None) -> str:
    return data.name if data is not None else "the data"
