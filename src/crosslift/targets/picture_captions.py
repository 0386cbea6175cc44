"""Captioned pictures of one's own, in every format that training data may have too.

Where the data part training from test data, the test part is measured; where they part nothing, all of
them. A picture is an item of its own: groups of pictures, which matter in training, do not count here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crosslift.errors import DataError
from crosslift.sources.picture import Picture
from crosslift.targets.caption_pairs import (
    asked_pairs,
    needed_bitexts,
    pair_bitexts,
    pairs_of,
    refuse_pairs,
)
from crosslift.targets.captioned_sets import (
    PIVOT,
    caption_bitexts,
    measured_languages,
)
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.protocols import (
    OTHER_RETRIEVAL,
    PAIR_RETRIEVAL,
    PICTURE_RETRIEVAL,
    RETRIEVAL,
)
from crosslift.targets.target_settings import BitextSettings, PairSettings, PictureSettings

if TYPE_CHECKING:
    from crosslift.sources.captions.assemble import CaptionRecords

_FILES = "a table with the columns image, text and language, or another format of docs/pictures.md"


class _Captioned(NamedTuple):
    pictures: dict[str, Picture]
    texts: dict[str, dict[str, tuple[str, ...]]]
    checksum: str


def _read(settings: PairSettings) -> _Captioned:
    from crosslift.sources.captions.caption_files import checksum_of, read_captions

    if settings.data is None:
        raise DataError(
            f"target {settings.name!r} has no data",
            f"`--data PATH` (in a study: `data: PATH`): {_FILES}",
        )
    pictures: dict[str, Picture] = {}
    texts: dict[str, dict[str, tuple[str, ...]]] = {}
    found = read_captions(settings.data, "test", settings.columns)
    if not found.records:
        found = _unparted(settings.data, settings.columns)
    _refuse_gaps(settings.data, found.skipped)
    for record in found.records:
        item = record.id.rpartition("#")[0]
        if record.image is None:
            raise DataError(f"{settings.data}: record {record.id!r} has no picture", "a picture")
        pictures[item] = record.image
        named = texts.setdefault(record.language, {})
        named[item] = (*named.get(item, ()), record.texts["text"])
    return _Captioned(pictures, texts, checksum_of(settings.data, settings.columns))


def _unparted(data: Path, columns: Mapping[str, str]) -> CaptionRecords:
    """All captions of data that part nothing.

    Raises:
        DataError: they have a dev split, and no test split.
    """
    from crosslift.sources.captions.caption_files import read_captions

    if read_captions(data, "dev", columns).records:
        raise DataError(
            f"{data} has a dev split and no test split",
            "a test split, or data that part nothing",
            "choices were made on dev: measure on other pictures",
        )
    return read_captions(data, "train", columns)


def _refuse_gaps(data: Path, skipped: Mapping[str, int]) -> None:
    from crosslift.sources.captions.assemble import NO_SPLIT, REPEATED

    other_split = "in the split "  # as the reasons begin for entries of splits of other names
    fine = (NO_SPLIT, REPEATED)
    left_out = {
        why: count
        for why, count in skipped.items()
        if why not in fine and not why.startswith(other_split)
    }
    if left_out:
        told = ", ".join(f"{why}: {count:,}" for why, count in left_out.items())
        raise DataError(
            f"{data} has entries that cannot be measured ({told})",
            "a picture and a caption in every entry",
            "fill them in, or take them out",
        )


def _load_pictures(settings: PictureSettings) -> PictureData:
    found = _read(settings)
    there = sorted(found.texts, key=lambda code: (code != PIVOT, code))
    measured, gaps = measured_languages(settings, there, there, _FILES)
    texts = {code: found.texts[code] for code in measured}
    return PictureData(found.pictures, texts, gaps, found.checksum)


def _load_bitexts(settings: BitextSettings) -> BitextData:
    refuse_pairs(settings, "picture-captions-pairs")
    found = _read(settings)
    if PIVOT not in found.texts:
        raise DataError(
            f"{settings.data} has no English captions",
            "captions in English and in other languages of the same pictures",
        )
    there = sorted(code for code in found.texts if code != PIVOT)
    if not there:
        raise DataError(f"{settings.data} has English captions alone", "another language beside it")
    measured, gaps = measured_languages(settings, there, there, _FILES)
    bitexts, unshared = caption_bitexts(found.texts, measured)
    return BitextData(bitexts, {**gaps, **unshared}, found.checksum)


def _load_pairs(settings: BitextSettings) -> BitextData:
    found = _read(settings)
    there = sorted(code for code in found.texts if code != PIVOT)
    pairs = asked_pairs(settings, pairs_of(there))
    wanted = tuple(dict.fromkeys(code for pair in pairs.values() for code in pair))
    measured_languages(
        settings.model_copy(update={"languages": wanted or None}), there, there, _FILES
    )
    bitexts, unshared = needed_bitexts(settings, *pair_bitexts(found.texts, pairs))
    return BitextData(bitexts, unshared, found.checksum)


PICTURE_CAPTIONS = PictureTarget(
    name="picture-captions",
    title="own captioned pictures",
    description="captioned pictures of your own, a table or another format (needs --data)",
    metric="recall_at_10",
    load=_load_pictures,
    protocols=PICTURE_RETRIEVAL,
    needs_data=True,
    licence="of your files",
    citation="your files",
)
PICTURE_CAPTIONS_TEXT = BitextTarget(
    name="picture-captions-text",
    title="own captions",
    description="captions of pictures of your own: each language and English (needs --data)",
    metric="top1_accuracy",
    load=_load_bitexts,
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    needs_data=True,
    licence="of your files",
    citation="your files",
)
PICTURE_CAPTIONS_PAIRS = BitextTarget(
    name="picture-captions-pairs",
    title="own captions, pairs",
    description="captions of pictures of your own: two languages besides English (needs --data)",
    metric="top1_accuracy",
    load=_load_pairs,
    protocols=PAIR_RETRIEVAL,
    needs_data=True,
    licence="of your files",
    citation="your files",
)
