"""Your own texts and pictures as pools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crosslift.artifacts.progress import Listener, Phase, in_phase
from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.errors import DataError, first_few
from crosslift.images.decode import load_picture
from crosslift.live.arms import LiveRun
from crosslift.live.encoders import MAX_PIXELS, NO_TOWER, ArmEncoders
from crosslift.live.pool import Candidate, Pool
from crosslift.live.rows import PictureRows, TextRows
from crosslift.live.target_pools import made
from crosslift.live.tower import PictureBatch
from crosslift.making.text_sets import TextSet
from crosslift.planning.text_steps import encode_step
from crosslift.sources.picture import has_picture_ending
from crosslift.sources.record_tables import records_in
from crosslift.sources.table_types import column_names
from crosslift.wording import plural

_TEXT, _LANGUAGE = "text", "language"
_MOST_PICTURES = 50_000
_AT_ONCE = 64


def pool_of_file(
    run: LiveRun, path: Path, encoders: ArmEncoders, listener: Listener[Phase]
) -> Pool:
    """The texts of a file; their vectors are made now, and kept in the store.

    Args:
        run: run whose arms search them.
        path: one text on each line, or a table with a column ``text`` and, optionally, ``language``.
        encoders: encoders of the arms.
        listener: receives the progress.

    Raises:
        DataError: the file cannot be read, or has no text.
    """
    column = _LANGUAGE if _LANGUAGE in column_names(path) else None
    languages: dict[str, dict[str, None]] = {}
    for record in records_in(path, {_TEXT: _TEXT}, language_column=column, language=""):
        codes = languages.setdefault(record.texts[_TEXT], {})
        codes |= {record.language: None} if record.language else {}
    texts = TextSet(list(languages), path.name)
    order = np.arange(len(languages))
    steps = {arm.name: encode_step(arm.run.encoder, "your texts", texts) for arm in run.arms}
    return Pool(
        id="corpus",
        title=f"your texts, {path.name}",
        kind="texts",
        candidates=[Candidate(text, languages=tuple(codes)) for text, codes in languages.items()],
        rows={
            arm: TextRows(made(run, [step], listener), order, encoders.text_map(arm))
            for arm, step in steps.items()
        },
        missing={},
        prompts=SidePrompts(),
    )


def pool_of_folder(
    run: LiveRun, folder: Path, encoders: ArmEncoders, listener: Listener[Phase]
) -> Pool:
    """The pictures of a folder and of those in it; their vectors are made now.

    Args:
        run: run whose arms search them.
        folder: folder of pictures; links that lead out of it are not followed.
        encoders: encoders of the arms.
        listener: receives the progress.

    Raises:
        DataError: no such folder, no picture in it that can be read, or too many.
    """
    paths, skipped = _readable(folder, listener)
    towers = {name: tower for name, tower in encoders.towers.items() if tower is not None}
    vectors: dict[str, list[np.ndarray]] = {name: [] for name in towers}
    phase = Phase("your pictures as the arms have them", "pictures", len(paths))
    with in_phase(listener, phase):
        for first in range(0, len(paths), _AT_ONCE):
            batch = PictureBatch(paths[first : first + _AT_ONCE], MAX_PIXELS)
            for name, tower in towers.items():
                vectors[name].append(tower.vectors(batch))
            listener.advance(min(first + _AT_ONCE, len(paths)))
    order = np.arange(len(paths))
    return Pool(
        id="images",
        title=f"your pictures, {folder.name}",
        kind="pictures",
        candidates=[
            Candidate(picture=path, name=path.relative_to(folder).as_posix()) for path in paths
        ],
        rows={
            name: PictureRows(parts, order, towers[name].text_map)
            for name, parts in vectors.items()
        },
        missing={arm.name: NO_TOWER for arm in run.arms if arm.name not in towers},
        prompts=SidePrompts(),
        notes=skipped,
    )


def _readable(folder: Path, listener: Listener[Phase]) -> tuple[list[Path], tuple[str, ...]]:
    """The pictures that can be read, and a note on the others."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder", "a folder of pictures")
    paths = sorted(_inside(folder))
    if len(paths) > _MOST_PICTURES:
        raise DataError(f"{folder} has {len(paths):,} pictures", f"at most {_MOST_PICTURES:,}")
    good: list[Path] = []
    faults: list[str] = []
    with in_phase(listener, Phase("reading your pictures", "pictures", len(paths))):
        for number, path in enumerate(paths, 1):
            try:
                load_picture(path, 64, max_pixels=MAX_PIXELS)
                good.append(path)
            except DataError as error:
                faults.append(error.what)
            listener.advance(number)
    if not good:
        raise DataError(
            f"no picture in {folder} can be read" + (f": {faults[0]}" if faults else ""),
            "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or SVG files",
        )
    if not faults:
        return good, ()
    return good, (f"{plural(len(faults), 'picture')} cannot be read: {first_few(faults, most=3)}",)


def _inside(folder: Path) -> Iterator[Path]:
    """The picture files of a folder whose real places are in it."""
    root = folder.resolve()
    for path in folder.rglob("*"):
        is_picture = has_picture_ending(path.name) and path.is_file()
        if is_picture and path.resolve().is_relative_to(root):
            yield path
