"""Questions on passages in SQuAD's layout, and the language that TyDiQA's ids begin with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from crosslift.sources.formats.rows import Row
from crosslift.sources.formats.squad_json import squad_json

TYDIQA_NAMES = {
    **{"arabic": "ar", "bengali": "bn", "english": "en", "finnish": "fi", "indonesian": "id"},
    **{"korean": "ko", "russian": "ru", "swahili": "sw", "telugu": "te"},
}
"""What the ids of TyDiQA-GoldP's own files begin with -> BCP-47 code."""


def questions(path: Path) -> Iterator[Row]:
    """The questions of a file, as `squad_json` reads them; of ids that repeat each gets its number.

    XTREME cuts the ids of TyDiQA's training files at the last hyphen, so that one stands for many
    questions: where an id of a file stands twice, all get ``-`` and the question's number, from 1.

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


def tydiqa_language(row: Row) -> str:
    """The language of a question of TyDiQA's own files, by its id (``english-4962-1``).

    Raises:
        DataError: the id begins with no language of TyDiQA-GoldP.
    """
    name = str(row.value("id")).partition("-")[0]
    if name not in TYDIQA_NAMES:
        raise row.fault(
            f"id {row.value('id')!r}", f"one of {', '.join(TYDIQA_NAMES)} before a hyphen"
        )
    return TYDIQA_NAMES[name]
