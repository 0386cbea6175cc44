"""Captioned pictures of the Hugging Face hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.captions.assemble import CaptionRecords, Rules, assemble
from crosslift.sources.captions.columns import Binding
from crosslift.sources.captions.dataset_rows import dataset_entries, datasets_library
from crosslift.sources.captions.entry import CaptionEntry
from crosslift.sources.hub import HubRepository
from crosslift.sources.record import SPLITS, SplitName

_REMEDY = "get the data and give their folder"


def _usual_splits() -> dict[SplitName, tuple[str, ...]]:
    return {"train": ("train",), "dev": ("validation",), "test": ("test",)}


@dataclass(frozen=True, slots=True)
class HubCaptions(HubRepository):
    """A dataset of the hub with pictures and captions.

    Args:
        image: column of the pictures.
        text: column of captions (a text, or a list of texts), or several such columns.
        splits: our split -> names of the dataset's; a missing split has no records.
        id_column: names the picture of a row, if a picture has several rows; None: each row
            is a separate picture.
        language_column: column of BCP-47 codes; None: all captions are in ``language``.
        group_column: column of groups; None: each picture is a separate group.
        split_column: column of the names of splits, if the rows of all ``splits`` name theirs; None:
            the splits are those of the dataset.
        language: BCP-47 code of captions whose rows do not name one.
    """

    image: str = "image"
    text: str | tuple[str, ...] = "caption"
    splits: Mapping[SplitName, tuple[str, ...]] = field(default_factory=_usual_splits)
    id_column: str | None = None
    language_column: str | None = None
    group_column: str | None = None
    split_column: str | None = None
    language: str = "en"

    def read(
        self, split: SplitName, *, skip_broken: bool = False, check_language: bool = False
    ) -> CaptionRecords:
        """The records of a split; pictures are read when their bytes are needed.

        Args:
            split: the split to read.
            skip_broken: as `read_captions` takes it.
            check_language: as `read_captions` takes it.

        Raises:
            DataError: no network, no library `datasets`, no such dataset, config, revision, split
                or column, or a faulty row.
        """
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        rules = Rules(self.language, skip_broken=skip_broken, check_language=check_language)
        return assemble(lambda: self._entries(split), split, rules)

    def check_available(self) -> None:
        """As `check`, with our own remedy."""
        self.check(_REMEDY)

    def checksum(self) -> str:
        """SHA-256 of name, config, commit (whose content never changes), splits and columns.

        Raises:
            DataError: the revision is a branch, and the hub cannot be queried for its commit.
        """
        commit = self.commit(_REMEDY)
        splits = sorted((ours, theirs) for ours, theirs in self.splits.items())
        facts = repr(("captions", self.id, self.config, commit, splits, self._binding()))
        return hashlib.sha256(facts.encode()).hexdigest()

    def _binding(self) -> Binding:
        texts = (self.text,) if isinstance(self.text, str) else self.text
        return Binding(
            self.image,
            texts,
            self.id_column,
            self.language_column,
            self.group_column,
            self.split_column,
        )

    def _entries(self, split: SplitName) -> Iterator[CaptionEntry]:
        splits_to_load = SPLITS if self.split_column else (split,)
        binding = self._binding()
        for ours in splits_to_load:
            for theirs in self.splits.get(ours, ()):
                dataset = self.load(theirs, _REMEDY)
                where = f"{self.name} of the hub, split {theirs}"
                _check_columns(dataset, binding, where)
                for entry in dataset_entries(dataset, binding, where, theirs, _caches()):
                    yield entry if self.split_column else replace(entry, split=ours)

    def library(self, name: str, remedy: str) -> Any:
        """A library that reads the hub, or its cache on disk.

        Raises:
            DataError: it is not installed.
        """
        return datasets_library(name, remedy)


def _caches() -> tuple[Path, ...]:
    """The folders for downloaded files, including single pictures."""
    config = datasets_library("datasets", _REMEDY).config
    constants = datasets_library("huggingface_hub", _REMEDY).constants
    places = (
        config.DOWNLOADED_DATASETS_PATH,
        config.HF_DATASETS_CACHE,
        constants.HF_HUB_CACHE,
    )
    return tuple(Path(place) for place in places)


def _check_columns(dataset: Any, binding: Binding, where: str) -> None:
    for name in (binding.image, *binding.beside_image):
        if name not in dataset.column_names:
            raise DataError(
                f"{where}: no column {name!r}", f"one of {', '.join(dataset.column_names)}"
            )
