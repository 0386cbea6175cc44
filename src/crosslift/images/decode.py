"""Pictures of any common type as square RGB arrays."""

from __future__ import annotations

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from crosslift.errors import DataError
from crosslift.images.framing import Fit, Framing, framing_of, on_square
from crosslift.images.svg_check import check_svg
from crosslift.images.svg_draw import draw_svg
from crosslift.sources.picture import Picture

MAX_PIXELS = 50_000_000
"""Default of the most pixels that a picture may declare."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_KNOWN = "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or SVG"
_WHITE = (255, 255, 255)


def load_picture(
    path: Picture,
    size: int,
    *,
    fit: Fit | Framing = "pad",
    background: int = 255,
    max_pixels: int = MAX_PIXELS,
) -> NDArray[np.uint8]:
    """One picture as a square.

    The content decides the type, not the suffix. An animation is read as its first frame. Orientation
    tags are applied, colour profiles are not. Transparent parts become white. Text in
    an SVG is not drawn: it would depend on the fonts of the machine. A JPEG of more than twice the
    size is decoded at a half, a quarter or an eighth of it, never below twice the size.

    Args:
        path: a PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or SVG picture; a path, or a part of a larger
            file.
        size: side of the square in pixels, at least 1.
        fit: ``pad``: scaled to fit and centred; ``crop``: scaled to cover the square, the middle cut
            out; or a framing, such as an image tower's own.
        background: grey level around a padded picture, 0 (black) to 255 (white).
        max_pixels: most pixels that the file may declare; more counts as an attack.

    Returns:
        uint8 array [size, size, 3], RGB.

    Raises:
        DataError: no such file, an unknown type, damage, too many pixels, or an SVG that refers
            to something outside itself; the message names the file.
    """
    framing = check_square(size, fit, background)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable picture") from error
    least = max(size, framing.scale_to or size)
    if _looks_like_xml(data):
        picture = _render_svg(data, path, least, max_pixels, whole=framing.way == "pad")
    else:
        picture = _decode(data, path, least, max_pixels)
    return np.array(on_square(picture, size, framing, background), dtype=np.uint8)


def check_square(size: int, fit: Fit | Framing, background: int) -> Framing:
    """The framing of squares of this size.

    Raises:
        DataError: no such size, fit or background.
    """
    if size < 1:
        raise DataError(f"size {size} of a picture", "at least 1 pixel")
    if not 0 <= background <= 255:
        raise DataError(f"background {background} of a picture", "a grey level, 0 to 255")
    framing = framing_of(fit)
    if framing.scale_to is not None and framing.scale_to < size:
        raise DataError(
            f"pictures scaled to {framing.scale_to} pixels and cut to {size}",
            "no less than the cut",
        )
    return framing


def _looks_like_xml(data: bytes) -> bool:
    return data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _render_svg(
    data: bytes, path: Picture, size: int, max_pixels: int, *, whole: bool
) -> Image.Image:
    """The drawing with its longer side at the size or, if it is not shown whole, its shorter side."""
    text, width, height = check_svg(data, path, max_pixels)
    wide = (width >= height) == whole
    if not whole and size**2 * max(width, height) / min(width, height) > max_pixels:
        raise DataError(
            f"{path} declares {width:g} x {height:g} pixels, too long a strip to be cropped",
            f"at most {max_pixels:,} pixels when its short side is {size}",
        )
    png = draw_svg(text, path, size if wide else None, None if wide else size)
    return _decode(png, path, size, max_pixels)


def _decode(data: bytes, path: Picture, size: int, max_pixels: int) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        pixels = picture.width * picture.height
        if pixels > max_pixels:
            raise DataError(
                f"{path} declares {picture.width} x {picture.height} = {pixels:,} pixels",
                f"at most {max_pixels:,}",
                "scale the picture down, or raise max_pixels if you trust it",
            )
        _check_depth(picture, path)
        picture.draft(None, (2 * size, 2 * size))
        picture.load()
        return _rgb(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{path}: {error}", f"at most {max_pixels:,} pixels") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is of no known type", _KNOWN) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, MemoryError) as error:
        raise DataError(f"{path} is damaged: {error}", "a whole picture file") from error


def _check_depth(picture: Image.Image, path: Picture) -> None:
    if picture.format == "TIFF" and picture.mode in ("I", "F"):
        raise DataError(
            f"{path} has 32 bits a pixel, whose range is not known",
            "8 or 16 bits a pixel",
            "save it with 8 bits a pixel",
        )


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(picture)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    canvas = Image.new("RGBA", layer.size, (*_WHITE, 255))
    return Image.alpha_composite(canvas, layer).convert("RGB")


def _eight_bits(picture: Image.Image) -> NDArray[np.uint8]:
    wide = np.asarray(picture).astype(np.float64)
    return np.round(np.clip(wide, 0, 65_535) / 257).astype(np.uint8)
