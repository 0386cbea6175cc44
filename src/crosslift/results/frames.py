"""Results as tables of pyarrow, pandas or polars."""

from __future__ import annotations

import importlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Literal, TypeVar, get_type_hints

import pyarrow as pa

from crosslift.errors import DataError, UnknownNameError, first_few
from crosslift.results.result_record import ResultRecord

Library = Literal["pandas", "polars", "pyarrow"]
Row = TypeVar("Row")


class AsFrame(ABC):
    """Rows with named columns."""

    @abstractmethod
    def to_arrow(self) -> pa.Table:
        """A table of pyarrow with one row for each record."""

    def to_pandas(self) -> Any:
        """A data frame of pandas with one row for each record.

        Raises:
            DataError: pandas is not installed.
        """
        return self.frame("pandas")

    def to_polars(self) -> Any:
        """A data frame of polars with one row for each record.

        Raises:
            DataError: polars is not installed.
        """
        return self.frame("polars")

    def frame(self, library: Library | None = None) -> Any:
        """A data frame with one row for each record.

        Args:
            library: ``pandas``, ``polars`` or ``pyarrow``. None: the first of them that is installed.

        Raises:
            UnknownNameError: another library.
            DataError: the library is not installed.
        """
        chosen: str = library or next(name for name in _MAKERS if _is_installed(name))
        if chosen not in _MAKERS:
            raise UnknownNameError("library of data frames", chosen, _MAKERS)
        if not _is_installed(chosen):
            raise DataError(
                f"{chosen} is not installed",
                "a library that is",
                f"pip install {chosen}, or take `to_arrow()`",
            )
        return _MAKERS[chosen](self.to_arrow())


class Rows(tuple[Row, ...], AsFrame, Generic[Row]):
    """Records of a run: a tuple, and a table.

    Args:
        rows: the records.
        kind: their class, which names the columns.
    """

    __slots__ = ()
    kind: type[Row]

    def to_arrow(self) -> pa.Table:
        """A table of pyarrow with one row for each record."""
        columns = _columns(self.kind)
        dumped = [_as_mapping(row) for row in self]
        schema = _types(self.kind)
        arrays = {n: pa.array([row.get(n) for row in dumped], schema.get(n)) for n in columns}
        return pa.table(arrays)

    def __repr__(self) -> str:
        return _short(len(self), _columns(self.kind))


def rows_of(kind: type[Row], rows: Iterable[Row]) -> Rows[Row]:
    """Records as a tuple that is also a table.

    Args:
        kind: class of the records.
        rows: the records.
    """
    made: Rows[Row] = _class_of(kind)(rows)
    return made


_CLASSES: dict[type, type[Rows[Any]]] = {}


def _class_of(kind: type) -> type[Rows[Any]]:
    """The class of tuples of one kind of record; an instance of a tuple cannot have attributes."""
    if kind not in _CLASSES:
        _CLASSES[kind] = type("Rows", (Rows,), {"kind": kind, "__slots__": ()})
    return _CLASSES[kind]


class Outcomes(AsFrame):
    """The outcome of every query, with its texts. The table is read at its first use.

    Args:
        read: returns the table.
    """

    def __init__(self, read: Callable[[], pa.Table]) -> None:
        self._read = read
        self._table: pa.Table | None = None

    def to_arrow(self) -> pa.Table:
        """A table of pyarrow with one row for each query, arm, seed, target and protocol.

        Raises:
            DataError: a file of the run is missing or damaged.
        """
        if self._table is None:
            self._table = self._read()
        return self._table

    def __len__(self) -> int:
        return len(self.to_arrow())

    def __repr__(self) -> str:
        table = self.to_arrow()
        return _short(len(table), table.column_names)


def _short(count: int, columns: Iterable[str]) -> str:
    names = first_few(list(columns), 10)
    return f"<{count:,} rows: {names}; .to_arrow(), .to_pandas() or .to_polars()>"


def _columns(kind: type) -> list[str]:
    return list(kind.model_fields if issubclass(kind, ResultRecord) else get_type_hints(kind))


def _types(kind: type) -> Mapping[str, pa.DataType]:
    """Column -> its type, if it is a plain type; pyarrow infers the others."""
    return {name: _PLAIN[of] for name, of in get_type_hints(kind).items() if of in _PLAIN}


_PLAIN = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    float | None: pa.float64(),
    str | None: pa.string(),
    int | None: pa.int64(),
}


def _as_mapping(row: Any) -> Mapping[str, Any]:
    mapping: Mapping[str, Any] = (
        row.model_dump(mode="json") if isinstance(row, ResultRecord) else row._asdict()
    )
    return mapping


def _is_installed(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def _polars(table: pa.Table) -> Any:
    polars: Any = importlib.import_module("polars")
    return polars.from_arrow(table)


_MAKERS: Mapping[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(),
    "polars": _polars,
    "pyarrow": lambda table: table,
}
"""Library -> function that makes its data frame from a table, in the order of preference."""
