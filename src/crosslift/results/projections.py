"""Vectors of a run in two dimensions: ``projections.parquet`` of a run folder."""

from __future__ import annotations

import pyarrow as pa

PROJECTIONS_FILE = "projections.parquet"
_NAME = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("target", _NAME),
        ("arm", _NAME),
        ("seed", pa.int64()),
        ("text_language", _NAME),
        ("text", _NAME),
        ("picture", _NAME),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("neighbours", pa.list_(pa.int32())),
        ("distances", pa.list_(pa.float32())),
    ]
)
"""One row for each content and arm. A content is a text with its language, or a picture with its id;
the columns of the other are null. ``x`` and ``y``: coordinates of its unit vector in the plane of the
first two principal components of the baseline, or of the first arm that has scores; the rows of that
arm come first. ``neighbours``: row numbers, from 0, of the nearest contents of the same arm and target,
the nearest first; ``distances``: 1 minus their cosines."""
