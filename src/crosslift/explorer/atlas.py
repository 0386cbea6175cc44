"""The map of vectors of each arm as a parquet for Embedding Atlas.

Its columns are those that its command line documents: two of coordinates, neighbours as
``{"ids": [...], "distances": [...]}`` with numbers of rows from 0, and pictures as ``{"bytes": ...}``
(https://apple.github.io/embedding-atlas/tool.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crosslift.artifacts.disk_errors import make_folder
from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError
from crosslift.explorer.contents import keys_of
from crosslift.explorer.explored import Explored
from crosslift.explorer.facts import metric_of
from crosslift.explorer.selection import Chosen
from crosslift.results.target_facts import TargetFacts
from crosslift.statistics.table_parts import parts_of

_NEIGHBOURS = pa.struct([("ids", pa.list_(pa.int32())), ("distances", pa.list_(pa.float32()))])
_IMAGE = pa.struct([("bytes", pa.binary())])


class AtlasFile(NamedTuple):
    """A file, and the command that shows it."""

    path: Path
    command: str


def atlas_files(explored: Explored, chosen: Chosen, folder: Path) -> Iterator[AtlasFile]:
    """Writes ``TARGET/ARM.parquet`` for each target and arm of a selection with a map of vectors.

    Args:
        explored: the results.
        chosen: the selection; its languages are those of the texts. Pictures are always chosen.
        folder: output folder.

    Raises:
        DataError: the selection has no map of vectors.
        UnknownNameError: see `Chosen.check`.
    """
    chosen.check(explored)
    rows = explored.projections
    parts = {} if rows is None else parts_of(chosen.rows(rows), ("target", "arm"))
    if not parts:
        raise DataError(
            "the selection has no map of vectors",
            "a run that this version finished, with targets that are scored by vectors",
            "run the study again: finished steps are not repeated",
        )
    targets = {target.name: target for target in explored.targets}
    outcomes = {name: _outcomes(explored, targets[name]) for name, _ in parts}
    images = _images(explored)
    for (target, arm), part in parts.items():
        table = _table(
            part, chosen.languages, images.get(target, {}), outcomes[target].get(arm, {})
        )
        path = folder / _file_name(target) / f"{_file_name(arm)}.parquet"
        make_folder(path.parent)
        with file_written_whole(path) as draft:
            pq.write_table(table, draft)
        shown = "image" if table["text"].null_count == len(table) else "text"
        yield AtlasFile(
            path, f"embedding-atlas {path} --x x --y y --neighbors neighbors --{shown} {shown}"
        )


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "--", name)


def _images(explored: Explored) -> dict[str, dict[str, bytes]]:
    """Target -> id of a picture -> its thumbnail."""
    if explored.thumbnails is None:
        return {}
    return {
        target: dict(zip(rows["picture"].to_pylist(), rows["image"].to_pylist(), strict=True))
        for (target,), rows in parts_of(explored.thumbnails, ("target",)).items()
    }


def _outcomes(explored: Explored, target: TargetFacts) -> dict[str, dict[tuple[str, ...], float]]:
    """Arm -> query -> its outcome under the target's own protocol, mean over seeds. A query is a text
    with its language, or a picture."""
    if explored.texts is None:
        return {}
    place = (pc.field("target") == target.name) & (pc.field("protocol") == target.protocol)
    texts = explored.texts.filter(place & (pc.field("role") == "query"))
    keys = keys_of(texts["language"], texts["item"]).to_pylist()
    query_of = dict(zip(keys, _queries(texts), strict=True))
    metric = metric_of(explored, target, target.protocol)
    outcome = metric.outcome or metric.name
    means = (
        explored.outcomes.filter(place)
        .group_by(["arm", "language", "item"])
        .aggregate([(outcome, "mean")])
    )
    of_arms: dict[str, dict[tuple[str, ...], float]] = {}
    named = keys_of(means["language"], means["item"]).to_pylist()
    for arm, key, value in zip(
        means["arm"].to_pylist(), named, means[f"{outcome}_mean"].to_pylist(), strict=True
    ):
        if value is not None and key in query_of:
            of_arms.setdefault(arm, {})[query_of[key]] = value
    return of_arms


def _queries(rows: pa.Table) -> list[tuple[str, ...]]:
    columns = (rows[name].to_pylist() for name in ("text_language", "text", "picture"))
    return [
        ("picture", picture) if picture is not None else (language or "", text)
        for language, text, picture in zip(*columns, strict=True)
    ]


def _table(
    part: pa.Table,
    languages: tuple[str, ...],
    images: Mapping[str, bytes],
    outcomes: Mapping[tuple[str, ...], float],
) -> pa.Table:
    kept = np.ones(len(part), bool)
    if languages:
        chosen = pc.is_in(
            pc.cast(part["text_language"], pa.string()), value_set=pa.array(languages)
        )
        is_picture = pc.is_valid(part["picture"]).to_numpy(zero_copy_only=False)
        kept = chosen.to_numpy(zero_copy_only=False) | is_picture
    queries = [query for query, keep in zip(_queries(part), kept, strict=True) if keep]
    rows = part.filter(pa.array(kept))
    pictures = [
        images.get(name) if name is not None else None for name in rows["picture"].to_pylist()
    ]
    return pa.table(
        {
            "x": rows["x"],
            "y": rows["y"],
            "neighbors": _neighbours(rows, kept),
            "text": pc.cast(rows["text"], pa.string()),
            "image": pa.array(
                [None if each is None else {"bytes": each} for each in pictures], _IMAGE
            ),
            "language": pc.cast(rows["text_language"], pa.string()),
            "picture": pc.cast(rows["picture"], pa.string()),
            "outcome": pa.array([outcomes.get(query) for query in queries], pa.float64()),
        }
    )


def _neighbours(rows: pa.Table, kept: np.ndarray) -> pa.Array:
    """The neighbours of rows that are in the table, as numbers of its rows."""
    number = np.cumsum(kept) - 1
    pairs = zip(rows["neighbours"].to_pylist(), rows["distances"].to_pylist(), strict=True)
    return pa.array(
        [
            {
                "ids": [int(number[i]) for i in ids if kept[i]],
                "distances": [d for i, d in zip(ids, distances, strict=True) if kept[i]],
            }
            for ids, distances in pairs
        ],
        _NEIGHBOURS,
    )
