"""Datasets of the Hugging Face hub, read through the library `datasets` at a pinned revision."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from crosslift.errors import DataError, first_line
from crosslift.model_files.hub_answers import hub_refusal, is_answer, only_cached
from crosslift.sources.fields import Fields
from crosslift.sources.formats.rows import Row

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubRepository:
    """The place of a dataset on the hub. No code of a dataset is run: it must be published as data.

    Args:
        id: id such as ``nyu-mll/multi_nli``.
        revision: a commit; a branch is resolved to its commit when a checksum is needed.
        config: configuration of a dataset with several; None: its only one.
    """

    id: str
    revision: str
    config: str | None = field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        """The dataset and its config, for error messages."""
        return self.id if self.config is None else f"{self.id} ({self.config})"

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit."""
        return _COMMIT.fullmatch(self.revision) is not None

    def library(self, name: str, remedy: str) -> Any:
        """A library that reads the hub.

        Raises:
            DataError: it is not installed.
        """
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise DataError(
                f"{self.id} is read from the hub with the library `{name}`, which is not installed",
                remedy=f"`pip install {name}`, or {remedy}",
            ) from error

    def load(self, split: str, remedy: str, **options: Any) -> Any:
        """Loads a split with `datasets.load_dataset`.

        Args:
            split: name of the split in the dataset.
            remedy: what the error message suggests instead.
            options: further arguments of `datasets.load_dataset`.

        Raises:
            DataError: no network, no library `datasets`, no such dataset, config, revision or split.
        """
        library = self.library("datasets", remedy)
        refusal = hub_refusal(self.id, self.revision, dataset=True)
        silent = refusal is not None and not is_answer(refusal)
        try:
            with only_cached() if silent else nullcontext():
                return library.load_dataset(
                    self.id, self.config, split=split, revision=self.revision, **options
                )
        except Exception as error:
            raise self.read_error(error, remedy) from error

    def check(self, remedy: str) -> None:
        """Raises if the dataset is neither on the hub nor in the library's cache; nothing is fetched.

        Raises:
            DataError: no such dataset or revision, or no network.
        """
        refusal = hub_refusal(self.id, self.revision, dataset=True)
        if refusal is None:
            return
        if is_answer(refusal):
            raise self.read_error(refusal, remedy) from refusal
        library = self.library("datasets", remedy)
        try:
            with only_cached():
                library.load_dataset_builder(self.id, self.config, revision=self.revision)
        except Exception as error:
            raise self.read_error(error, remedy) from error

    def commit(self, remedy: str) -> str:
        """The commit of the revision; for a branch, the hub is queried.

        Raises:
            DataError: the hub cannot be queried.
        """
        if self.pinned:
            return self.revision
        library = self.library("huggingface_hub", remedy)
        try:
            return str(library.HfApi().dataset_info(self.id, revision=self.revision).sha)
        except Exception as error:
            raise self.read_error(error, remedy) from error

    def read_error(self, error: Exception, remedy: str) -> DataError:
        """The error for a dataset that cannot be read, with the reason."""
        return DataError(
            f"{self.name} at {self.revision} cannot be read from the hub: {first_line(error)}",
            "the network, or the dataset in the library's cache",
            remedy,
        )


@dataclass(frozen=True, slots=True)
class HubDataset(HubRepository):
    """A dataset of rows on the hub, in one language or with a config for each.

    Args:
        fields: how a row becomes a record.
        train: names of the splits to train on.
        dev: names of the dev splits.
        first: only this many rows of each split are read, streamed, so that no more is fetched
            than needed; None: all, through the library's cache.
        change: changes a row's values before the fields read it; None: no change.
        test: names of the test splits.
        configs: BCP-47 code -> config, for a dataset in several languages.
        without_dev: languages whose config has no dev split.
        language_of: the language of a row, if a config holds several; None: a config holds one.
    """

    fields: Fields
    train: tuple[str, ...] = ("train",)
    dev: tuple[str, ...] = ("validation",)
    first: int | None = None
    change: Callable[[Row], Mapping[str, Any]] | None = None
    test: tuple[str, ...] = ()
    configs: Mapping[str, str] = field(default_factory=dict)
    without_dev: frozenset[str] = frozenset()
    language_of: Callable[[Row], str] | None = None

    def in_language(self, language: str) -> HubDataset:
        """The part in one language."""
        return replace(self, config=self.configs[language], configs={}, test=())

    def rows(self, split: str, remedy: str) -> Iterator[Row]:
        """The rows of a split ("train" or "dev").

        Args:
            split: name of the split.
            remedy: what the error message suggests instead.

        Raises:
            DataError: as `load`; the network may fail between two rows too.
        """
        number = 0
        for name in self.train if split == "train" else self.dev:
            for values in self._read(name, remedy):
                number += 1
                row = Row(values, f"{self.name} of the hub, split {name}, row {number}", number)
                yield row if self.change is None else replace(row, values=self.change(row))

    def checksum(self, remedy: str) -> str:
        """SHA-256 of name, config, splits, commit (whose content never changes) and `first`.

        Raises:
            DataError: the revision is a branch, and the hub cannot be queried for its commit.
        """
        commit = self.commit(remedy)
        facts = repr(("hub", self.id, self.config, commit, self.train, self.dev, self.first))
        return hashlib.sha256(facts.encode()).hexdigest()

    def _read(self, name: str, remedy: str) -> Iterator[Mapping[str, Any]]:
        streamed = {} if self.first is None else {"streaming": True}
        rows = iter(self.load(name, remedy, **streamed))
        for _ in count() if self.first is None else range(self.first):
            try:
                values = next(rows)
            except StopIteration:
                return
            except Exception as error:
                raise self.read_error(error, remedy) from error
            yield values
