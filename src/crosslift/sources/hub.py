"""Datasets of the Hugging Face hub, read through the library `datasets` at a pinned revision."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from crosslift.errors import DataError, first_line
from crosslift.sources.fields import Fields
from crosslift.sources.formats.rows import Row

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubDataset:
    """A dataset of the hub. No code of a dataset is run: it must be there as data.

    Args:
        id: such as ``nyu-mll/multi_nli``.
        revision: a commit; a branch is resolved to its commit when a checksum is asked for.
        fields: how a row becomes a record.
        train: names of the splits to train on.
        dev: names of the dev splits.
        config: of a dataset that has several; None: its only one.
        first: so many rows of each split are read, streamed, so that no more of it is fetched than
            they need; None: all, kept in the library's cache.
        change: gives a row other values before the fields read it; None: as it is.
    """

    id: str
    revision: str
    fields: Fields
    train: tuple[str, ...] = ("train",)
    dev: tuple[str, ...] = ("validation",)
    config: str | None = None
    first: int | None = None
    change: Callable[[Row], Mapping[str, Any]] | None = None

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit."""
        return _COMMIT.fullmatch(self.revision) is not None

    def rows(self, split: str, remedy: str) -> Iterator[Row]:
        """The rows of a split ("train" or "dev").

        Args:
            split: of them.
            remedy: what an error says to do instead.

        Raises:
            DataError: no network (it may fail between two rows too), no library `datasets`, no
                such dataset, config or revision.
        """
        number = 0
        for name in self.train if split == "train" else self.dev:
            for values in self._read(name, remedy):
                number += 1
                row = Row(values, f"{self._name} of the hub, split {name}, row {number}", number)
                yield row if self.change is None else replace(row, values=self.change(row))

    def checksum(self, remedy: str) -> str:
        """SHA-256 of name, config, splits, commit (which never changes what it holds) and `first`.

        Raises:
            DataError: the revision is a branch, and the hub cannot be asked for its commit.
        """
        commit = self.revision if self.pinned else self._commit(remedy)
        facts = repr(("hub", self.id, self.config, commit, self.train, self.dev, self.first))
        return hashlib.sha256(facts.encode()).hexdigest()

    @property
    def _name(self) -> str:
        return self.id if self.config is None else f"{self.id} ({self.config})"

    def _read(self, name: str, remedy: str) -> Iterator[Mapping[str, Any]]:
        rows = iter(self._load(name, remedy))
        for _ in count() if self.first is None else range(self.first):
            try:
                values = next(rows)
            except StopIteration:
                return
            except Exception as error:
                raise self._unread(error, remedy) from error
            yield values

    def _load(self, name: str, remedy: str) -> Any:
        library = self._library("datasets", remedy)
        streamed = {} if self.first is None else {"streaming": True}
        try:
            return library.load_dataset(
                self.id, self.config, split=name, revision=self.revision, **streamed
            )
        except Exception as error:
            raise self._unread(error, remedy) from error

    def _commit(self, remedy: str) -> str:
        library = self._library("huggingface_hub", remedy)
        try:
            return str(library.HfApi().dataset_info(self.id, revision=self.revision).sha)
        except Exception as error:
            raise self._unread(error, remedy) from error

    def _library(self, name: str, remedy: str) -> Any:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise DataError(
                f"{self.id} is read from the hub with the library `{name}`, which is not installed",
                f"`pip install {name}`",
                remedy,
            ) from error

    def _unread(self, error: Exception, remedy: str) -> DataError:
        return DataError(
            f"{self._name} at {self.revision} cannot be read from the hub: {first_line(error)}",
            "the network, or the dataset in the library's cache",
            remedy,
        )
