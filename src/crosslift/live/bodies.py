"""The bodies of requests: read up to a size and for a time, and checked."""

from __future__ import annotations

import asyncio
import io
import warnings
from dataclasses import dataclass
from typing import Annotated

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from crosslift.artifacts.field_checks import expected_words
from crosslift.live.encoders import MAX_PIXELS, MAX_TEXT, MAX_UPLOAD
from crosslift.live.refusals import Refusal
from crosslift.live.search import MOST_HITS

PICTURE_TYPES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/avif": "AVIF",
}
"""Accepted content types of pictures, and their format. No SVG, because it can hold scripts."""
_MOST_JSON = 16 * MAX_TEXT  # a character can take 12 bytes, as \ud83d\ude00
_THROWN_AWAY = 3
_PATIENCE = 30.0
"""Seconds for a whole body."""


class SearchRequest(BaseModel):
    """The settings of a search besides its query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pool: Annotated[str, Field(min_length=1, max_length=500)]
    count: Annotated[int, Field(ge=1, le=MOST_HITS)] = 10
    languages: Annotated[tuple[str, ...], Field(max_length=200)] = ()


class TextRequest(SearchRequest):
    """A search for a text."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


@dataclass(frozen=True)
class Upload:
    """A picture that was sent."""

    data: bytes

    def read_bytes(self) -> bytes:
        """Its bytes."""
        return self.data

    def __str__(self) -> str:
        return "the picture"


async def text_request(request: Request) -> TextRequest:
    """The JSON body of a search for a text.

    Raises:
        Refusal: another content type, too long, or malformed.
    """
    _require_type(request, ("application/json",))
    body = await _read(request, _MOST_JSON)
    try:
        parsed = TextRequest.model_validate_json(body)
    except ValidationError as error:
        raise Refusal(400, _words(error)) from error
    if not parsed.text.strip():
        raise Refusal(400, "text: expected: a text, not only spaces")
    return parsed


async def picture_request(request: Request) -> tuple[SearchRequest, Upload]:
    """The picture in the body of a search, and the settings in its address.

    Raises:
        Refusal: another content type, too large, or not a picture of this type.
    """
    declared = _require_type(request, tuple(PICTURE_TYPES))
    parameters = request.query_params
    several = {"languages": parameters.getlist("languages")}
    single = {name: value for name, value in parameters.items() if name != "languages"}
    try:
        parsed = SearchRequest.model_validate(single | several)
    except ValidationError as error:
        raise Refusal(400, _words(error)) from error
    body = await _read(request, MAX_UPLOAD)
    try:
        width, height = _size(body, PICTURE_TYPES[declared])
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Refusal(415, f"the body is no picture of the type {declared}") from error
    if width * height > MAX_PIXELS:
        declared_size = f"{width} x {height} = {width * height:,} pixels"
        raise _too_many_pixels(f"the picture declares {declared_size}")
    return parsed, Upload(body)


def _size(body: bytes, kind: str) -> tuple[int, int]:
    """Width and height that a picture declares: only its header is read.

    Raises:
        Refusal: more pixels than Pillow opens.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return Image.open(io.BytesIO(body), formats=(kind,)).size
        except Image.DecompressionBombError as error:  # Pillow does not say which size
            raise _too_many_pixels("the picture declares too many pixels") from error


def _too_many_pixels(what: str) -> Refusal:
    return Refusal(413, f"{what}; expected: at most {MAX_PIXELS:,}")


def _require_type(request: Request, types: tuple[str, ...]) -> str:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in types:
        raise Refusal(415, f"content type {declared!r}; expected: {', '.join(types)}")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "the body is compressed; expected: the plain bytes")
    return declared


async def _read(request: Request, most: int) -> bytes:
    """The body, up to a number of bytes.

    A body up to a few times larger is read and discarded, because clients see the answer only after
    they have sent everything; a still larger body is not read to its end.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > _THROWN_AWAY * most:
        raise _too_large(most)
    body, length = bytearray(), 0
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                length += len(chunk)
                if length <= most:
                    body += chunk
                elif length > _THROWN_AWAY * most:
                    break
    except TimeoutError as error:
        raise Refusal(408, "the body came too slowly", {"connection": "close"}) from error
    except ClientDisconnect as error:
        raise Refusal(400, "the client went away") from error
    if length > most:
        raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> Refusal:
    words = f"the body is too large; expected: at most {most:,} bytes"
    return Refusal(413, words, {"connection": "close"})


def _words(error: ValidationError) -> str:
    """Every fault of a request, without the values."""
    return "; ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'the body'}: expected: {expected_words(detail)}"
        for detail in error.errors(include_url=False)
    )
