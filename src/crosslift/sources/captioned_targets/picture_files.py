"""The files of the pictures of a published test set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.file_names import inside, is_file, is_folder
from crosslift.sources.picture import has_picture_ending


def picture_folder(data: Path, images: Path | None) -> Path:
    """The folder of the pictures: ``images`` if it is set, else ``images`` in the data, else the
    data."""
    if images is not None:
        return images
    below = data / "images"
    return below if is_folder(below) else data


def pictures_in(folder: Path, files: Mapping[str, tuple[str, ...]]) -> dict[str, Path]:
    """Finds every picture of a test set.

    Args:
        folder: folder of the pictures; they lie directly in it, or in folders inside it, as COCO's lie
            in ``train2014`` and ``val2014``.
        files: id -> names that its file may have, as in `PublishedCaptions`.

    Returns:
        id -> path, in the order of ``files``.

    Raises:
        DataError: no such folder; pictures that are missing, exist more than once, or lie outside
            the folder.
    """
    if not is_folder(folder):
        raise DataError(
            f"{folder} is not a folder", "the folder of the pictures", "name it by `images`"
        )
    paths = {item: _direct(folder, item, names) for item, names in files.items()}
    absent = [item for item, path in paths.items() if path is None]
    below = _below(folder) if absent else {}
    for item in absent:
        paths[item] = _one(item, files[item], below)
    missing = [item for item, path in paths.items() if path is None]
    if missing:
        raise DataError(
            f"{folder} lacks the pictures of {len(missing):,} of {len(files):,} items, such as "
            f"{files[missing[0]][0]}",
            "all of them: among fewer pictures the right one is easier to find",
            "put them there, or name their folder by `images`",
        )
    return {item: path for item, path in paths.items() if path is not None}


def _direct(folder: Path, item: str, names: Sequence[str]) -> Path | None:
    paths = (folder / name for name in names if has_picture_ending(name))
    return next((inside(folder, p, f"picture {item!r}") for p in paths if is_file(p)), None)


def _below(folder: Path) -> dict[str, list[Path]]:
    """Every picture below a folder, by its name and by its name without the ending."""
    by_name: dict[str, list[Path]] = {}
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(filter(has_picture_ending, names)):
            path = Path(place, name)
            by_name.setdefault(name, []).append(path)
            by_name.setdefault(path.stem, []).append(path)
    return by_name


def _one(item: str, names: Sequence[str], below: Mapping[str, Sequence[Path]]) -> Path | None:
    for name in names:
        paths = below.get(Path(name).name, ())
        if len(paths) > 1:
            raise DataError(
                f"the picture of {item!r} exists more than once: {paths[0]} and {paths[1]}",
                "each picture once",
                "name the right folder by `images`",
            )
        if paths:
            return paths[0]
    return None
