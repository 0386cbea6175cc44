"""The texts of queries and answers: ``texts.parquet`` of a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crosslift.sources.formats.parquet_rows import parquet_faults

TEXTS_FILE = "texts.parquet"
_PLACE = ("target", "protocol", "language")
_ROLES = {"query": "item", "right": "item", "retrieved": "retrieved"}
"""Role of a text -> the column of outcomes that names it."""


class QueryText(NamedTuple):
    """One text or picture: a row of ``texts.parquet``."""

    target: str
    """Name of the target."""
    protocol: str
    """Id of the protocol."""
    language: str
    """Code of the language, or of the pair."""
    role: str
    """``query``: the text of a query; ``right``: its right answer, or the first of several;
    ``retrieved``: a candidate that an arm retrieved, or found among the first five."""
    item: str
    """Id of the query, or of the candidate, as in ``outcomes.parquet`` and ``found.parquet``."""
    text: str | None
    """The text; null: a picture."""
    text_language: str | None
    """Code of the language of the text; null: a picture, or not known."""
    picture: str | None
    """Id of the picture; null: a text."""


def with_texts(outcomes: pa.Table, folder: Path) -> pa.Table:
    """Outcomes with the columns ``query_text``, ``right_text`` and ``retrieved_text``.

    They are null where the query or the answer is a picture, where queries are scored together, and
    in the folder of an earlier version, which has no texts.

    Args:
        outcomes: rows of ``outcomes.parquet``.
        folder: folder of the run.

    Raises:
        DataError: the file of texts is damaged.
    """
    path = folder / TEXTS_FILE
    if not path.is_file():
        return joined_with_texts(outcomes, None)
    with parquet_faults(path):
        return joined_with_texts(outcomes, pq.read_table(path))


def joined_with_texts(outcomes: pa.Table, texts: pa.Table | None) -> pa.Table:
    """As `with_texts`, with rows of ``texts.parquet``; None: all texts are null."""
    if texts is None:
        for role in _ROLES:
            outcomes = outcomes.append_column(f"{role}_text", pa.nulls(len(outcomes), pa.string()))
        return outcomes
    texts = texts.select([*_PLACE, "role", "item", "text"])
    order = outcomes.append_column("_row", pa.array(range(len(outcomes))))
    for role, column in _ROLES.items():
        of_role = texts.filter(pc.field("role") == role).drop_columns(["role"])
        of_role = of_role.rename_columns([*_PLACE, column, f"{role}_text"])
        order = order.join(of_role, [*_PLACE, column], join_type="left outer")
    return order.sort_by("_row").drop_columns(["_row"])
