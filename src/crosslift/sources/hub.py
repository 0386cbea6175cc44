"""Datasets of the Hugging Face hub, read through the library `datasets` at a pinned revision."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from crosslift.errors import DataError, first_line
from crosslift.sources.fields import Fields
from crosslift.sources.formats.rows import Row

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubRepository:
    """Where the hub has a dataset. No code of a dataset is run: it must be there as data.

    Args:
        id: such as ``nyu-mll/multi_nli``.
        revision: a commit; a branch is resolved to its commit when a checksum is needed.
        config: of a dataset that has several; None: its only one.
    """

    id: str
    revision: str
    config: str | None = field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        """The dataset and its config, as errors name them."""
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
                f"`pip install {name}`",
                remedy,
            ) from error

    def load(self, split: str, remedy: str, **options: Any) -> Any:
        """A split, as `datasets.load_dataset` gives it.

        Args:
            split: as the dataset names it.
            remedy: what an error says to do instead.
            options: further arguments of `datasets.load_dataset`.

        Raises:
            DataError: no network, no library `datasets`, no such dataset, config, revision or split.
        """
        library = self.library("datasets", remedy)
        try:
            return library.load_dataset(
                self.id, self.config, split=split, revision=self.revision, **options
            )
        except Exception as error:
            raise self.unread(error, remedy) from error

    def commit(self, remedy: str) -> str:
        """The commit of the revision; the hub is asked for that of a branch.

        Raises:
            DataError: the hub cannot be asked.
        """
        if self.pinned:
            return self.revision
        library = self.library("huggingface_hub", remedy)
        try:
            return str(library.HfApi().dataset_info(self.id, revision=self.revision).sha)
        except Exception as error:
            raise self.unread(error, remedy) from error

    def unread(self, error: Exception, remedy: str) -> DataError:
        """The error that says that the dataset cannot be read, and why."""
        return DataError(
            f"{self.name} at {self.revision} cannot be read from the hub: {first_line(error)}",
            "the network, or the dataset in the library's cache",
            remedy,
        )


@dataclass(frozen=True, slots=True)
class HubDataset(HubRepository):
    """A dataset of rows that a hub has, in one language or with a config for each.

    Args:
        fields: how a row becomes a record.
        train: names of the splits to train on.
        dev: names of the dev splits.
        first: so many rows of each split are read, streamed, so that no more of it is fetched than
            they need; None: all, kept in the library's cache.
        change: gives a row other values before the fields read it; None: as it is.
        test: names of the test splits.
        configs: BCP-47 code -> config, of a dataset in several languages.
        without_dev: languages whose config has no dev split.
        language_of: the language of a row, where a config holds several; None: a config holds one.
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
        """The part in a language alone."""
        return replace(self, config=self.configs[language], configs={}, test=())

    def rows(self, split: str, remedy: str) -> Iterator[Row]:
        """The rows of a split ("train" or "dev").

        Args:
            split: of them.
            remedy: what an error says to do instead.

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
        """SHA-256 of name, config, splits, commit (which never changes what it holds) and `first`.

        Raises:
            DataError: the revision is a branch, and the hub cannot be asked for its commit.
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
                raise self.unread(error, remedy) from error
            yield values
