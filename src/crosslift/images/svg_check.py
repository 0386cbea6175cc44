"""Refusing SVG files that reach outside themselves or declare an absurd size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from crosslift.errors import DataError
from crosslift.sources.picture import Picture

_URL = re.compile(r"url\(\s*['\"]?\s*([^'\")]*)", re.IGNORECASE)
_INNER_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*(px|pt|pc|mm|cm|in|em|ex|)\s*")
_PIXELS = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
    "em": 16.0,
    "ex": 8.0,
}
_DEEPEST = 100  # resvg draws nested elements by recursion
_DEFAULT_SIZE = (100.0, 100.0)  # of an SVG with neither size nor view box, as in resvg


def check_svg(data: bytes, path: Picture, max_pixels: int) -> tuple[str, float, float]:
    """Checks that an SVG is safe to draw, and returns its text and its declared size.

    Args:
        data: the bytes of the file.
        path: the file, for messages.
        max_pixels: most pixels it may declare.

    Returns:
        Text, width and height; the sizes in pixels.

    Raises:
        DataError: the file is not UTF-8, not SVG, too large, nested too deep, has a document type, or
            refers to anything but its own parts (``#id``) and embedded raster pictures
            (``data:image``).
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error.reason}", "an SVG in UTF-8") from error
    reader = _SvgWalker(path)
    reader.read(text)
    width, height = reader.size
    if not 0 < width * height <= max_pixels:
        raise DataError(
            f"{path} declares {width:g} x {height:g} pixels",
            f"more than 0 and at most {max_pixels:,} pixels",
        )
    return text, width, height


class _SvgWalker:
    """Reads the elements once, and raises for anything that could load a resource."""

    def __init__(self, path: Picture) -> None:
        self.size = _DEFAULT_SIZE
        self._path = path
        self._depth = 0
        self._root_read = False
        self._style: list[str] = []

    def read(self, text: str) -> None:
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.ProcessingInstructionHandler = self._refuse_instruction
        parser.StartElementHandler = self._element
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._style.append
        try:
            parser.Parse(text.encode("utf-8"), True)
        except expat.ExpatError as error:
            raise DataError(f"{self._path} is not valid XML: {error}", "a valid SVG") from error
        self._check_style("".join(self._style))

    def _refuse_doctype(self, name: str, *_: object) -> None:
        raise DataError(
            f"{self._path} has a document type declaration ({name})",
            "an SVG without DOCTYPE and ENTITY",
            "remove the declaration; SVG needs none",
        )

    def _refuse_instruction(self, target: str, data: str) -> None:
        if target.lower() == "xml-stylesheet":
            self._refuse(data)

    def _element(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise DataError(
                f"{self._path} nests more than {_DEEPEST} elements",
                f"an SVG of at most {_DEEPEST} levels",
            )
        if not self._root_read:
            self._root(name, attributes)
        for key, value in attributes.items():
            if key.rpartition(" ")[2] == "href":
                self._check(value)
            elif key.endswith("namespace base"):
                self._refuse(value)
            self._check_style(value)

    def _end(self, name: str) -> None:
        del name
        self._depth -= 1

    def _root(self, name: str, attributes: Mapping[str, str]) -> None:
        self._root_read = True
        if name.rpartition(" ")[2] != "svg":
            raise DataError(
                f"{self._path} holds <{name.rpartition(' ')[2]}>", "PNG, JPEG, WebP, GIF or SVG"
            )
        box = _view_box(attributes.get("viewBox", "")) or _DEFAULT_SIZE
        self.size = (
            _pixels(attributes.get("width"), box[0]),
            _pixels(attributes.get("height"), box[1]),
        )

    def _check_style(self, text: str) -> None:
        if "@import" in text.lower():
            self._refuse("@import")
        for reference in _URL.findall(text):
            self._check(reference)

    def _check(self, reference: str) -> None:
        reference = reference.strip()
        if reference and not reference.startswith("#") and not _INNER_IMAGE.match(reference):
            self._refuse(reference)

    def _refuse(self, reference: str) -> None:
        raise DataError(
            f"{self._path} refers to {reference[:80]!r}",
            "an SVG that refers only to its own parts (#id) and embedded raster pictures",
        )


def _view_box(value: str) -> tuple[float, float] | None:
    numbers = re.findall(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?", value)
    return (float(numbers[2]), float(numbers[3])) if len(numbers) == 4 else None


def _pixels(value: str | None, otherwise: float) -> float:
    """A declared length in pixels; ``otherwise`` for a share of the view (``100%``) or no value."""
    match = _LENGTH.fullmatch(value) if value else None
    return float(match[1]) * _PIXELS[match[2]] if match else otherwise
