"""Parquet files whose rows hold the bytes of a picture, as the Hugging Face hub stores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError
from crosslift.sources.captions.columns import ID_NAMES, Binding, bind, entry_of
from crosslift.sources.captions.entry import CaptionEntry, split_in_name
from crosslift.sources.file_names import inside
from crosslift.sources.formats.parquet_rows import (
    batches_of,
    cells_of,
    open_parquet,
    parquet_faults,
)
from crosslift.sources.formats.rows import Row
from crosslift.sources.picture import Picture

_GROUPS_IN_MEMORY = 4


@dataclass(frozen=True, slots=True)
class ParquetPicture:
    """A picture in a cell of a parquet file.

    Reading one reads its row group; a run caches the last few groups, so that pictures next to one
    another are read together.

    Args:
        path: path of the file.
        column: column of the bytes: ``image.bytes``, or a column of bytes.
        group: row group, from 0.
        row: in the group, from 0.
    """

    path: Path
    column: str
    group: int
    row: int

    def read_bytes(self) -> bytes:
        """The picture's bytes.

        Raises:
            OSError: the file cannot be read.
            DataError: the file is damaged, or has changed.
        """
        cells = _cells(self.path, self.column, self.group)
        data = cells[self.row].as_py() if self.row < len(cells) else None
        if data is None:
            raise DataError(f"{self}: no bytes", "a file that has not changed since")
        return bytes(data)

    def __str__(self) -> str:
        return f"{self.path}, row group {self.group}, row {self.row} of it"


@dataclass(frozen=True, slots=True)
class ParquetFiles:
    """Parquet files with pictures, read in the given order.

    A picture is a struct ``{bytes, path}`` (the hub's), bytes, or the path of a file, relative to
    that of the table and inside the folder of the data (`file_names.inside`). What names the picture
    is read from one of `columns.ID_NAMES`; without one, each row is a separate picture.

    Args:
        paths: paths of the files.
        base: folder that ids, and names of splits, are relative to.
    """

    paths: tuple[Path, ...]
    base: Path

    @property
    def format(self) -> str:
        """Its name."""
        return "parquet"

    @property
    def takes_columns(self) -> bool:
        """Returns True."""
        return True

    @property
    def keeps_repeats(self) -> bool:
        """Returns False."""
        return False

    def files(self) -> list[Path]:
        """The parquet files."""
        return list(self.paths)

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each row; bytes of pictures are not read.

        Raises:
            DataError: a file is damaged, or a row is faulty.
        """
        for path in self.paths:
            file = open_parquet(path)
            schema = file.schema_arrow
            binding = bind(schema.names, columns, str(path), ids=ID_NAMES)
            row_binding = binding if binding.id != binding.image else replace(binding, id=None)
            split = split_in_name(path, self.base)
            for entry in self._file_entries(path, file, row_binding):
                yield entry if entry.split else replace(entry, split=split)

    def _file_entries(self, path: Path, file: Any, binding: Binding) -> Iterator[CaptionEntry]:
        name = path.relative_to(self.base).with_suffix("").as_posix()
        number = 0
        for group in range(file.num_row_groups):
            pictures = self._pictures(path, file, binding.image, group)
            rows = list(cells_of(path, file, binding.beside_image, group))
            if len(rows) != len(pictures):
                raise _uneven_error(path, group)
            for values, picture in zip(rows, pictures, strict=True):
                number += 1
                row = Row(values, f"{path}, row {number}", number)
                default_id = str(picture) if isinstance(picture, Path) else f"{name}:{number}"
                yield entry_of(row, binding, picture, default_id)

    def _pictures(self, path: Path, file: Any, column: str, group: int) -> list[Picture | None]:
        """The pictures of a row group: where their bytes are, or their files."""
        import pyarrow as pa

        kind = file.schema_arrow.field(column).type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return [self._file(path, row[column]) for row in cells_of(path, file, [column], group)]
        names: list[object] | None = None
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            leaf = f"{column}.bytes"
            if kind.get_field_index("path") >= 0:
                cells = (row[column] for row in cells_of(path, file, [f"{column}.path"], group))
                names = [cell["path"] if cell else None for cell in cells]
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            leaf = column
        else:
            raise DataError(
                f"{path}: the column {column!r} is of the type {kind}",
                "a struct of bytes and path, bytes, or a text with the path of a picture",
            )
        has_bytes = _cells_with_bytes(path, leaf, group)
        if names is not None and len(names) != len(has_bytes):
            raise _uneven_error(path, group)
        return [
            ParquetPicture(path, leaf, group, row)
            if present
            else self._file(path, names[row] if names else None)
            for row, present in enumerate(has_bytes)
        ]

    def _file(self, table: Path, name: object) -> Path | None:
        """The file that a row names, relative to that of the table."""
        if not isinstance(name, str) or not name:
            return None
        return inside(self.base, table.parent / name, str(table))


def _uneven_error(path: Path, group: int) -> DataError:
    return DataError(
        f"{path} cannot be read: the columns of row group {group} have different lengths",
        "a whole parquet file",
        "get it again",
    )


@read_once()
def _cells_with_bytes(path: Path, leaf: str, group: int) -> tuple[bool, ...]:
    """Which cells of a row group hold bytes. This reads the bytes: see `parquet_rows` on statistics."""
    file = open_parquet(path)
    batches = batches_of(path, file, [leaf], group)
    return tuple(
        cell for batch in batches for cell in _leaf(file, leaf, batch).is_valid().to_pylist()
    )


def _leaf(file: Any, leaf: str, cells: Any) -> Any:
    """The cells of a column, or of a field of a struct; null if the struct is null."""
    import pyarrow.compute as pc

    if leaf in file.schema_arrow.names:
        return cells[leaf]
    return pc.struct_field(cells[leaf.removesuffix(".bytes")], "bytes")


@read_once(most=_GROUPS_IN_MEMORY)
def _cells(path: Path, leaf: str, group: int) -> Any:
    file = open_parquet(path)
    if group >= file.num_row_groups:
        raise DataError(f"{path} has no row group {group}", "a file that has not changed since")
    with parquet_faults(path):
        return _leaf(file, leaf, file.read_row_group(group, columns=[leaf]))
