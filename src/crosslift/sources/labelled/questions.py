"""Questions on passages in SQuAD's layout, each with a unique id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from crosslift.sources.formats.rows import Row
from crosslift.sources.formats.squad_json import squad_json


def questions(path: Path) -> Iterator[Row]:
    """The questions of a file, as `squad_json` reads them; repeated ids are numbered.

    XTREME cuts the ids of TyDiQA's training files at the last hyphen, so that many questions
    share one id: if an id appears twice in a file, all ids get ``-`` and the question's number, from 1.

    Raises:
        DataError: as `squad_json`.
    """
    rows = list(squad_json(path))
    for number, row in enumerate(rows, start=1):
        row.value("id")
        rows[number - 1] = replace(row, number=number)
    counts = Counter(str(row.values["id"]) for row in rows)
    if counts and max(counts.values()) > 1:
        rows = [replace(r, values={**r.values, "id": f"{r.values['id']}-{r.number}"}) for r in rows]
    yield from rows
