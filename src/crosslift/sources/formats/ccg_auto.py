"""The machine-readable derivations of CCGbank: its AUTO files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.formats.rows import Row, lines_of, short

_ID = re.compile(r"ID=(\S+)")
_LEAF = re.compile(r"\(<L (\S+) (\S+) (\S+) (\S+) (\S+)>\)")


def ccg_auto(path: Path) -> Iterator[Row]:
    """The sentences of a file: columns ``id``, ``words`` and ``tags``, the lexical categories.

    A sentence has two lines: ``ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1``, and the derivation, whose
    leaves are ``(<L category tag tag word category>)``. Words stay unchanged (``-LRB-``).

    Raises:
        DataError: a line of another form, a derivation without its id or without leaves.
    """
    name = None
    for number, line in lines_of(path):
        match = _ID.match(line)
        if match:
            name = match[1]
        elif line.strip():
            place = f"{path}, row {number}"
            leaves = _LEAF.findall(line)
            if name is None or not leaves or len(leaves) != line.count("(<L "):
                raise DataError(f"{place}: {short(line)}", "CCGbank's AUTO format: ID=..., (<T ...")
            words, tags = [leaf[3] for leaf in leaves], [leaf[0] for leaf in leaves]
            yield Row({"id": name, "words": words, "tags": tags}, place, number)
            name = None
