"""Published datasets as sources of records: from the hub, or from their files in a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Protocol

from crosslift.errors import DataError
from crosslift.sources.dataset_files import LocalFiles
from crosslift.sources.fields import Fields
from crosslift.sources.formats.rows import Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.record import Record
from crosslift.sources.stored_records import hold_records

OTHER_LANGUAGE = "in another language"
_ROWS_CHECKED = 100


@dataclass(frozen=True, slots=True)
class DatasetRecords:
    """The records of one split.

    Args:
        records: in the order of the data.
        skipped: reason -> number of skipped rows.
    """

    records: Sequence[Record]
    skipped: Mapping[str, int]


class DatasetSource(Protocol):
    """A source of records that can read a folder instead of the hub."""

    @property
    def needs_data(self) -> bool:
        """Whether it needs a folder, because the hub does not have it."""

    def at(self, folder: Path) -> DatasetSource:
        """The same, read from the published files in a folder."""

    def read(self, split: str) -> DatasetRecords:
        """The records of a split ("train" or "dev") and the counts of skipped rows."""

    def check(self) -> None:
        """Raises if the data are not available; takes seconds at most."""

    def train(self) -> Sequence[Record]:
        """The training records."""

    def dev(self) -> Sequence[Record]:
        """The dev records; empty if there are none."""

    def checksum(self) -> str:
        """A checksum of everything the records are made of."""


@dataclass(frozen=True, slots=True)
class PublishedData:
    """The training and dev examples of a dataset in English.

    Args:
        files: its published files.
        hub: its place on the hub; None: it is read only from files.
        folder: where the files lie; None: it is read from the hub.
    """

    files: LocalFiles
    hub: HubDataset | None = None
    folder: Path | None = None

    @property
    def needs_data(self) -> bool:
        """Whether the hub does not have it."""
        return self.hub is None and self.folder is None

    def at(self, folder: Path) -> PublishedData:
        """The same, read from the published files in a folder."""
        return replace(self, folder=folder)

    def read(self, split: str) -> DatasetRecords:
        """The records of a split and the counts of skipped rows.

        Raises:
            DataError: the data are unavailable or faulty; the message names file and row.
        """
        if self.folder is not None:
            layout = self.files.layout(self.folder)
            rows = english_rows(self.files.rows(self.folder, split), layout.language_of)
            return collect(rows, layout.fields, f"{split}:")
        hub = self._hub()
        rows = english_rows(hub.rows(split, self._remedy), hub.language_of)
        return collect(rows, hub.fields, f"{split}:")

    def check(self) -> None:
        """Raises if the data are not available, or their first rows have faults; the other rows are not
        read.

        Raises:
            DataError: as `train`.
        """
        if self.folder is None:
            self._hub().check(self._remedy)
            return
        fields = self.files.layout(self.folder).fields
        for split in ("train", "dev"):
            rows = list(islice(self.files.rows(self.folder, split), _ROWS_CHECKED))
            if split == "train" and not rows:
                raise DataError(f"no training record in {self.folder} (no row)")
            collect(english_rows(rows, self.files.layout(self.folder).language_of), fields, "")

    def train(self) -> Sequence[Record]:
        """The training records.

        Raises:
            DataError: as `read`; no record.
        """
        split = self.read("train")
        if not split.records:
            left_out = ", ".join(f"{n} {why}" for why, n in split.skipped.items()) or "no row"
            raise DataError(f"no training record in {self.folder or self._hub().id} ({left_out})")
        return split.records

    def dev(self) -> Sequence[Record]:
        """The dev records; empty if the folder has none."""
        return self.read("dev").records

    def checksum(self) -> str:
        """Checksum of the files, or of the hub's commit."""
        if self.folder is not None:
            return self.files.checksum(self.folder)
        return self._hub().checksum(self._remedy)

    @property
    def _remedy(self) -> str:
        return f"give `data:` with the folder of {self.files.names}; get it: {self.files.where}"

    def _hub(self) -> HubDataset:
        if self.hub is None:
            raise DataError("the hub does not have this dataset", "its own files", self._remedy)
        return self.hub


