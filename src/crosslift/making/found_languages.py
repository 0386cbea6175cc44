"""The languages of the candidates that queries find in a mixed pool: ``found_languages.parquet``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.artifacts.store import Store
from crosslift.steps.step import Step
from crosslift.targets.evaluate_judged import FoundLanguages

_FILE = "found_languages.parquet"
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("language", "protocol", "item", "pool_language")),
        *((name, pa.float64()) for name in ("pool", "top", "found", "closer")),
    ]
)


def write_found_languages(entries: Sequence[FoundLanguages], folder: Path) -> None:
    """Writes one row for each query and language of its pool; see `FoundLanguages`. ``found`` and
    ``closer`` are null where they are not defined."""
    if entries:
        pq.write_table(pa.concat_tables(map(_table, entries)), folder / _FILE)


def _table(entry: FoundLanguages) -> pa.Table:
    count, names = len(entry.items), list(entry.top)
    size = count * len(names)

    def column(values: Iterable[np.ndarray]) -> pa.Array:
        return pa.array(np.concatenate(list(values)), pa.float64(), from_pandas=True)

    return pa.table(
        [
            pa.array([entry.language] * size),
            pa.array([entry.protocol] * size),
            pa.array(list(entry.items) * len(names)),
            pa.array(np.repeat(names, count)),
            pa.array(np.repeat([entry.pool[name] for name in names], count)),
            column(entry.top[name] for name in names),
            column(entry.found[name] for name in names),
            column(entry.closer[name] for name in names),
        ],
        schema=_SCHEMA,
    )


def open_found_languages(steps: Iterable[Step], store: Store) -> pa.Table:
    """The tables that steps of evaluation wrote, in the order of the steps; no rows if no pool has
    several languages."""
    paths = [step.open(store) / _FILE for step in steps]
    tables = [pq.read_table(path) for path in paths if path.is_file()]
    return pa.concat_tables([_SCHEMA.empty_table(), *tables])
