"""Records that are too many for memory: in an Arrow file, mapped into memory and read row by row.

Few records are a list. More are written once, batch by batch, into a file of the cache, and a record is
made from its row whenever it is read. Either way they are a sequence with the same records in the same
order, so that nothing that draws from them can differ.
"""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter, index
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.code import code_of, import_closure
from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.drafts import draft_of
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.places import home
from crosslift.errors import ArtifactError, first_line
from crosslift.sources.picture import Picture
from crosslift.sources.record import Record

MOST_IN_MEMORY = 128 << 20
"""Approximate limit, in bytes, of records in a list; larger ones are written to a file."""

FOLDER = "records"
"""Folder in the cache for files of records."""

_BYTES_OF_A_RECORD = 600
"""Bytes of a record besides its texts; measured on text pairs."""
_ROWS, _LETTERS = 4096, 16 << 20
"""Most rows of a batch, and the letters after which it ends."""
_SPARSE = 16
"""Mean distance of chosen rows above which rows are read one by one."""
_COLUMNS = ("id", "language", "group", "names", "texts", "others", "image")
_others = attrgetter("label", "choices", "answer", "spans", "words", "tags", "score", "margins")
"""The last fields of a record, which texts without labels lack; they are one cell of JSON."""
_NO_OTHERS = _others(Record(""))


def hold_records(
    read: Callable[[], Iterable[Record]], facts: Callable[[], object] | None = None
) -> Sequence[Record]:
    """Records as a sequence: a list, or a file if they need more than `MOST_IN_MEMORY`.

    Args:
        read: yields the records. Those with pictures have no facts.
        facts: returns everything that decides the records, JSON-like: the checksum of their files,
            names of columns, the code that reads them. Their file is named by it, so that it is written
            once. None: the file is deleted when the records are dropped.

    Raises:
        ArtifactError: the file of the cache cannot be written or read.
    """
    folder = home() / FOLDER
    place = None
    if facts is not None and folder.is_dir():
        place = _place(folder, facts)
        if place.is_file():
            return StoredRecords(place)
    records = iter(read())
    first, full = _first(records)
    if not full:
        return first
    whole = _emptied(first, records)
    if facts is None:
        return _unnamed(folder, whole)
    place = place or _place(folder, facts)
    with file_written_whole(place) as draft:
        _write(draft, whole)
    return StoredRecords(place)


def _first(records: Iterator[Record]) -> tuple[list[Record], bool]:
    """The first records, as many as memory may hold, and whether there may be more."""
    first: list[Record] = []
    size = 0
    for record in records:
        first.append(record)
        size += _BYTES_OF_A_RECORD + _letters(record)
        if size > MOST_IN_MEMORY:
            return first, True
    return first, False


def _emptied(first: list[Record], rest: Iterator[Record]) -> Iterator[Record]:
    """The first records, which leave memory one by one, and the rest."""
    first.reverse()
    while first:
        yield first.pop()
    yield from rest


def _letters(record: Record) -> int:
    return sum(map(len, record.texts.values())) + sum(map(len, record.choices))


def _place(folder: Path, facts: Callable[[], object]) -> Path:
    code = code_of(import_closure([__name__]))
    return folder / f"{key_of({'records': facts(), 'code': code})}.arrow"


def _unnamed(folder: Path, records: Iterable[Record]) -> StoredRecords:
    """Records in a file without a name, which takes disk space until they are dropped."""
    place = make_folder(folder) / "unnamed.arrow"
    pictures = _Pictures()
    with disk_errors_explained(place), draft_of(place) as draft:
        _write(draft, records, pictures)
        return StoredRecords(draft, pictures)


class _Pictures:
    """Pictures as bytes, without what many of them share (see `Picture`), which stays in memory. Only
    this process reads them: their file has no name."""

    def __init__(self) -> None:
        self._shared: list[Any] = []
        self._numbers: dict[int, int] = {}

    def dump(self, picture: Picture) -> bytes:
        """A picture as bytes."""
        shared = getattr(picture, "shared", None)
        if shared is not None and id(shared) not in self._numbers:
            self._numbers[id(shared)] = len(self._shared)
            self._shared.append(shared)
        buffer = io.BytesIO()
        pickler = pickle.Pickler(buffer)
        pickler.persistent_id = lambda each: self._numbers.get(id(each))  # type: ignore[method-assign]
        pickler.dump(picture)
        return buffer.getvalue()

    def load(self, content: bytes) -> Picture:
        """The picture of some bytes."""
        unpickler = pickle.Unpickler(io.BytesIO(content))
        unpickler.persistent_load = self._shared.__getitem__  # type: ignore[method-assign]
        picture: Picture = unpickler.load()
        return picture


