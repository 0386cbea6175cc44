"""Pictures of any common type as square RGB arrays on white."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from crosslift.errors import DataError
from crosslift.images.svg_check import check_svg

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_WHITE = (255, 255, 255)


def load_picture(path: Path, size: int, *, max_pixels: int = 50_000_000) -> NDArray[np.uint8]:
    """One picture, scaled to fit a square and centred on white.

    The content decides the type, not the suffix. Of an animation the first frame counts;
    orientation tags are followed, colour profiles are not. Text in an SVG is not drawn: it would
    depend on the fonts of the machine.

    Args:
        path: a PNG, JPEG, WebP, GIF or SVG file.
        size: side of the square in pixels, at least 1.
        max_pixels: most pixels that the file may declare; more is taken for an attack.

    Returns:
        uint8 array [size, size, 3], RGB.

    Raises:
        DataError: no such file, an unknown type, damage, too many pixels, or an SVG that refers
            to something outside itself; the message names the file.
    """
    if size < 1:
        raise DataError(f"size {size} of a picture", "at least 1 pixel")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable picture") from error
    if _looks_like_xml(data):
        picture = _render_svg(data, path, size, max_pixels)
    else:
        picture = _decode(data, path, size, max_pixels)
    return _on_square(picture, size)


def _looks_like_xml(data: bytes) -> bool:
    return data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _render_svg(data: bytes, path: Path, size: int, max_pixels: int) -> Image.Image:
    text, width, height = check_svg(data, path, max_pixels)
    wide = width >= height
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=text,
            background="#ffffff",
            skip_system_fonts=True,
            dpi=96,  # the default of 0 makes nothing of lengths in millimetres
            width=size if wide else None,
            height=None if wide else size,
        )
    except ValueError as error:
        raise DataError(f"{path} cannot be drawn: {error}", "a valid SVG") from error
    return _decode(bytes(png), path, size, max_pixels)


def _decode(data: bytes, path: Path, size: int, max_pixels: int) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        pixels = picture.width * picture.height
        if pixels > max_pixels:
            raise DataError(
                f"{path} declares {picture.width} x {picture.height} = {pixels:,} pixels",
                f"at most {max_pixels:,}",
                "scale the picture down, or raise max_pixels if you trust it",
            )
        picture.draft(None, (2 * size, 2 * size))
        picture.load()
        return _rgb(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{path}: {error}", f"at most {max_pixels:,} pixels") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is of no known type", "PNG, JPEG, WebP, GIF or SVG") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, MemoryError) as error:
        raise DataError(f"{path} is damaged: {error}", "a whole picture file") from error


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


def _on_square(picture: Image.Image, size: int) -> NDArray[np.uint8]:
    scale = size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    square = Image.new("RGB", (size, size), _WHITE)
    square.paste(picture, ((size - width) // 2, (size - height) // 2))
    return np.array(square, dtype=np.uint8)
