"""The rows of a table by the values of some columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def parts_of(table: pa.Table, by: Sequence[str]) -> dict[tuple[str, ...], pa.Table]:
    """Splits a table once, however many parts it has.

    Args:
        table: any.
        by: names of columns of texts or numbers.

    Returns:
        values of the columns, as texts -> the rows with them, in their order.
    """
    if not len(table):
        return {}
    code = np.zeros(len(table), np.int64)
    values = []
    for name in by:
        column = pc.cast(table[name], pa.string()).combine_chunks().dictionary_encode()
        values.append(column.dictionary.to_pylist())
        code = code * max(1, len(values[-1])) + column.indices.to_numpy()
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    ends = [*starts[1:].tolist(), len(code)]
    ordered = table.take(order)
    parts = {}
    for start, end in zip(starts.tolist(), ends, strict=True):
        rest, names = int(code[order[start]]), []
        for of_column in reversed(values):
            rest, place = divmod(rest, max(1, len(of_column)))
            names.append(of_column[place])
        parts[tuple(reversed(names))] = ordered.slice(start, end - start)
    return parts
