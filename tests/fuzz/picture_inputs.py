"""Pictures of any bytes, read in this process, which the test starts: it must not die."""

from __future__ import annotations

import io
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crosslift.errors import DataError
from crosslift.images import svg_draw
from crosslift.images.decode import load_picture

_FORMATS = {
    "PNG": ({}, {"bits": 8, "optimize": True}),
    "JPEG": ({}, {"progressive": True}),
    "WEBP": ({}, {"lossless": True}),
    "GIF": ({},),
    "BMP": ({},),
    "TIFF": (
        {},
        {"compression": "tiff_lzw"},
        {"compression": "tiff_adobe_deflate"},
        {"compression": "jpeg"},
    ),
}
_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9" height="9">'
_SVGS = (
    '<defs><linearGradient id="a"><stop offset="0.5" stop-color="red"/></linearGradient>'
    '<pattern id="b" width="2" height="2"><path d="M0 0L1 1" stroke="url(#a)"/></pattern>'
    '<filter id="c"><feGaussianBlur stdDeviation="1"/></filter></defs>'
    '<g transform="rotate(30 2 2)" filter="url(#c)"><rect width="5" height="5" fill="url(#b)"/></g>',
    '<defs><g id="a"><circle r="3"/></g><mask id="m"><use href="#a"/></mask></defs>'
    '<use href="#a" mask="url(#m)" x="1e3"/><path d="M0 0a1 2 3 0 1 4 5C1 2 3 4 5 6z"/>',
    '<style>rect{fill:blue}</style><text x="2" y="3">a<tspan>b</tspan></text>'
    '<rect clip-path="url(#k)" width="100%" height="9"/>'
    '<clipPath id="k"><path d="M0 0h9v9z"/></clipPath>',
)
_PIECES = (
    b"<g>" * 30,
    b'<use href="#a"/>',
    b' fill="url(#b)"',
    b' width="1e38"',
    b' viewBox="0 0 1e-30 1e30"',
    b' transform="scale(1e30)"',
    b' stroke-width="1e38" stroke="red" stroke-dasharray="1e-9"',
    b'<feTurbulence baseFrequency="1e9" numOctaves="99"/>',
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"\xef\xbb\xbf",
    b"<svg>",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
)


def _whole_files() -> list[bytes]:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    colours = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    files = [f"{_HEAD}{body}</svg>".encode() for body in _SVGS]
    for form, options in _FORMATS.items():
        for option in options:
            for mode in ("RGB", "L", "P") if form != "JPEG" else ("RGB", "L", "CMYK"):
                held = io.BytesIO()
                told = {"exif": exif} if form in ("PNG", "JPEG", "WEBP", "TIFF") else {}
                with suppress(OSError, KeyError):  # a mode that the format does not have
                    colours.convert(mode).save(held, form, **option, **told)
                    files.append(held.getvalue())
    return files


_FILES = _whole_files()
_FOLDER = Path(tempfile.mkdtemp())


@FUZZ
@given(st.sampled_from(_FILES).flatmap(lambda whole: damaged(whole, _PIECES)))
def any_bytes_are_a_picture_or_a_data_error(data: bytes) -> None:
    path = _FOLDER / "picture"
    path.write_bytes(data)
    with suppress(DataError):
        assert load_picture(path, 8, max_pixels=1_000_000).shape == (8, 8, 3)


if __name__ == "__main__":
    svg_draw.SECONDS = 1.0
    any_bytes_are_a_picture_or_a_data_error()
