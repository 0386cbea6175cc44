"""Captioned pictures of the Hugging Face hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crosslift.errors import DataError, UnknownNameError, first_line
from crosslift.sources.captions.assemble import CaptionRecords, Rules, assemble
from crosslift.sources.captions.columns import Binding
from crosslift.sources.captions.dataset_rows import dataset_entries, datasets_library
from crosslift.sources.captions.entry import SPLITS, Entry, Split

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REMEDY = "get the data and give their folder"


def _usual_splits() -> dict[Split, tuple[str, ...]]:
    return {"train": ("train",), "dev": ("validation",), "test": ("test",)}


@dataclass(frozen=True, slots=True)
class HubCaptions:
    """A dataset of the hub with pictures and captions. No code of a dataset is run.

    Args:
        id: such as ``nlphuji/flickr30k``.
        revision: a commit; a branch is resolved to its commit when a checksum is asked for.
        image: column of the pictures.
        text: column of captions (a text, or a list of texts), or several such columns.
        splits: our split -> names of the dataset's; a split that is left out has no records.
        config: of a dataset that has several; None: its only one.
        id_column: names the picture of a row, where a picture has several rows; None: each row
            is a picture of its own.
        language_column: of BCP-47 codes; None: all captions are in ``language``.
        group_column: of groups; None: a picture is a group of its own.
        split_column: of the names of splits, where the rows of all ``splits`` tell their own; None:
            the splits are those of the dataset.
        language: BCP-47 code of captions whose rows do not say.
    """

    id: str
    revision: str
    image: str = "image"
    text: str | tuple[str, ...] = "caption"
    splits: Mapping[Split, tuple[str, ...]] = field(default_factory=_usual_splits)
    config: str | None = None
    id_column: str | None = None
    language_column: str | None = None
    group_column: str | None = None
    split_column: str | None = None
    language: str = "en"

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit."""
        return _COMMIT.fullmatch(self.revision) is not None

    def read(
        self, split: Split, *, skip_broken: bool = False, check_language: bool = False
    ) -> CaptionRecords:
        """The records of a split; pictures are read when their bytes are asked for.

        Args:
            split: of them.
            skip_broken: as `read_captions` takes it.
            check_language: as `read_captions` takes it.

        Raises:
            DataError: no network, no library `datasets`, no such dataset, config, revision, split
                or column, or a row at fault.
        """
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        rules = Rules(self.language, skip_broken=skip_broken, check_language=check_language)
        return assemble(self._entries(split), split, rules)

    def checksum(self) -> str:
        """SHA-256 of name, config, commit (which never changes what it holds), splits and columns.

        Raises:
            DataError: the revision is a branch, and the hub cannot be asked for its commit.
        """
        commit = self.revision if self.pinned else self._commit()
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

    def _entries(self, split: Split) -> Iterator[Entry]:
        wanted = SPLITS if self.split_column else (split,)
        binding = self._binding()
        for ours in wanted:
            for theirs in self.splits.get(ours, ()):
                dataset = self._load(theirs)
                where = f"{self._name} of the hub, split {theirs}"
                _check_columns(dataset, binding, where)
                for entry in dataset_entries(dataset, binding, where, theirs, _caches()):
                    yield entry if self.split_column else replace(entry, split=ours)

    @property
    def _name(self) -> str:
        return self.id if self.config is None else f"{self.id} ({self.config})"

    def _load(self, name: str) -> Any:
        library = datasets_library("datasets", _REMEDY)
        try:
            return library.load_dataset(self.id, self.config, split=name, revision=self.revision)
        except Exception as error:
            raise self._unread(error) from error

    def _commit(self) -> str:
        library = datasets_library("huggingface_hub", _REMEDY)
        try:
            return str(library.HfApi().dataset_info(self.id, revision=self.revision).sha)
        except Exception as error:
            raise self._unread(error) from error

    def _unread(self, error: Exception) -> DataError:
        return DataError(
            f"{self._name} at {self.revision} cannot be read from the hub: {first_line(error)}",
            "the network, or the dataset in the library's cache",
            _REMEDY,
        )


def _caches() -> tuple[Path, ...]:
    """The folders that the library puts downloaded files into, pictures of their own among them."""
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
