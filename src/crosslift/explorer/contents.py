"""The contents of a target: the texts and pictures that are queries or answers, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.explorer.columns import NONE, Block, numbers, pool
from crosslift.explorer.languages import Languages
from crosslift.languages import language_pair

_APART = "\x1f"


class Side(NamedTuple):
    """One side of a direction.

    Args:
        language: language of its texts; None: not known.
        picture: whether it has pictures.
    """

    language: str | None
    picture: bool


class Sides(NamedTuple):
    """The two sides of a direction."""

    query: Side
    answer: Side

    @classmethod
    def of(cls, protocol: str, language: str) -> Sides:
        """The sides of a protocol in a language or pair, by the direction in its id.

        Args:
            protocol: such as ``crosslift/xx->en``.
            language: such as ``de``, or ``de-fr``.
        """
        direction = protocol.rpartition("/")[2]
        one, other = language_pair(language) or (language, "en")
        if direction == "both":
            return cls(Side(one, False), Side(other, False))
        query, _, answer = direction.partition("->")
        if not answer:
            return cls(Side(one, False), Side(None, False))
        return cls(_side(query, language, one, other), _side(answer, language, one, other))


def _side(words: str, language: str, one: str, other: str) -> Side:
    if "picture" in words:
        return Side(None, True)
    known: Mapping[str, str] = {"xx": one, "yy": other, "en": "en"}
    return Side(known.get(words, language), False)


def keys_of(languages: pa.ChunkedArray | pa.Array, names: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A key for each id in a language."""
    of_both = (pc.fill_null(pc.cast(each, pa.string()), "") for each in (languages, names))
    keys = pc.binary_join_element_wise(*of_both, _APART)
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