def _write(path: Path, records: Iterable[Record], pictures: _Pictures | None = None) -> None:
    import pyarrow as pa

    texts = pa.string()
    types = (texts, texts, texts, texts, pa.list_(texts), texts, pa.binary())
    schema = pa.schema(list(zip(_COLUMNS, types, strict=True)))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for rows in _batches(records, pictures):
            columns = [
                pa.array(cells, kind)
                for cells, kind in zip(zip(*rows, strict=True), types, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _batches(
    records: Iterable[Record], pictures: _Pictures | None
) -> Iterator[list[tuple[object, ...]]]:
    rows: list[tuple[object, ...]] = []
    letters = 0
    for record in records:
        rows.append(_row(record, pictures))
        letters += _letters(record)
        if len(rows) == _ROWS or letters > _LETTERS:
            yield rows
            rows, letters = [], 0
    if rows:
        yield rows


def _row(record: Record, pictures: _Pictures | None) -> tuple[object, ...]:
    """The cells of a record, see `_COLUMNS`."""
    if record.image is not None and pictures is None:
        raise TypeError(f"record {record.id!r} has a picture, which no other process can read")
    others = _others(record)
    return (
        record.id,
        record.language,
        record.group,
        _line_of_names(tuple(record.texts)),
        list(record.texts.values()),
        None if others == _NO_OTHERS else json.dumps(others, ensure_ascii=False),
        None if record.image is None or pictures is None else pictures.dump(record.image),
    )


@lru_cache(maxsize=1024)
def _line_of_names(names: tuple[str, ...]) -> str:
    return json.dumps(names, ensure_ascii=False)


class StoredRecords(Sequence[Record]):
    """The records of a file that `hold_records` has written.

    Args:
        path: path of the file; it may be deleted afterwards.
        pictures: pictures of the records.

    Raises:
        ArtifactError: it cannot be read.
    """

    def __init__(self, path: Path, pictures: _Pictures | None = None) -> None:
        import pyarrow as pa

        self._pictures = pictures or _Pictures()

        try:
            reader = pa.ipc.open_file(pa.memory_map(str(path)))
            self._batches = [reader.get_batch(n) for n in range(reader.num_record_batches)]
        except (pa.ArrowException, OSError) as error:
            raise ArtifactError(
                f"{path} cannot be read: {first_line(error)}",
                "a whole file of records",
                "delete it: it is written again",
            ) from error
        self._ends: NDArray[np.int64] = np.cumsum([len(batch) for batch in self._batches])

    def __len__(self) -> int:
        """Number of records."""
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, row: int) -> Record: ...
    @overload
    def __getitem__(self, row: slice) -> list[Record]: ...
    def __getitem__(self, row: int | slice) -> Record | list[Record]:
        """The record of a row, or the records of some rows, as for a list."""
        if isinstance(row, slice):
            start, stop, step = row.indices(len(self))
            if step == 1:
                return list(self._between(start, stop))
            return [self[number] for number in range(start, stop, step)]
        number = index(row)
        number += len(self) if number < 0 else 0
        if not 0 <= number < len(self):
            raise IndexError(f"record {row} of {len(self)}")
        return next(self._between(number, number + 1))

    def __iter__(self) -> Iterator[Record]:
        """All records, one batch in memory at a time."""
        return self._between(0, len(self))

    def _between(self, start: int, stop: int) -> Iterator[Record]:
        number = int(np.searchsorted(self._ends, start, side="right"))
        while start < stop:
            end = min(stop, int(self._ends[number]))
            batch = self._batches[number]
            offset = start - (int(self._ends[number]) - len(batch))
            yield from _records_of(batch.slice(offset, end - start), self._pictures)
            start, number = end, number + 1


def _records_of(batch: Any, pictures: _Pictures) -> Iterator[Record]:
    for name, language, group, names, texts, others, image in zip(
        *(column.to_pylist() for column in batch.columns), strict=True
    ):
        of_names = dict(zip(_values(names), texts, strict=True))
        values = () if others is None else _values(others)
        picture = None if image is None else pictures.load(image)
        yield Record(name, of_names, picture, language, group, *values)


@lru_cache(maxsize=1024)
def _values(line: str) -> tuple[Any, ...]:
    """The values of a line of JSON; lists in it are tuples."""
    return tuple(_fixed(value) for value in json.loads(line))


def _fixed(value: Any) -> Any:
    return tuple(map(_fixed, value)) if isinstance(value, list) else value


class ChosenRecords(Sequence[Record]):
    """Some records of a sequence, by their rows.

    Args:
        records: all records.
        rows: int64 [N], ascending.
    """

    def __init__(self, records: Sequence[Record], rows: NDArray[np.int64]) -> None:
        self._records = records
        self._rows = rows

    def __len__(self) -> int:
        """Number of chosen records."""
        return len(self._rows)

    @overload
    def __getitem__(self, row: int) -> Record: ...
    @overload
    def __getitem__(self, row: slice) -> list[Record]: ...
    def __getitem__(self, row: int | slice) -> Record | list[Record]:
        """The chosen record of a place, or those of some places, as for a list."""
        if not isinstance(row, slice):
            return self._records[int(self._rows[row])]
        rows = self._rows[row].tolist()
        first, last = min(rows, default=0), max(rows, default=-1)
        if last - first > _SPARSE * len(rows):
            return [self._records[number] for number in rows]
        block = self._records[first : last + 1]
        return [block[number - first] for number in rows]

    def __iter__(self) -> Iterator[Record]:
        """All chosen records, a few thousand in memory at a time."""
        for start in range(0, len(self), _ROWS):
            yield from self[start : start + _ROWS]
