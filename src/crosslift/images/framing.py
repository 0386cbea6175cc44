"""How a picture of any shape becomes a square: padded, cropped or stretched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from crosslift.errors import DataError

Fit = Literal["pad", "crop"]
Way = Literal["pad", "crop", "stretch"]

_LONGEST_STRIP = 4  # sides of the square

_RESAMPLING = {kind.name.lower(): kind for kind in Image.Resampling}


@dataclass(frozen=True, slots=True)
class Framing:
    """How a picture of any shape becomes a square of S pixels.

    Args:
        way: ``pad``: scaled to fit, then centred on the background. ``crop``: its short side scaled
            to ``scale_to``, then the middle cut out. ``stretch``: scaled to a square of ``scale_to``
            whatever its shape, then the middle cut out.
        scale_to: pixels, at least S; None: S. Not used by ``pad``.
        resample: Pillow's filter, in lower case.
        rounds_middle: half of an odd margin is rounded to even as in torchvision (and so timm), not
            down as in transformers.

    Raises:
        DataError: an unknown way or filter.
    """

    way: Way = "pad"
    scale_to: int | None = None
    resample: str = "bicubic"
    rounds_middle: bool = False

    def __post_init__(self) -> None:
        if self.way not in ("pad", "crop", "stretch"):
            raise DataError(f"fit {self.way!r} of a picture", "pad, crop or stretch")
        if self.resample not in _RESAMPLING:
            raise DataError(f"resample {self.resample!r}", f"one of {', '.join(_RESAMPLING)}")

    def at(self, size: int, was: int) -> Framing:
        """The same framing for another size of the square: the margins keep their share."""
        if self.scale_to is None or size == was:
            return self
        scale_to = round(self.scale_to * size / was)
        return Framing(self.way, scale_to, self.resample, self.rounds_middle)

    def scaled_size(self, size: tuple[int, int], square: int) -> tuple[int, int]:
        """Width and height after scaling, of a picture of this width and height."""
        width, height = size
        if self.way == "pad":
            scale = square / max(size)
            return max(1, round(width * scale)), max(1, round(height * scale))
        scale_to = self.scale_to or square
        if self.way == "stretch":
            return scale_to, scale_to
        longer = int(scale_to * max(size) / min(size))
        return (scale_to, longer) if width <= height else (longer, scale_to)


def framing_of(fit: Fit | Framing) -> Framing:
    """The framing of a name; a framing is returned unchanged."""
    return fit if isinstance(fit, Framing) else Framing(fit)


def on_square(picture: Image.Image, size: int, framing: Framing, background: int) -> Image.Image:
    """An RGB picture as a square.

    Args:
        picture: mode RGB.
        size: S of the square in pixels.
        framing: how it becomes a square.
        background: grey level around a padded picture, 0 to 255.
    """
    width, height = framing.scaled_size(picture.size, size)
    left, top = (_margin(side, size, framing) for side in (width, height))
    if framing.way == "pad":
        square = Image.new("RGB", (size, size), (background,) * 3)
        square.paste(_resized(picture, (width, height), framing.resample), (left, top))
        return square
    if max(width, height) > _LONGEST_STRIP * size:  # most of it would be cut away
        return _middle_of_strip(picture, size, (width, height), (left, top), framing)
    scaled = _resized(picture, (width, height), framing.resample)
    return scaled.crop((left, top, left + size, top + size))


def _resized(picture: Image.Image, size: tuple[int, int], resample: str) -> Image.Image:
    return picture if size == picture.size else picture.resize(size, _RESAMPLING[resample])


def _middle_of_strip(
    picture: Image.Image,
    size: int,
    scaled: tuple[int, int],
    corner: tuple[int, int],
    framing: Framing,
) -> Image.Image:
    """Scales the middle alone; equals scaling all of it, except for rounding between passes."""
    across, down = picture.width / scaled[0], picture.height / scaled[1]
    left, top = corner[0] * across, corner[1] * down
    right = min(picture.width, left + size * across)
    bottom = min(picture.height, top + size * down)
    kind = _RESAMPLING[framing.resample]
    return picture.resize((size, size), kind, box=(left, top, right, bottom))


def _margin(side: int, size: int, framing: Framing) -> int:
    """Pixels before the square in a scaled picture, or before a padded picture in the square."""
    if framing.way == "pad":
        return (size - side) // 2
    half = (side - size) / 2
    return round(half) if framing.rounds_middle else int(half)