class Contents:
    """The contents of one target, numbered as they come.

    Args:
        texts: rows of ``texts.parquet`` of the target; None: the run has none.
        languages: languages of the page.
    """

    def __init__(self, texts: pa.Table | None, languages: Languages) -> None:
        self._languages = languages
        self._strings: dict[str, int] = {}
        self._number: dict[tuple[str, ...], int] = {}
        self._rows: list[tuple[int, int, int, int, int]] = []
        self._lengths: list[int] = []
        self._named: dict[tuple[str, str], dict[str, int]] = {}
        self._pictures: dict[str, int] = {}
        if texts is not None:
            self._read(texts)

    def __len__(self) -> int:
        return len(self._rows)

    def _read(self, texts: pa.Table) -> None:
        columns = [
            texts[name].to_pylist() for name in ("protocol", "language", "role", "item", "text")
        ]
        for name in ("text_language", "picture"):
            present = name in texts.column_names
            columns.append(texts[name].to_pylist() if present else [None] * len(texts))
        for protocol, language, role, item, text, of_text, picture in zip(*columns, strict=True):
            if picture is not None:
                number = self.picture(picture)
            else:
                sides = Sides.of(protocol, language)
                guess = sides.query if role == "query" else sides.answer
                number = self.text(text, of_text or guess.language, item)
            named = self._named.setdefault((protocol, role), {})
            named[f"{language}{_APART}{item}"] = number

    def text(self, text: str, language: str | None, item: str) -> int:
        """The number of a text; ``item`` is the id of the first query or answer that has it."""
        key = ("text", language or "", text)
        if key not in self._number:
            self._add(key, item, self.string(text), NONE, 0, language, len(text))
        return self._number[key]

    def picture(self, picture: str) -> int:
        """The number of a picture, by its id."""
        key = ("picture", picture)
        if key not in self._number:
            number = self._pictures.setdefault(picture, len(self._pictures))
            self._add(key, picture, NONE, number, 1, None, 0)
        return self._number[key]

    def _unknown(self, side: Side, language: str, item: str) -> int:
        """The number of a content of which only the id is known."""
        if side.picture:
            return self.picture(item)
        key = ("id", side.language or "", language, item)
        if key not in self._number:
            self._add(key, item, NONE, NONE, 0, side.language, 0)
        return self._number[key]

    def _add(
        self,
        key: tuple[str, ...],
        item: str,
        text: int,
        picture: int,
        kind: int,
        language: str | None,
        length: int,
    ) -> None:
        self._number[key] = len(self._rows)
        self._lengths.append(length)
        place = self._languages.place(language)
        self._rows.append((self.string(item), text, picture, kind, place))

    def string(self, text: str) -> int:
        """The number of a string."""
        return self._strings.setdefault(text, len(self._strings))

    def numbers_of(
        self, protocol: str, role: str, keys: pa.Array, *, known_only: bool = False
    ) -> NDArray[np.uint32]:
        """The numbers of the contents that a role of a protocol names, uint32, one for each key.

        Args:
            protocol: its id.
            role: ``query``, ``right`` or ``retrieved``.
            keys: see `keys_of`; an empty id is no content.
            known_only: whether an id without a text or picture in the run is no content, instead of a
                content with an id alone.
        """
        distinct = keys.dictionary_encode()
        named = self._named.setdefault((protocol, role), {})
        numbered = np.fromiter(
            (
                self._number_of(named, protocol, role, key, known_only)
                for key in distinct.dictionary.to_pylist()
            ),
            np.uint32,
        )
        return numbered[distinct.indices.to_numpy()] if len(keys) else numbered

    def _number_of(
        self, named: dict[str, int], protocol: str, role: str, key: str, known_only: bool
    ) -> int:
        if key in named:
            return named[key]
        language, _, item = key.partition(_APART)
        if known_only or not item:
            return NONE
        sides = Sides.of(protocol, language)
        side = sides.query if role == "query" else sides.answer
        return named.setdefault(key, self._unknown(side, language, item))

    def lengths(self, contents: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The characters of the texts of contents; 0 for pictures and for none."""
        of_all = np.array([*self._lengths, 0], np.uint32)
        return of_all[np.minimum(contents, len(self._rows))]

    def known(self, table: pa.Table) -> NDArray[np.uint32]:
        """The contents of rows with ``text_language``, ``text`` and ``picture``, uint32; none where a
        row has another content."""
        rows = zip(
            *(table[name].to_pylist() for name in ("text_language", "text", "picture")), strict=True
        )
        keys = (
            ("picture", picture) if picture is not None else ("text", language or "", text)
            for language, text, picture in rows
        )
        return np.fromiter((self._number.get(key, NONE) for key in keys), np.uint32)

    @property
    def pictures(self) -> Mapping[str, int]:
        """Id of a picture -> its number."""
        return self._pictures

    def block(self, thumbnails: Mapping[str, bytes]) -> Block:
        """The block of the contents.

        Args:
            thumbnails: id of a picture -> its image; pictures without one have none.
        """
        block = Block()
        for name, column in pool(
            "texts", (text.encode("utf-8", "replace") for text in self._strings)
        ).items():
            block.add(name, column)
        shown = {number: place for place, number in enumerate(self._shown(thumbnails))}
        if shown:
            for name, column in pool("pictures", self._shown(thumbnails).values()).items():
                block.add(name, column)
        ids, texts, pictures, kinds, languages = (
            zip(*self._rows, strict=True) if self._rows else ((),) * 5
        )
        block.add("content/id", numbers(ids, np.uint32))
        block.add("content/text", numbers(texts, np.uint32))
        block.add(
            "content/picture", numbers((shown.get(each, NONE) for each in pictures), np.uint32)
        )
        block.add("content/kind", numbers(kinds, np.uint8))
        block.add("content/language", numbers(languages, np.uint16))
        return block

    def _shown(self, thumbnails: Mapping[str, bytes]) -> dict[int, bytes]:
        """Number of a picture -> its image, for pictures that have one."""
        return {
            number: thumbnails[name]
            for name, number in self._pictures.items()
            if name in thumbnails
        }
