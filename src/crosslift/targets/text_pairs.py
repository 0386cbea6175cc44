"""Your own pairs of texts: the anchors of a table find their positives."""

from __future__ import annotations

from crosslift.errors import DataError
from crosslift.sources.language_files import LANGUAGE_COLUMN
from crosslift.sources.record import Bitext, Record
from crosslift.sources.record_tables import read_records
from crosslift.sources.table_types import column_names
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import BitextSettings

_COLUMNS = {"anchor": "anchor", "positive": "positive"}
_FILES = "a table with the columns anchor and positive, such as pairs.tsv"
_REPEATED = "an anchor or a positive that an earlier row has"


def load_text_pairs(settings: BitextSettings) -> BitextData:
    """The pairs of a table, by language.

    Rows whose anchor or positive is in an earlier row of the same language are left out: each anchor
    has one right answer.

    Raises:
        DataError: no table was named, a column is missing, or a language has fewer than two pairs.
    """
    path = settings.needed_data(_FILES)
    names = column_names(path)
    records = read_records(
        path,
        _COLUMNS | settings.columns,
        language_column=LANGUAGE_COLUMN if LANGUAGE_COLUMN in names else None,
    )
    by_language: dict[str, list[Record]] = {}
    left_out: dict[str, dict[str, int]] = {}
    texts: set[tuple[str, str, str]] = set()
    for record in records:
        sides = {(record.language, role, record.texts[role]) for role in _COLUMNS}
        if sides & texts:
            counts = left_out.setdefault(record.language, {_REPEATED: 0})
            counts[_REPEATED] += 1
            continue
        texts |= sides
        by_language.setdefault(record.language, []).append(record)
    languages = settings.languages or tuple(sorted(by_language))
    gaps = {code: f"{path.name} has no pair in it" for code in languages if code not in by_language}
    if len(gaps) == len(languages):
        raise DataError(
            f"{path} has no pair in {', '.join(languages)}", f"one of {', '.join(by_language)}"
        )
    bitexts = {c: _bitext(c, by_language[c]) for c in languages if c in by_language}
    return BitextData(bitexts, gaps=gaps, left_out=left_out)


def _bitext(language: str, records: list[Record]) -> Bitext:
    return Bitext(
        language,
        src=tuple(record.texts["anchor"] for record in records),
        tgt=tuple(record.texts["positive"] for record in records),
        items=tuple(record.id for record in records),
        tgt_language=language,
    )


TEXT_PAIRS = BitextTarget(
    name="text-pairs",
    title="own pairs",
    description="pairs of your own table: anchors find their positives (needs --data)",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=load_text_pairs,
    needs_data=True,
    licence="of your files",
    citation="your files",
)
