"""The files of a job: pairs and a corpus to read, pairs with their negatives to write."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError
from crosslift.negatives.choose import ChosenNegatives
from crosslift.negatives.texts_of_pairs import TextsOfPairs
from crosslift.sources.record import Record, names_of_several
from crosslift.sources.record_tables import read_records
from crosslift.sources.table_types import column_names
from crosslift.tasks.own_files import task_of_file
from crosslift.tasks.own_records import FileRecords


def pairs_in(path: Path) -> FileRecords:
    """The pairs of a file, as the task `text-pairs` reads them.

    Raises:
        DataError: the file cannot be read, or has margins.
    """
    source = task_of_file("text-pairs", path, {}).source
    if not isinstance(source, FileRecords):
        raise TypeError(f"{path} is no table")
    if source.margin_column is not None:
        raise DataError(
            f"{path} has a column {source.margin_column!r}, a margin for each negative",
            "pairs without margins: mined negatives have none",
            "remove the column",
        )
    return source


def corpus_in(path: Path) -> Sequence[Record]:
    """The texts of a corpus: a table with a column ``text``, and maybe ``group``.

    Raises:
        DataError: the file cannot be read.
    """
    group = "group" if "group" in column_names(path) else None
    return read_records(path, {"text": "text"}, group_column=group)


def write_pairs(
    out: Path, source: FileRecords, texts: TextsOfPairs, chosen: ChosenNegatives
) -> None:
    """Writes pairs with their negatives as JSON lines, whole or not at all.

    A row has the pair, its group and language if the file states them, and ``negative``: the negatives
    of the file, then the mined ones. A pair without negatives has no such key.

    Args:
        out: the file; gzipped if its name ends with `.gz`.
        source: file of the pairs.
        texts: texts of the pairs.
        chosen: negatives of each pair.
    """
    with file_written_whole(out) as draft, _opened(draft, packed=out.suffix == ".gz") as file:
        for record, numbers in zip(texts.records, chosen.texts, strict=True):
            row: dict[str, Any] = {name: record.texts[name] for name in ("anchor", "positive")}
            if source.group_column is not None:
                row["group"] = record.group
            if source.language_column is not None:
                row["language"] = record.language
            names = names_of_several(record.texts, "negative")
            negatives = [record.texts[name] for name in names]
            negatives += [texts.texts[number] for number in numbers.tolist()]
            if negatives:
                row["negative"] = negatives
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")


@contextmanager
def _opened(draft: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with draft.open("wb") as file:
        if not packed:
            yield file
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as whole:
            yield whole  # type: ignore[misc]
