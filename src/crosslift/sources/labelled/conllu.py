"""CoNLL-U, the files of Universal Dependencies, for words and their universal parts of speech.

Words are the syntactic ones: of a multiword range (``1-2 du``) its words ``1 de`` and ``2 le`` are read
and the range is skipped, and so is an empty node (``8.1``), which is no word of the text; both are
counted. XTREME's files are made in another way: with ``--replace_subtokens_with_fused_forms`` a
range is one word (scripts/download_data.sh). Scores on treebanks compare with those on XTREME's files
only if a language has no ranges. As in XTREME, spaces and U+200C inside a word are removed, and
sentences with withheld words (all of them ``_``, or all but one) are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.formats.rows import Row, lines_of, short
from crosslift.sources.labelled.words import UPOS, checked_tag

RANGE = "multiword range (its words are read)"
EMPTY_NODE = "empty node"
WITHHELD = "sentence whose words are withheld"
_COLUMNS = 10


def conllu(path: Path) -> Iterator[Row]:
    """The sentences of a file: columns ``id``, ``words`` and ``tags``; skipped parts as broken rows.

    Raises:
        DataError: a line of another form, an unknown part of speech, bytes that are not UTF-8.
    """
    words: list[str] = []
    tags: list[str] = []
    count = begin = 0
    for number, line in lines_of(path):
        if line.startswith("#"):
            continue
        if line.strip():
            begin = begin if words else number
            place = f"{path}, row {number}"
            reason = _read(line, place, words, tags)
            if reason:
                yield Row({}, place, number, broken=reason)
        elif words:
            count += 1
            yield _sentence(path, begin, count, words, tags)
            words, tags = [], []
    if words:
        yield _sentence(path, begin, count + 1, words, tags)


def _read(line: str, place: str, words: list[str], tags: list[str]) -> str:
    """Appends the word of a line; returns why the line holds none, or an empty text."""
    cells = line.split("\t")
    if len(cells) != _COLUMNS:
        raise DataError(f"{place}: {short(line)}", f"CoNLL-U: {_COLUMNS} cells separated by tabs")
    if "-" in cells[0]:
        return RANGE
    if "." in cells[0]:
        return EMPTY_NODE
    if cells[0] != str(len(words) + 1):
        raise DataError(f"{place}: word number {cells[0]!r}", f"{len(words) + 1}")
    word = cells[1].replace(" ", "").replace("\u200c", "")
    if not word:
        raise DataError(f"{place}: word {cells[1]!r}", "a word")
    words.append(word)
    tags.append(checked_tag(cells[3], UPOS, place))
    return ""


def _sentence(path: Path, begin: int, count: int, words: list[str], tags: list[str]) -> Row:
    place = f"{path}, row {begin}"
    withheld = words.count("_")
    if withheld and withheld >= len(words) - 1:
        return Row({}, place, begin, broken=WITHHELD)
    values = {"id": f"{path.stem}:{count}", "words": tuple(words), "tags": tuple(tags)}
    return Row(values, place, begin)
