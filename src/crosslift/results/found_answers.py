"""The best answers that queries found: ``found.parquet`` of a run folder."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.sources.formats.parquet_rows import parquet_faults

FOUND_FILE = "found.parquet"
KEYS = ("arm", "seed", "target", "protocol", "language", "item")
"""Columns that name a query; ``answers`` and ``scores`` are lists, the best first."""


def read_found_answers(folder: Path) -> pa.Table | None:
    """``found.parquet`` of a run: one row for each query, arm, seed, target and protocol. None: a run
    without it, as those of earlier versions.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / FOUND_FILE
    if not path.is_file():
        return None
    with parquet_faults(path):
        return pq.read_table(path)
