"""The best answers that queries found, as an artifact: ``found.parquet``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.results.found_answers import FOUND_FILE
from crosslift.steps.step import Step
from crosslift.targets.query_outcomes import Found, Outcomes

_GRAIN = 2.0**14
"""Scores are rounded to multiples of its inverse, 0.00006, so that they take half of the space."""
_NAME = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        *((name, _NAME) for name in ("language", "protocol")),
        ("item", pa.string()),
        ("answers", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
    ]
)


def write_found_answers(outcomes: Sequence[Outcomes], folder: Path) -> None:
    """Writes one row for each query and protocol, of protocols whose queries rank candidates: the ids
    of the best candidates, the best first, and their scores, rounded to 1/16384."""
    tables = [_table(each, each.found) for each in outcomes if each.found is not None]
    if tables:
        pq.write_table(pa.concat_tables(tables), folder / FOUND_FILE, compression="zstd")


def _table(outcomes: Outcomes, found: Found) -> pa.Table:
    count = len(outcomes.items)
    rounded = (np.round(found.scores * _GRAIN) / _GRAIN).astype(np.float32)
    return pa.table(
        [
            _repeated(outcomes.language, count),
            _repeated(outcomes.protocol, count),
            pa.array(outcomes.items, pa.string()),
            _lists(pa.array(found.answers.ravel(), pa.string()), found.answers.shape),
            _lists(pa.array(rounded.ravel()), rounded.shape),
        ],
        schema=_SCHEMA,
    )


def _repeated(value: str, count: int) -> pa.DictionaryArray:
    indices: NDArray[np.int32] = np.zeros(count, np.int32)
    return pa.DictionaryArray.from_arrays(indices, [value])


def _lists(values: pa.Array, shape: tuple[int, ...]) -> pa.ListArray:
    rows, columns = shape
    return pa.ListArray.from_arrays(np.arange(rows + 1, dtype=np.int32) * columns, values)


def open_found_answers(steps: Iterable[Step], store: Store) -> pa.Table:
    """The tables that steps of evaluation wrote, in the order of the steps. Steps of earlier versions,
    and targets whose queries are not answered one by one, have no rows."""
    paths = [step.open(store) / FOUND_FILE for step in steps]
    tables = [pq.read_table(path, schema=_SCHEMA) for path in paths if path.is_file()]
    return pa.concat_tables([_SCHEMA.empty_table(), *tables]).unify_dictionaries()
