"""The items of a selection as CSV or parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from crosslift.artifacts.disk_errors import make_folder
from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError
from crosslift.explorer.explored import Explored
from crosslift.explorer.items import FIRST
from crosslift.explorer.selection import Chosen
from crosslift.results.found_answers import KEYS
from crosslift.results.query_texts import joined_with_texts

_FIRST_COLUMNS = (
    *("target", "protocol", "language", "item", "arm", "seed", "clean"),
    *("query_text", "right_text", "retrieved", "retrieved_text"),
)
_WRITERS: Mapping[str, Callable[[pa.Table, Any], None]] = {
    ".csv": pyarrow.csv.write_csv,
    ".parquet": pq.write_table,
}


def write_item_table(explored: Explored, chosen: Chosen, path: Path) -> int:
    """Writes one row for each query, arm and seed of a selection: the outcomes, the texts, and the five
    best answers with their scores, if the run has them.

    Args:
        explored: the results.
        chosen: the selection.
        path: output file; its ending is the format, ``.csv`` or ``.parquet``.

    Returns:
        The number of rows.

    Raises:
        DataError: another ending; or no row is chosen.
        UnknownNameError: see `Chosen.check`.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise DataError(f"a table in {path.name}", "a name that ends in .csv or .parquet")
    chosen.check(explored)
    outcomes = chosen.rows(explored.outcomes)
    if not len(outcomes):
        raise DataError("the selection has no items", "at least one", "leave out an option")
    table = joined_with_texts(outcomes, explored.texts)
    measured = [
        name
        for name in outcomes.column_names
        if pa.types.is_floating(outcomes[name].type) and outcomes[name].null_count < len(outcomes)
    ]
    table = table.select([*_FIRST_COLUMNS, *measured])
    if explored.found is not None:
        table = _with_answers(table, chosen.rows(explored.found), explored.texts)
    make_folder(path.parent)
    with file_written_whole(path) as draft:
        write(table, draft)
    return len(table)


def _with_answers(table: pa.Table, found: pa.Table, texts: pa.Table | None) -> pa.Table:
    """Adds ``answer_1``, ``answer_1_text``, ``score_1`` and so on; null where there is no such
    answer."""
    place = pc.index_in(_keys(table, KEYS), value_set=_keys(found, KEYS))
    of_texts = None if texts is None else texts.filter(pc.field("role") == "retrieved")
    for rank in range(FIRST):
        answers = _ranked(found["answers"], rank).take(place)
        columns = {f"answer_{rank + 1}": answers}
        if of_texts is not None:
            keys = [table[name] for name in ("target", "protocol", "language")]
            at = pc.index_in(
                _joined([*keys, answers]),
                value_set=_keys(of_texts, ("target", "protocol", "language", "item")),
            )
            columns[f"answer_{rank + 1}_text"] = of_texts["text"].combine_chunks().take(at)
        columns[f"score_{rank + 1}"] = _ranked(found["scores"], rank).take(place)
        for name, column in columns.items():
            table = table.append_column(name, column)
    return table


def _ranked(lists: pa.ChunkedArray, rank: int) -> pa.Array:
    """The element of each list at a rank; null if the list is shorter."""
    whole = lists.combine_chunks()
    flat, lengths = pc.list_flatten(whole), pc.list_value_length(whole).to_numpy()
    starts = np.cumsum(lengths) - lengths
    there = lengths > rank
    return flat.take(pa.array(np.where(there, starts + rank, 0), mask=~there))


def _keys(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    return _joined([table[name] for name in names])


def _joined(columns: list[pa.ChunkedArray | pa.Array]) -> pa.Array:
    """One key for each row; null where a column is."""
    keys = pc.binary_join_element_wise(*(pc.cast(c, pa.string()) for c in columns), "\x1f")
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
