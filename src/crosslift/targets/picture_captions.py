"""Your own captioned pictures, in every format of training data.

If the data have a test split, the test split is measured; if they have no splits, all of them. Every
picture is a separate item: groups of pictures, which matter in training, have no effect here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crosslift.errors import DataError
from crosslift.sources.picture import Picture
from crosslift.targets.caption_pairs import (
    needed_bitexts,
    pair_bitexts,
    pairs_of,
    refuse_pairs,
    requested_pairs,
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


def _read(settings: PairSettings) -> _Captioned:
    from crosslift.sources.captions.published_captions import read_captions

    if settings.data is None:
        raise DataError(
            f"target {settings.name!r} has no data",
            f"`--data PATH` (in a study: `data: PATH`): {_FILES}",
        )
    pictures: dict[str, Picture] = {}
    texts: dict[str, dict[str, tuple[str, ...]]] = {}
    captions = read_captions(settings.data, "test", settings.columns)
    if not captions.records:
        captions = _without_splits(settings.data, settings.columns)
    _refuse_gaps(settings.data, captions.skipped)
    for record in captions.records:
        item = record.id.rpartition("#")[0]
        if record.image is None:
            raise DataError(f"{settings.data}: record {record.id!r} has no picture", "a picture")
        pictures[item] = record.image
        texts_by_item = texts.setdefault(record.language, {})
        texts_by_item[item] = (*texts_by_item.get(item, ()), record.texts["text"])
    return _Captioned(pictures, texts)


def _without_splits(data: Path, columns: Mapping[str, str]) -> CaptionRecords:
    """All captions of data without splits.

    Raises:
        DataError: the data have a dev split, but no test split.
    """
    from crosslift.sources.captions.published_captions import read_captions

    if read_captions(data, "dev", columns).records:
        raise DataError(
            f"{data} has a dev split and no test split",
            "a test split, or data without splits",
            "choices were made on dev: measure on other pictures",
        )
    return read_captions(data, "train", columns)


def _refuse_gaps(data: Path, skipped: Mapping[str, int]) -> None:
    from crosslift.sources.captions.assemble import NO_SPLIT, REPEATED

    other_split = "in the split "  # the reasons for entries of splits with other names begin so
    harmless = (NO_SPLIT, REPEATED)
    left_out = {
        why: count
        for why, count in skipped.items()
        if why not in harmless and not why.startswith(other_split)
    }
    if left_out:
        counts = ", ".join(f"{why}: {count:,}" for why, count in left_out.items())
        raise DataError(
            f"{data} has entries that cannot be measured ({counts})",
            "a picture and a caption in every entry",
            "fill them in, or remove them",
        )


def _load_pictures(settings: PictureSettings) -> PictureData:
    captioned = _read(settings)
    available = sorted(captioned.texts, key=lambda code: (code != PIVOT, code))
    measured, gaps = measured_languages(settings, available, available, _FILES)
    texts = {code: captioned.texts[code] for code in measured}
    return PictureData(captioned.pictures, texts, gaps=gaps)


def _load_bitexts(settings: BitextSettings) -> BitextData:
    refuse_pairs(settings, "picture-captions-pairs")
    captioned = _read(settings)
    if PIVOT not in captioned.texts:
        raise DataError(
            f"{settings.data} has no English captions",
            "captions in English and in other languages of the same pictures",
        )
    available = sorted(code for code in captioned.texts if code != PIVOT)
    if not available:
        raise DataError(f"{settings.data} has English captions alone", "another language beside it")
    measured, gaps = measured_languages(settings, available, available, _FILES)
    bitexts, unshared = caption_bitexts(captioned.texts, measured)
    return BitextData(bitexts, gaps={**gaps, **unshared})


def _load_pairs(settings: BitextSettings) -> BitextData:
    captioned = _read(settings)
    available = sorted(code for code in captioned.texts if code != PIVOT)
    pairs = requested_pairs(settings, pairs_of(available))
    paired_languages = tuple(dict.fromkeys(code for pair in pairs.values() for code in pair))
    measured_languages(
        settings.model_copy(update={"languages": paired_languages or None}),
        available,
        available,
        _FILES,
    )
    bitexts, unshared = needed_bitexts(settings, *pair_bitexts(captioned.texts, pairs))
    return BitextData(bitexts, gaps=unshared)


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
