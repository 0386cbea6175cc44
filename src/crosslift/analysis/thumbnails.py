"""Small copies of the pictures among the queries and answers of a run."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from crosslift.analysis.collect import Gathered
from crosslift.images.decode import load_picture
from crosslift.results.thumbnails import SCHEMA, THUMBNAILS_FILE
from crosslift.sources.picture import Picture, picture_sum

_SIZE = 96
_MOST = 3000
"""Pictures of a target: about 6 MB."""
_QUALITY = 50


def thumbnails(gathered: Gathered, texts: pa.Table, folder: Path) -> pa.Table:
    """One row for each picture, at most 3,000 of each target, evenly spread over those that the texts
    name.

    Args:
        gathered: the run.
        texts: rows of ``texts.parquet``, which name pictures.
        folder: folder of the run; copies in it are used again if the picture is the same.
    """
    earlier = _earlier(folder / THUMBNAILS_FILE)
    columns: list[list[object]] = [[], [], [], []]
    for target, loaded in gathered.plan.targets.items():
        of_target = texts.filter((pc.field("target") == target) & pc.field("picture").is_valid())
        for name in _spread(sorted(pc.unique(of_target["picture"]).to_pylist())):
            picture = loaded.data.pictures[name]
            checksum = picture_sum(picture)
            image = earlier.get(checksum) or _thumbnail(picture)
            for column, value in zip(columns, (target, name, checksum, image), strict=True):
                column.append(value)
    return pa.table(columns, schema=SCHEMA)


def _spread(names: Sequence[str]) -> list[str]:
    step = max(1.0, len(names) / _MOST)
    return [names[int(i * step)] for i in range(min(_MOST, len(names)))]


def _earlier(path: Path) -> dict[str, bytes]:
    """Checksum of a picture -> its copy; none where the file is damaged: copies are made again."""
    try:
        table = pq.read_table(path, schema=SCHEMA)
    except (pa.ArrowException, OSError):
        return {}
    return dict(zip(table["sum"].to_pylist(), table["image"].to_pylist(), strict=True))


def _thumbnail(picture: Picture) -> bytes:
    content = io.BytesIO()
    Image.fromarray(load_picture(picture, _SIZE)).save(content, "WEBP", quality=_QUALITY, method=4)
    return content.getvalue()
