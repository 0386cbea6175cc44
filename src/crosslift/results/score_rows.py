"""The rows of ``results.parquet`` and ``curves.parquet``: each class declares the columns of a file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar, get_type_hints

import pyarrow as pa

from crosslift.errors import DataError
from crosslift.results.result_record import RUN_AGAIN
from crosslift.sources.formats.parquet_rows import open_parquet

CURVES_FILE = "curves.parquet"

RESULTS_FILE = "results.parquet"

_COLUMN_TYPES = {
    str: pa.string(),
    str | None: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
}


class Score(NamedTuple):
    """One score: a row of ``results.parquet``."""

    study: str
    """Name of the study."""
    arm: str
    """Name of the arm."""
    seed: int
    """Seed of the arm."""
    target: str
    """Name of the target."""
    protocol: str
    """Id of the protocol."""
    step_key: str
    """Key of the step that measured it; empty for a mean over languages that separate steps
    measured."""
    subset: str
    """``all``, or ``clean``: without the items that overlap a training text."""
    language: str
    """Code of the language, or of the pair; ``macro``: mean over the languages."""
    metric: str
    """Name of the metric."""
    value: float
    """The score, in [0, 1]; for ranks, a plain number."""
    n: int
    """Number of queries."""


class CurvePoint(NamedTuple):
    """One point of a learning curve: a row of ``curves.parquet``."""

    arm: str
    """Name of the arm."""
    seed: int
    """Seed of the arm."""
    stage: int
    """Number of the stage, from 0."""
    task: str
    """Name of the task."""
    update: int
    """Number of the update."""
    metric: str
    """``loss``, or the name of a dev score."""
    value: float
    """The loss, or the score."""


Row = TypeVar("Row", bound=NamedTuple)
Measured = TypeVar("Measured", Score, CurvePoint)


def table_of(rows: Iterable[Row], kind: type[Row]) -> pa.Table:
    """Rows as a table, one column for each field of their kind."""
    columns = [list(values) for values in zip(*rows, strict=True)] or [[] for _ in kind._fields]
    return pa.table(columns, schema=_schema(kind))


def read_rows(path: Path, kind: type[Measured]) -> tuple[Measured, ...]:
    """Reads the rows of a parquet file.

    Raises:
        DataError: the file is damaged, lacks a column or a value, or holds a value that is not finite.
    """
    table = _read_table(path, _schema(kind))
    columns = (table[name].to_pylist() for name in kind._fields)
    rows = tuple(kind(*values) for values in zip(*columns, strict=True))
    for row in rows:
        if None in row:
            raise DataError(f"{path} lacks a value in {row}", "whole rows", RUN_AGAIN)
        if not math.isfinite(row.value):
            raise DataError(f"{path} holds the value {row.value} in {row}", "a finite number")
    return rows


def _schema(kind: type[Row]) -> pa.Schema:
    return pa.schema([(name, _COLUMN_TYPES[of]) for name, of in get_type_hints(kind).items()])


def _read_table(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        file = open_parquet(path)
        present = file.schema_arrow.names
        missing = [name for name in schema.names if name not in present]
        if missing:
            raise DataError(
                f"{path} lacks the columns {', '.join(missing)}", ", ".join(schema.names), RUN_AGAIN
            )
        return file.read(columns=schema.names).select(schema.names).cast(schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", "a parquet file", RUN_AGAIN) from error
