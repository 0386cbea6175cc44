"""The forms in which texts are compared: normalised, without marks, and cut into words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# Scripts that put no spaces between words.
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_KANA = "\u3040-\u30ff\u31f0-\u31ff"
_SOUTH_EAST = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
)
_PIECE = re.compile(
    f"(?P<han>[{_HAN}]+)|(?P<kana>[{_KANA}]+)|(?P<south_east>[{_SOUTH_EAST}]+)"
    f"|[^{_HAN}{_KANA}{_SOUTH_EAST}]+"
)
_NO_SPACES = re.compile(f"[{_HAN}{_KANA}{_SOUTH_EAST}]")


@dataclass(frozen=True, slots=True)
class Wording:
    """The parts of a text that are compared.

    Args:
        letters: all of its characters in one string, without combining marks.
        words: its words without marks. In a script without spaces between words, every
            character (Han), or every pair of neighbours (kana; Thai, Lao, Khmer, Burmese and related
            scripts).
        size: number of words. In a script without spaces, two (Han, kana) or three letters count as
            one word.
    """

    letters: str
    words: tuple[str, ...]
    size: float


def normalise(text: str) -> str:
    """A text under NFKC and case folding, without punctuation, spaces and control characters.

    A text with nothing else is not changed, so that "!" and "?" stay different.
    """
    return joined(spaced(text))


def joined(text: str) -> str:
    """A text without its spaces."""
    return "".join(text.split())


def wording_of(text: str) -> Wording:
    """The wording of a text from `spaced`.

    Combining marks (accents, vowel signs of Indic and Thai scripts, Arabic vowels and hamza) are
    dropped from the canonical decomposition; a text with only marks keeps them.
    """
    words = _without_marks(text).split()
    letters = "".join(words)
    if letters.isascii() or not _NO_SPACES.search(letters):
        return Wording(letters, tuple(words), len(words))
    pieces = [piece for word in words for piece in _pieces(word)]
    runs = tuple(run for parts, _ in pieces for run in parts)
    return Wording(letters, runs, sum(size for _, size in pieces))


def _pieces(word: str) -> Iterator[tuple[list[str], float]]:
    """The units that a word without spaces is compared by, and its size in words, script by script."""
    for piece in _PIECE.finditer(word):
        text = piece.group()
        if piece["han"]:
            yield list(text), len(text) / 2
        elif piece["kana"]:
            yield _runs(text, 2), len(text) / 2
        elif piece["south_east"]:
            yield _runs(text, 2), len(text) / 3
        else:
            yield [text], 1.0


def _runs(text: str, length: int) -> list[str]:
    return [text[i : i + length] for i in range(max(1, len(text) - length + 1))]


def spaced(text: str) -> str:
    """A text under NFKC and case folding, without punctuation and control characters, with spaces."""
    if text.isascii():  # as below, in a tenth of the time
        spelled = text.lower().encode("ascii").translate(_ASCII, _DROPPED_ASCII).decode("ascii")
        return spelled if spelled.strip() else text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    remaining = folded.translate(_DROPPED)
    return remaining if remaining.strip() else folded


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFD", text).translate(_MARKS)
    return unicodedata.normalize("NFC", bare) if bare.strip() else text


class _Dropped(dict[int, str | None]):
    """Translation table that adds each character at its first occurrence.

    Args:
        categories: first letters of the Unicode categories that are dropped.
    """

    def __init__(self, categories: str) -> None:
        super().__init__()
        self._categories = categories

    def __missing__(self, point: int) -> str | None:
        character = chr(point)
        dropped = unicodedata.category(character)[0] in self._categories
        replacement = " " if character.isspace() else character
        self[point] = None if dropped and replacement != " " else replacement
        return self[point]


_DROPPED = _Dropped("PZC")
_DROPPED_ASCII = bytes(point for point in range(128) if _DROPPED[point] is None)
_ASCII = bytes(ord(_DROPPED[point] or chr(point)) if point < 128 else point for point in range(256))
_MARKS = _Dropped("M")
