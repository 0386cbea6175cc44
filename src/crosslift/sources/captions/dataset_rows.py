"""Rows of the library `datasets` with a picture, whose bytes stay encoded until they are needed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosslift.errors import DataError, first_line
from crosslift.sources.captions.columns import Binding, entry_of
from crosslift.sources.captions.entry import CaptionEntry
from crosslift.sources.file_names import inside_one_of
from crosslift.sources.formats.rows import Row
from crosslift.sources.picture import Picture

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class DatasetPicture:
    """A picture in a row of a dataset.

    Args:
        where: the dataset, for messages; the same for all pictures of one dataset.
        row: number of the row, from 0.
        column: column of the picture.
        dataset: a dataset of `datasets`, with this column, not decoded.
    """

    where: str
    row: int
    column: str
    dataset: Any = field(compare=False, repr=False)

    @property
    def shared(self) -> Any:
        """The dataset, which all its pictures share."""
        return self.dataset

    def read_bytes(self) -> bytes:
        """The picture's bytes.

        Raises:
            DataError: the row holds none.
        """
        data = self.dataset[self.row][self.column]["bytes"]
        if data is None:
            raise DataError(f"{self}: no bytes", "a dataset that has not changed since")
        return bytes(data)

    def __str__(self) -> str:
        return f"{self.where}, row {self.row + 1}"


def datasets_library(name: str, remedy: str) -> Any:
    """The library `datasets`, or another that comes with it.

    Args:
        name: name of the library.
        remedy: what the error message suggests instead.

    Raises:
        DataError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DataError(
            f"the library `{name}` is not installed",
            remedy=f"`pip install 'crosslift[hub]'`, or {remedy}",
        ) from error


def dataset_entries(
    dataset: Any, binding: Binding, where: str, name: str, places: Sequence[Path]
) -> Iterator[CaptionEntry]:
    """One entry for each row.

    Args:
        dataset: a dataset of `datasets`, loaded whole.
        binding: binding of its columns.
        where: the dataset, for errors.
        name: prefix of the ids, if no column names the picture.
        places: folders; each file that a row names must lie in one of them. A relative path
            belongs to the first.

    Raises:
        DataError: a row is faulty or names a file elsewhere, or the column of pictures holds none.
    """
    _refuse_damaged(dataset, where)
    undecoded = _undecoded(dataset, binding.image, where)
    pictures = undecoded.select_columns([binding.image])
    for number, (values, has_bytes, file) in enumerate(_cells(undecoded, binding, where), start=1):
        row = Row(values, f"{where}, row {number}", number)
        picture: Picture | None = None
        if has_bytes:
            picture = DatasetPicture(where, number - 1, binding.image, pictures)
        elif file:
            picture = inside_one_of(places, Path(file), row.place)
        yield entry_of(row, binding, picture, f"{name}:{number}")


def _cells(
    undecoded: Any, binding: Binding, where: str
) -> Iterator[tuple[dict[str, Any], bool, str | None]]:
    """For each row: its values, whether it holds a picture's bytes, and the path of its file.

    Raises:
        DataError: the dataset is damaged.
    """
    try:
        for batch in undecoded.with_format("arrow").iter(_ROWS_AT_ONCE):
            rows = batch.select(binding.beside_image).to_pylist()
            for values, (has_bytes, file) in zip(rows, _files(batch[binding.image]), strict=True):
                yield values, has_bytes, file
    except Exception as error:
        raise DataError(
            f"{where} cannot be read: {first_line(error)}", "a whole dataset"
        ) from error


def _refuse_damaged(dataset: Any, where: str) -> None:
    """Raises if the table's offsets are wrong: reading with them would crash the process.

    The bytes of pictures are not read.
    """
    try:
        dataset.data.validate(full=True)
    except Exception as error:
        raise DataError(
            f"{where} cannot be read: {first_line(error)}", "a whole dataset", "get it again"
        ) from error


def _undecoded(dataset: Any, column: str, where: str) -> Any:
    library = datasets_library("datasets", "give the pictures in files")
    try:
        return dataset.cast_column(column, library.Image(decode=False))
    except Exception as error:
        raise DataError(
            f"{where}: the column {column!r} ({dataset.features[column]}) holds no pictures",
            "a column of the type Image, or of bytes",
            "name another: columns {'image': ...}",
        ) from error


def _files(column: Any) -> Iterator[tuple[bool, str | None]]:
    """For each cell: whether it holds bytes, and the path of its file; no bytes are read."""
    import pyarrow.compute as pc

    has_bytes = pc.is_valid(pc.struct_field(column, "bytes")).to_pylist()
    paths = pc.struct_field(column, "path").to_pylist()
    return zip(has_bytes, paths, strict=True)
