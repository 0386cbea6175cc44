"""Small copies of the pictures of a run: ``thumbnails.parquet`` of a run folder."""

from __future__ import annotations

import pyarrow as pa

THUMBNAILS_FILE = "thumbnails.parquet"
SCHEMA = pa.schema(
    [
        ("target", pa.string()),
        ("picture", pa.string()),
        ("sum", pa.string()),
        ("image", pa.binary()),
    ]
)
"""``picture``: its id, as in ``texts.parquet``; ``sum``: SHA-256 of the picture's file; ``image``:
WebP, at most 96 pixels wide or high."""