@dataclass(frozen=True, slots=True)
class Together:
    """Several datasets as one; ids begin with the name of the part.

    Args:
        parts: name -> dataset; all are read from the same folder, or all from the hub.
    """

    parts: Mapping[str, DatasetSource]

    @property
    def needs_data(self) -> bool:
        """Whether the hub lacks a part."""
        return any(part.needs_data for part in self.parts.values())

    def at(self, folder: Path) -> Together:
        """The same, read from the published files in a folder that holds those of all parts."""
        return Together({name: part.at(folder) for name, part in self.parts.items()})

    def read(self, split: str) -> DatasetRecords:
        """The records of all parts, part after part."""
        skipped: Counter[str] = Counter()

        def records() -> Iterator[Record]:
            for name, part in self.parts.items():
                of_part = part.read(split)
                skipped.update(of_part.skipped)
                for record in of_part.records:
                    yield replace(record, id=f"{name}:{record.id}")

        return DatasetRecords(hold_records(records), dict(skipped))

    def check(self) -> None:
        """As `PublishedData.check`, of all parts."""
        for part in self.parts.values():
            part.check()

    def train(self) -> Sequence[Record]:
        """The training records of all parts."""
        return self.read("train").records

    def dev(self) -> Sequence[Record]:
        """The dev records of all parts."""
        return self.read("dev").records

    def checksum(self) -> str:
        """Checksum of all parts."""
        sums = [f"{name}:{part.checksum()}" for name, part in self.parts.items()]
        return sha256("\n".join(sums).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Derived:
    """Records made of the records of a dataset.

    Args:
        of: the dataset.
        make: makes them from all records of a split.
        with_dev: whether to make dev records: one of each group, so that each has one right
            answer among them.
    """

    of: DatasetSource
    make: Callable[[Sequence[Record]], list[Record]]
    with_dev: bool = True

    @property
    def needs_data(self) -> bool:
        """Whether the dataset needs a folder."""
        return self.of.needs_data

    def at(self, folder: Path) -> Derived:
        """The same, from the published files in a folder."""
        return replace(self, of=self.of.at(folder))

    def read(self, split: str) -> DatasetRecords:
        """The made records; the counts are of skipped rows of the dataset."""
        if split == "dev" and not self.with_dev:
            return DatasetRecords([], {})
        source = self.of.read(split)
        made = self.make(source.records)
        if split == "dev":
            made = list({record.group: record for record in reversed(made)}.values())[::-1]
        return DatasetRecords(made, source.skipped)

    def check(self) -> None:
        """Checks the dataset."""
        self.of.check()

    def train(self) -> Sequence[Record]:
        """The training records.

        Raises:
            DataError: as the dataset; no record can be made from it.
        """
        records = self.read("train").records
        if not records:
            raise DataError("no training record can be made from the dataset")
        return records

    def dev(self) -> Sequence[Record]:
        """The dev records."""
        return self.read("dev").records

    def checksum(self) -> str:
        """Checksum of the dataset."""
        return self.of.checksum()


def english_rows(rows: Iterable[Row], language_of: Callable[[Row], str] | None) -> Iterator[Row]:
    """Marks rows in languages other than English as broken, so that they are skipped.

    Args:
        rows: rows of one split.
        language_of: the language of a row; None: all are English.
    """
    for row in rows:
        if language_of is None or row.broken or language_of(row) == "en":
            yield row
        else:
            yield replace(row, broken=OTHER_LANGUAGE)


def collect(rows: Iterable[Row], fields: Fields, prefix: str) -> DatasetRecords:
    """Turns rows into records for training.

    Args:
        rows: rows of one split.
        fields: how a row becomes a record.
        prefix: prefix of the ids, before the published id.

    Raises:
        DataError: a row is faulty or lacks its label, or an id appears twice.
    """
    skipped: Counter[str] = Counter()
    records = hold_records(lambda: _records(rows, fields, prefix, skipped))
    return DatasetRecords(records, dict(skipped))


def _records(
    rows: Iterable[Row], fields: Fields, prefix: str, skipped: Counter[str]
) -> Iterator[Record]:
    keys: set[str] = set()
    for row in rows:
        if row.broken:
            skipped[row.broken] += 1
            continue
        if not fields.labelled(row):
            raise row.fault("no label", "labelled examples for training and model selection")
        key = fields.key(row)
        record = fields.record(row, f"{prefix}{key}")
        if isinstance(record, str):
            skipped[record] += 1
            continue
        if key in keys:
            raise row.fault(f"the id {key!r} appears twice", "an id for each example")
        keys.add(key)
        yield record
