"""The pictures of the benchmarks: a folder of photographs, or the embedded pictograms."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from crosslift.images.decode import load_picture
from crosslift.sources.pictograms import load_concepts

SIZE = 224
BATCH = 32
_QUALITY = 90


def jpeg_pictures(folder: Path | None, empty: Path, count: int) -> list[Path]:
    """JPEG pictures of a folder; without one the embedded pictograms.

    Args:
        folder: of JPEG photographs, or None.
        empty: a folder that the pictograms are written to.
        count: most pictures.

    Raises:
        FileNotFoundError: the folder has too few pictures for one batch.
    """
    paths = sorted((folder or _pictograms(empty, count)).glob("*.jpg"))[:count]
    if len(paths) < BATCH:
        raise FileNotFoundError(f"{folder} has {len(paths)} files *.jpg, not {BATCH} or more")
    return paths


def _pictograms(empty: Path, count: int) -> Path:
    for concept in load_concepts()[:count]:
        picture = Image.fromarray(load_picture(concept.picture, SIZE))
        picture.save(empty / f"{concept.id}.jpg", quality=_QUALITY)
    return empty
