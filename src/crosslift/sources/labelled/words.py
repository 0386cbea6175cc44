"""Files of tagged words, one a line, with an empty line between sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from crosslift.errors import DataError
from crosslift.sources.formats.rows import Row, lines_of, short

UPOS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN"),
    *("PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
"""The universal parts of speech (Nivre et al. 2020, arXiv 2004.10643, table 1)."""

ENTITIES = ("B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O")
"""Places, organisations and persons in the scheme IOB2: every entity begins with ``B-``."""

_MOST_BARE = 0.5


def checked_tag(tag: str, legal: Sequence[str], place: str) -> str:
    """Returns a legal tag.

    Raises:
        DataError: the tag is not legal (other schemes: ``S-PER`` and ``E-PER`` of IOBES).
    """
    if tag not in legal:
        raise DataError(f"{place}: tag {tag!r}", f"one of {', '.join(legal)}")
    return tag


def numbered_tags(row: Row, column: str, names: Sequence[str]) -> dict[str, object]:
    """The columns ``words`` and ``tags`` of a row of the hub, whose tags are numbers.

    Args:
        row: with the words in ``tokens``.
        column: column of the numbers, from 0.
        names: names of the tags, in their order.

    Raises:
        DataError: a number of no tag, or different numbers of tags and words.
    """
    words, numbers = row.value("tokens"), row.value(column)
    if len(words) != len(numbers):
        raise row.fault(f"{len(words)} words and {len(numbers)} tags", "a tag for each word")
    for number in numbers:
        if not isinstance(number, int) or not 0 <= number < len(names):
            raise row.fault(f"{column!r} holds {short(number)}", f"0 to {len(names) - 1}")
    return {"words": tuple(words), "tags": tuple(names[number] for number in numbers)}


class _Line(NamedTuple):
    number: int
    cells: list[str]


class _Sentence(NamedTuple):
    """The unsplit lines of a sentence: far fewer objects than its cells."""

    first: int
    texts: list[str]

    def lines(self) -> list[_Line]:
        return [
            _Line(number, text.split("\t")) for number, text in enumerate(self.texts, self.first)
        ]


@dataclass(frozen=True, slots=True)
class TaggedWords:
    """A word and its tag in each line, separated by a tab; only words if tags are withheld.

    XTREME's test files hold only words. XTREME's code gives ``O`` or ``X`` to a word without a tag;
    here a file has a tag for each word, or none at all.

    Args:
        tags: all legal tags.
        prefixed: words are written as ``en:word``, as in WikiANN's files; the prefix is removed.
    """

    tags: tuple[str, ...]
    prefixed: bool = False

    def __call__(self, path: Path) -> Iterator[Row]:
        """The sentences of a file: columns ``words`` and, unless they are withheld, ``tags``.

        Raises:
            DataError: a word without a tag in a file that has tags, a word with a space, an unknown
                tag, entities that do not begin with ``B-``, bytes that are not UTF-8.
        """
        sentences = list(_sentences(path))
        tagged = any("\t" in text for sentence in sentences for text in sentence.texts)
        rows = [self._row(path, sentence.lines(), tagged) for sentence in sentences]
        if tagged and "O" in self.tags:
            _check_scheme(path, [row.values["tags"] for row in rows])
        yield from rows

    def _row(self, path: Path, lines: list[_Line], tagged: bool) -> Row:
        place = f"{path}, row {lines[0].number}"
        words = tuple(self._word(path, line) for line in lines)
        if not tagged:
            return Row({"words": words}, place, lines[0].number)
        tags = tuple(self._tag(path, line) for line in lines)
        return Row({"words": words, "tags": tags}, place, lines[0].number)

    def _word(self, path: Path, line: _Line) -> str:
        word = line.cells[0]
        if self.prefixed:
            prefix, colon, word = word.partition(":")
            if not colon:
                raise DataError(
                    f"{path}, row {line.number}: word {prefix!r}", "a language before it: `en:word`"
                )
        if not word.strip() or " " in word:
            raise DataError(
                f"{path}, row {line.number}: word {word!r}", "a word without a space in it"
            )
        return word

    def _tag(self, path: Path, line: _Line) -> str:
        if len(line.cells) == 2 and line.cells[1] in self.tags:
            return line.cells[1]
        place = f"{path}, row {line.number}"
        if len(line.cells) != 2 or not line.cells[1]:
            raise DataError(
                f"{place}: {short(' | '.join(line.cells))}, {len(line.cells) - 1} tags",
                "a word, a tab and its tag",
                "give the word its tag; if labels are withheld, no word of the file has one",
            )
        return checked_tag(line.cells[1], self.tags, place)


def _sentences(path: Path) -> Iterator[_Sentence]:
    """The sentences, separated by one or more lines of only spaces and tabs."""
    sentence = _Sentence(1, [])
    for number, line in lines_of(path):
        if line.strip(" \t"):
            sentence.texts.append(line)
            continue
        if sentence.texts:
            yield sentence
        sentence = _Sentence(number + 1, [])
    if sentence.texts:
        yield sentence


def _check_scheme(path: Path, sentences: Sequence[Sequence[str]]) -> None:
    """Raises if most entities begin with ``I-``: the tags follow the scheme IOB1.

    Some entities do in WikiANN itself (in 4 of 100 Japanese dev sentences): such an entity begins where
    its type does, as the scorer reads it, and the published file is not changed.
    """
    begun = bare = 0
    for tags in sentences:
        for before, tag in zip(("O", *tags), tags, strict=False):
            begun += tag.startswith("B-")
            bare += tag.startswith("I-") and before[2:] != tag[2:]
    if bare > _MOST_BARE * (begun + bare):
        raise DataError(
            f"{path}: {bare} of {begun + bare} entities begin with I-, as in the scheme IOB1",
            f"the scheme IOB2, in which each begins with B-: {', '.join(ENTITIES)}",
        )
