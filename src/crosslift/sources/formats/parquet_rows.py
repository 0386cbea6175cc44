"""The rows of parquet files.

Only a file's schema, its number of rows and its cells are read. The metadata of each column,
such as statistics, are never read: if they are damaged, pyarrow crashes the process (a C++ exception
in code that must not throw one).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosslift.errors import DataError, first_line
from crosslift.sources.formats.rows import Row
from crosslift.sources.gunzip import ALWAYS_READ, MOST_EXPANSION

_ROWS_AT_ONCE = 1000


def open_parquet(path: Path) -> Any:
    """Opens a parquet file with pyarrow.

    Raises:
        DataError: it is not a parquet file, is damaged, or declares more than its size can hold.
    """
    from pyarrow import parquet

    with parquet_faults(path):
        file = parquet.ParquetFile(path)
        file.schema_arrow.names  # noqa: B018 (names that are not UTF-8 raise here)
        groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
        size = path.stat().st_size
    most = max(ALWAYS_READ, MOST_EXPANSION * size)
    if any(group.num_rows < 0 or group.total_byte_size < 0 for group in groups):
        raise DataError(f"{path} cannot be read: a negative size", "a whole parquet file")
    if sum(group.num_rows for group in groups) > most or any(
        group.total_byte_size > most for group in groups
    ):
        raise DataError(
            f"{path} declares {file.metadata.num_rows:,} rows in {size:,} bytes, more than "
            f"{MOST_EXPANSION} times its size",
            f"at most {MOST_EXPANSION} times, or {ALWAYS_READ >> 20} MiB",
            "write it again, with fewer rows in a file",
        )
    return file


def column_names(path: Path) -> tuple[str, ...]:
    """Names of a parquet file's columns.

    Raises:
        DataError: as `open_parquet`.
    """
    return tuple(open_parquet(path).schema_arrow.names)


def parquet_rows(path: Path) -> Iterator[Row]:
    """The rows of a parquet file, numbered from 1.

    Raises:
        DataError: as `open_parquet`; a text that is not UTF-8.
    """
    for number, values in enumerate(cells_of(path, open_parquet(path), None), start=1):
        yield Row(values, f"{path}, row {number}", number)


def cells_of(
    path: Path, file: Any, columns: Sequence[str] | None, group: int | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of an open parquet file, with a thousand at a time in memory.

    Args and raises: as `batches_of`.
    """
    with parquet_faults(path):
        for batch in batches_of(path, file, columns, group):
            yield from batch.to_pylist()


def batches_of(
    path: Path, file: Any, columns: Sequence[str] | None, group: int | None = None
) -> Iterator[Any]:
    """The rows of an open parquet file as record batches of pyarrow.

    Args:
        path: path of the file, for errors.
        file: from `open_parquet`.
        columns: to read; fields of a struct by ``COLUMN.FIELD``; None: all.
        group: row group, from 0; None: all.

    Raises:
        DataError: the file is damaged.
    """
    with parquet_faults(path):
        yield from file.iter_batches(
            batch_size=_ROWS_AT_ONCE,
            row_groups=None if group is None else [group],
            columns=None if columns is None else list(columns),
        )


@contextmanager
def parquet_faults(path: Path) -> Iterator[None]:
    """Turns errors of pyarrow into errors that name the parquet file.

    Raises:
        DataError: the block raises an error of pyarrow.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(
            f"{path} cannot be read: {first_line(error)}", "a whole parquet file", "get it again"
        ) from error
