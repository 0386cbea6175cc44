"""Converts texts to and from the stream format of Apertium's programs.

A text becomes one document: a number, its words, an end, and a zero byte. Characters that the format
itself uses are never passed: each run of them becomes a blank with their code points, which the
programs copy unread. In a marked text every word is bound to a blank that says whether it is inside
or outside the piece. A word's blank follows its translation, so that the piece can be located even
if the words change places; words that a translation adds have no blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from crosslift.sources.translation.marks import Marks

MARKS = Marks("\ufdd0", "\ufdd1")
"""Around a piece: characters that Unicode reserves for internal use in programs."""

_SPECIAL = re.compile(r"([\[\]{}^$/\\@<>~]+)")
_NOT_TEXT = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile(r"(\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*)")
_PART = re.compile(
    r"\[\[(?P<places>t:[^\]]*)\]\](?P<bound>.*?)\[\[/\]\]|\[(?P<blank>[^\]]*)\]|(?P<plain>[^\[]+)",
    re.DOTALL,
)
_CODED = re.compile(r"(?P<place>[iop])(?P<numbers>(?:[0-9a-f]+\.)+)")
_END = "[][z]"

_Place = Literal["i", "o", "p"]  # inside the piece, outside it, or neither (plain)


class _Segment(NamedTuple):
    text: str
    place: _Place


def lines_and_breaks(text: str) -> tuple[list[str], list[str]]:
    """The lines of a text and the breaks between them; each line is translated separately.

    Returns:
        N lines, without space at their ends, runs of space or control characters in one space;
        N - 1 breaks.
    """
    parts = _BREAKS.split(_NOT_TEXT.sub("\ufffd", text))
    lines = ["".join(c if c.isprintable() or ord(c) > 0xA0 else " " for c in p) for p in parts[::2]]
    return [" ".join(line.split()) for line in lines], parts[1::2]


def encode(line: str, number: int) -> str:
    """A line as a document.

    Args:
        line: one text without line break, with or without marks.
        number: identifies the document.
    """
    regions = re.split(f"[{MARKS.opening}{MARKS.closing}]", line)
    if len(regions) == 1:
        return f"[n{number}]{_region(line, 'p')}{_END}"
    inside = _begins_inside(line)
    body = ""
    for region in regions:
        body += _region(region, "i" if inside else "o")
        inside = not inside
    return f"[n{number}]{body}{_END}"


def _begins_inside(line: str) -> bool:
    """Whether a piece from an earlier line continues in this one."""
    opening, closing = line.find(MARKS.opening), line.find(MARKS.closing)
    return closing >= 0 and (opening < 0 or closing < opening)


def _region(text: str, place: _Place) -> str:
    parts = _SPECIAL.split(text)
    return "".join(
        _encoded_characters(part, place) if i % 2 else _marked_words(part, place)
        for i, part in enumerate(parts)
    )


def _encoded_characters(characters: str, place: _Place) -> str:
    return f"[{place}{''.join(f'{ord(c):x}.' for c in characters)}]"


def _marked_words(text: str, place: _Place) -> str:
    return f"[[t:{place}:1]]{text}[[/]]" if place != "p" and text.strip() else text


def decode(document: str, number: int) -> str | None:
    """A translated document as a line, with marks around the translated piece.

    Args:
        document: from Apertium.
        number: the expected number.

    Returns:
        The line; None if it is not that document, or not one complete document.
    """
    begin = f"[n{number}]"
    if not document.startswith(begin) or document.count(_END) != 1:
        return None
    segments = _segments(document.removeprefix(begin).replace(_END, ""))
    return _with_marks(segments)


def _segments(body: str) -> Iterator[_Segment]:
    for part in _PART.finditer(body):
        if part["places"] is not None:
            yield _Segment(_unbound(part["bound"]), _place(part["places"]))
        elif part["blank"] is not None:
            yield _blank(part["blank"])
        else:
            yield _Segment(part["plain"], "p")


def _place(places: str) -> _Place:
    inside, outside = ":i:" in places, ":o:" in places
    if inside == outside:
        return "p"  # the translation of a word inside and one outside
    return "i" if inside else "o"


def _blank(content: str) -> _Segment:
    coded = _CODED.fullmatch(content)
    if coded is None:
        return _Segment(content, "p")  # a pair's own: "[']"
    text = "".join(chr(int(number, 16)) for number in coded["numbers"].split(".")[:-1])
    return _Segment(text, "i" if coded["place"] == "i" else "p")


def _unbound(text: str) -> str:
    return re.sub(r"\[([^\]]*)\]", lambda blank: _blank(blank[1]).text, text)


def _with_marks(segments: Iterable[_Segment]) -> str:
    """The segments' text; marks around each run of inside words that no outside word interrupts."""
    text, end = "", None
    for segment in segments:
        if segment.place == "i" and segment.text.strip():
            if end is None:
                text += MARKS.opening
            text += segment.text
            end = len(text)
        else:
            if segment.place == "o" and end is not None:
                text = text[:end] + MARKS.closing + text[end:]
                end = None
            text += segment.text
    return text if end is None else text[:end] + MARKS.closing + text[end:]


_SPACE_BEFORE_STOP = re.compile(rf"(?<=[\w{MARKS.closing}]) (?=[.,;:!?](?:\s|$))")


def tidy(line: str, original: str) -> str:
    """A translated line without the spaces that remain of moved words."""
    spaced = re.sub(r"  +", " ", line).strip()
    return spaced if _SPACE_BEFORE_STOP.search(original) else _SPACE_BEFORE_STOP.sub("", spaced)
