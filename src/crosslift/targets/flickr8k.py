"""Flickr8k: photographs with captions in up to 11 languages, on one split of the photographs.

The test photographs are those of the test splits of Flickr8k and of Multi30k 2016 (see
`crosslift.sources.flickr8k.splits`). Training on the same folder leaves them out. All languages with
captions of all photographs are measured on the same photographs. es, id, ja, ru and tr have captions of
243 of them; their texts have all test photographs as candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError
from crosslift.languages import language as facts_of
from crosslift.sources.captioned_targets.published_captions import (
    PublishedCaptions,
    PublishedFormat,
)
from crosslift.sources.flickr8k.caption_files import CaptionFiles, caption_files
from crosslift.sources.flickr8k.splits import (
    listed_splits,
    photograph_id,
    table_splits,
)
from crosslift.targets.captioned_sets import CaptionedSet

_LANGUAGES = ("en", "de", "zh", "ar", "fr", "cs", "es", "id", "ja", "ru", "tr")
"""English first, then those with captions of all photographs or nearly all, then those with a few."""

_FILES = "captions.jsonl or Flickr8k.token.txt, and files of other languages (docs/pictures.md)"
_ENGLISH = "en"
_OF_FLICKR30K = ("Multi30k", "xFlickr&CO")
"""Publishers whose captions are of other photographs too."""


@dataclass(frozen=True, slots=True)
class _Captions:
    """Photograph -> its captions in one language; names of files by photograph."""

    files: CaptionFiles
    names: Mapping[str, str]
    texts: Mapping[str, tuple[str, ...]]


def _languages_in(folder: Path) -> tuple[str, ...]:
    return tuple(code for code in _LANGUAGES if caption_files(folder, code) is not None)


def _load(folder: Path, languages: Sequence[str]) -> PublishedCaptions:
    english = _load_captions(folder, _ENGLISH)
    whole = [code for code in _languages_in(folder) if _is_whole(folder, code)]
    captions = {code: _load_captions(folder, code) for code in dict.fromkeys((*whole, *languages))}
    test = _test_photographs(folder, english)
    measured = [item for item in test if all(item in captions[code].texts for code in whole)]
    if not measured:
        raise DataError(
            f"none of the {len(test):,} test photographs of {folder} has captions in each of "
            f"{', '.join(whole)}",
            "test photographs with captions in each language whose captions are of all photographs",
        )
    texts = {code: _measured_captions(measured, captions[code]) for code in languages}
    notes = {code: _note(texts[code], captions[code], english, len(test)) for code in languages}
    return PublishedCaptions({item: (english.names[item],) for item in measured}, texts, notes)


def _is_whole(folder: Path, code: str) -> bool:
    files = caption_files(folder, code)
    return files is not None and files.whole


def _load_captions(folder: Path, code: str) -> _Captions:
    files = caption_files(folder, code)
    if files is None:
        raise DataError(f"{folder} has no captions in {code}", _FILES)
    captions_by_file = files.load()
    names = {photograph_id(name): Path(name).name for name in captions_by_file}
    if len(names) < len(captions_by_file):
        raise DataError(
            f"{files.paths[0]} has two files of one photograph: {len(captions_by_file):,} names of "
            f"{len(names):,} photographs",
            "names that begin with the photograph's number on Flickr",
        )
    return _Captions(
        files, names, {photograph_id(name): texts for name, texts in captions_by_file.items()}
    )


def _test_photographs(folder: Path, english: _Captions) -> list[str]:
    """The photographs of the test split, in the order of the English captions.

    Raises:
        DataError: no list names them, or Flickr8k's list names photographs without captions.
    """
    path = english.files.paths[0]
    splits = table_splits(path) if path.suffix == ".jsonl" else listed_splits(folder)
    test = [item for item in english.texts if splits.get(item) == "test"]
    if not test:
        raise DataError(
            f"nothing in {folder} says which photographs of {path.name} are test photographs",
            "Flickr_8k.testImages.txt, or a column `split` in the table",
            "measuring on photographs that were trained on says nothing",
        )
    return test


def _measured_captions(measured: Sequence[str], captions: _Captions) -> dict[str, tuple[str, ...]]:
    texts = {item: captions.texts[item] for item in measured if item in captions.texts}
    if not texts:
        raise DataError(
            f"{captions.files.paths[0]} has captions of {len(captions.texts):,} photographs, and none "
            f"is among the {len(measured):,} that are measured",
            "captions of Flickr8k's test photographs, or of Multi30k's with its list",
            f"remove {captions.files.language} from `languages`",
        )
    return texts


def _note(
    texts: Mapping[str, tuple[str, ...]], captions: _Captions, english: _Captions, n_test: int
) -> str:
    """The size, the origin and the publisher of captions, in words."""
    files = captions.files
    how = (
        f"written in {facts_of(files.language).name}" if files.origin == "written" else files.origin
    )
    count = sum(map(len, texts.values()))
    parts = [
        f"{len(texts):,} of {n_test:,} test photographs, {count:,} captions, {how} ({files.publisher})"
    ]
    unknown = [item for item in captions.texts if item not in english.texts]
    if unknown and files.publisher not in _OF_FLICKR30K:
        parts.append(f"{len(unknown):,} photographs without English captions left out")
    return "; ".join(parts)


FLICKR8K = CaptionedSet(
    name="flickr8k",
    title="Flickr8k",
    what="Flickr8k photographs with captions in 11 languages",
    languages=_LANGUAGES,
    files=PublishedFormat(_languages_in, _load, _FILES),
    metric="recall_at_10",
    paired=("de", "zh", "ar", "fr", "cs"),
    licence="captions: CC BY-SA 3.0 (en), none stated for most others; pictures: Flickr terms, "
    "research use",
    citation="Hodosh, Young and Hockenmaier 2013, JAIR 47 (en); Li et al. 2016, Adding Chinese "
    "Captions to Images, ICMR (zh); ElJundi et al. 2020, VISAPP (ar); Elliott et al. 2016, arXiv "
    "1605.00459 (de); Elliott et al. 2017, arXiv 1710.07177 (fr); Barrault et al. 2018 (cs); "
    "Bugliarello et al. 2022, arXiv 2201.11732 (es, id, ja, ru, tr)",
)
