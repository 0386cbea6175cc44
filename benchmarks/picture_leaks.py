"""``python -m benchmarks.picture_leaks DIR``: which changed copies of pictures are found, and how many
pictures are called copies that are none.

A copy of each test picture is changed, saved as JPEG, and put among the training pictures; or the test
picture is the changed one. Found is a test picture whose own copy is named. False alarms are the test
pictures for which a copy is named where no copy is among the training pictures; look at their pairs
(``--pairs``), as a set of photographs may show one scene twice.

The limits of `crosslift.images.copies` were chosen on the first half of the pictures, in a fixed random
order; the second half is what is reported.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from rich.console import Console
from rich.table import Table

from crosslift.images.copies import find_copies
from crosslift.images.decode import load_picture
from crosslift.images.framing import Framing, on_square
from crosslift.sources.pictograms import load_concepts

_SIDE = 64  # pixels at which pictures are compared
_DRAWN = 224  # pixels at which pictograms are changed
_COLOURS = ("white", "black", "#808080", "#c04020")

Pictures = NDArray[np.uint8]
Change = Callable[[Image.Image, int], Image.Image]


def _saved(picture: Image.Image, quality: int = 90) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    sides = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(sides, Image.Resampling.BILINEAR)


def _cut(picture: Image.Image, *shares: float) -> Image.Image:
    left, top, right, bottom = shares
    width, height = picture.size
    first, last = (width * left, height * top), (width * (1 - right), height * (1 - bottom))
    return picture.crop((round(first[0]), round(first[1]), round(last[0]), round(last[1])))


def _cut_one(picture: Image.Image, number: int, share: float) -> Image.Image:
    """One side cut, each in turn."""
    return _cut(picture, *(share if side == number % 4 else 0.0 for side in range(4)))


def _bordered(picture: Image.Image, number: int) -> Image.Image:
    return ImageOps.expand(picture, round(0.04 * min(picture.size)), fill=_COLOURS[number % 4])


def _with_bar(picture: Image.Image, number: int) -> Image.Image:
    """A bar of 12 % of the height below, with words."""
    back, front = (("white", "black"), ("black", "white"))[number % 2]
    taller = Image.new("RGB", (picture.width, round(picture.height * 1.12)), back)
    taller.paste(picture, (0, 0))
    ImageDraw.Draw(taller).text((8, picture.height + 6), "a caption below it", fill=front)
    return taller


def _grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


_CHANGES: dict[str, Change] = {
    "compressed, quality 75": lambda p, _: _saved(p, 75),
    "compressed, quality 30": lambda p, _: _saved(p, 30),
    "scaled by 1.7": lambda p, _: _saved(_scaled(p, 1.7)),
    "scaled by 0.5, quality 75": lambda p, _: _saved(_scaled(p, 0.5), 75),
    "scaled to a third, quality 50": lambda p, _: _saved(_scaled(p, 1 / 3), 50),
    "2.5 % cut from each side": lambda p, _: _saved(_cut(p, *(0.025,) * 4)),
    "5 % cut from each side": lambda p, _: _saved(_cut(p, *(0.05,) * 4)),
    "10 % cut from each side": lambda p, _: _saved(_cut(p, *(0.1,) * 4)),
    "5 % cut from one side": lambda p, n: _saved(_cut_one(p, n, 0.05)),
    "10 % cut from one side": lambda p, n: _saved(_cut_one(p, n, 0.1)),
    "15 % cut from one side": lambda p, n: _saved(_cut_one(p, n, 0.15)),
    "grey": lambda p, _: _saved(_grey(p)),
    "border of 4 %": lambda p, n: _saved(_bordered(p, n)),
    "mirrored": lambda p, _: _saved(ImageOps.mirror(p)),
    "mirrored, grey, 5 % cut from each side": lambda p, _: _saved(
        _cut(_grey(ImageOps.mirror(p)), *(0.05,) * 4)
    ),
    "mirrored, 10 % cut from one side, border": lambda p, n: _saved(
        _bordered(_cut_one(ImageOps.mirror(p), n, 0.1), n)
    ),
    "turned by 2 degrees": lambda p, _: _saved(p.rotate(2, Image.Resampling.BICUBIC)),
    "bar with a caption below": lambda p, n: _saved(_with_bar(p, n)),
    "brighter by a fifth": lambda p, _: _saved(ImageEnhance.Brightness(p).enhance(1.2)),
}


def main() -> None:
    """Prints the table of one half of the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.picture_leaks", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of *.jpg; default: the pictograms")
    parser.add_argument("--tests", type=int, default=1000, help="test pictures at most")
    parser.add_argument("--choosing", action="store_true", help="the first half, not the second")
    parser.add_argument("--pairs", type=Path, help="where to draw the pairs of the false alarms")
    options = parser.parse_args()
    pictures = _half(_opened(options.folder), options.choosing)
    tests = pictures[: min(options.tests, len(pictures) // 2)]
    others = _squares(pictures[len(tests) :])
    plain = _squares(tests)
    began = time.process_time()
    alarms = find_copies(others, plain)
    seconds = time.process_time() - began
    if options.pairs is not None:
        _draw_pairs(plain, others, alarms.train, options.pairs)
    table = Table(title=f"{len(tests):,} test pictures, {len(others):,} others")
    for title in ("change", "train changed", "test changed"):
        table.add_column(title)
    for name, change in _CHANGES.items():
        changed = _squares([change(picture, n) for n, picture in enumerate(tests)])
        table.add_row(name, *(f"{s:.1%}" for s in _found(plain, changed, others)))
    console = Console()
    console.print(table)
    console.print(f"False alarms: {(alarms.train >= 0).sum()} of {len(tests):,}")
    console.print(f"Comparing them: {seconds:.2f} s of processor time")


def _opened(folder: Path | None) -> list[Image.Image]:
    if folder is None:
        squares = (load_picture(c.picture, _DRAWN) for c in load_concepts())
        return [Image.fromarray(square) for square in squares]
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.jpg"))]


def _half(pictures: Sequence[Image.Image], choosing: bool) -> list[Image.Image]:
    order = np.random.default_rng(0).permutation(len(pictures))
    middle = len(pictures) // 2
    return [pictures[row] for row in (order[:middle] if choosing else order[middle:])]


def _squares(pictures: Sequence[Image.Image]) -> Pictures:
    framing = Framing("stretch")
    return np.stack([np.asarray(on_square(p, _SIDE, framing, 255)) for p in pictures])


def _found(plain: Pictures, changed: Pictures, others: Pictures) -> tuple[float, float]:
    """Shares of test pictures whose own copy is named: the train pictures changed, then the tests."""
    own = np.arange(len(plain))
    of_changed = find_copies(np.concatenate([changed, others]), plain).train == own
    of_plain = find_copies(np.concatenate([plain, others]), changed).train == own
    return float(of_changed.mean()), float(of_plain.mean())


def _draw_pairs(tests: Pictures, others: Pictures, named: NDArray[np.int64], place: Path) -> None:
    rows = np.flatnonzero(named >= 0)
    if len(rows):
        pairs = np.concatenate([tests[rows], others[named[rows]]], axis=2)
        Image.fromarray(pairs.reshape(-1, *pairs.shape[2:])).save(place)


if __name__ == "__main__":
    main()
