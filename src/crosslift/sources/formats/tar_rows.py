"""The rows of WebDataset shards: the text files with one key are a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.formats.json_lines import parsed_object
from crosslift.sources.formats.rows import Row
from crosslift.sources.formats.tar_members import CutShortError, Member, members_of
from crosslift.sources.picture import has_picture_ending
from crosslift.sources.text_files import decode_utf8

IMAGE = "image"
"""The column with the name of a sample's picture."""

_MEMBER = re.compile(r"(?P<key>(?:.*/)?[^./]+)\.(?P<ending>[^/]+)", re.DOTALL)
_TEXT, _JSON = "txt", "json"


def tar_rows(path: Path) -> Iterator[Row]:
    """Yields the samples of a shard, numbered from 1. Only one of them is in memory.

    The format is that of https://github.com/webdataset/webdataset: the key of a sample is the name of
    its files up to the first dot of the base name; its files lie next to one another. ``KEY.json`` is
    an object whose keys are columns, ``KEY.txt`` is the column ``text``, ``KEY.NAME.txt`` the column
    ``NAME``. The picture of a sample is not read.

    Raises:
        DataError: the shard is compressed, cut short (the message names the last whole sample) or
            damaged; a sample has a column twice, or a text that cannot be read.
    """
    row, last = None, "no sample is whole"
    try:
        for member in members_of(path, _is_text):
            match = _MEMBER.fullmatch(member.name)
            if match is None:
                raise DataError(f"{path}: {member.name} has no ending", "KEY.txt, KEY.json, ...")
            if row is None or row.place != f"{path}, sample {match['key']}":
                if row is not None:
                    yield row
                    last = f"the last whole one is row {row.number}, {row.place.rpartition(' ')[2]}"
                number = 1 if row is None else row.number + 1
                row = Row({}, f"{path}, sample {match['key']}", number)
            cells = _cells(member, match["ending"].lower(), row)
            if repeated := sorted(cells.keys() & row.values.keys()):
                raise row.fault(f"column {repeated[0]!r} is in it twice", "each column once")
            row = Row({**row.values, **cells}, row.place, row.number)
    except CutShortError as error:
        raise DataError(
            f"{path} is cut short: {error}; {last}", "a whole shard", "get the shard again"
        ) from error
    if row is not None:
        yield row


def _is_text(name: str) -> bool:
    return name.lower().rpartition(".")[2] in (_TEXT, _JSON)


def _cells(member: Member, ending: str, row: Row) -> dict[str, object]:
    if member.text is None:
        return {IMAGE: member.name} if has_picture_ending(member.name) else {}
    text = decode_utf8(member.text, Path(f"{row.place}: {member.name}"))
    if ending == _JSON:
        return dict(parsed_object(text, row.place))
    if ending == _TEXT:
        return {"text": text}
    name, _, last = ending.rpartition(".")
    return {name: text} if last == _TEXT else {}
