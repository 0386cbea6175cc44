"""Detects the kind of your files: pairs, captioned pictures, or bitexts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError, StudyError, shorten
from crosslift.languages import is_known
from crosslift.scaffold.hold_out import LEAST, split_rows
from crosslift.sources.bitext_names import LAYOUTS, find_bitexts
from crosslift.sources.captions.columns import IMAGE_NAMES
from crosslift.sources.captions.published_captions import read_captions
from crosslift.sources.file_names import is_folder
from crosslift.sources.record import Record
from crosslift.sources.record_tables import read_records
from crosslift.sources.table_types import column_names, table_stem
from crosslift.wording import plural

_PAIR_COLUMNS = (
    ("anchor", "positive"),
    ("question", "answer"),
    ("query", "positive"),
    ("query", "passage"),
    ("query", "document"),
    ("query", "answer"),
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
    ("src", "tgt"),
    ("source", "target"),
    ("title", "text"),
    ("title", "body"),
)
"""Columns of published pairs; the first two that a table has are used."""
_HEADER = "a first line with the names of the columns: anchor, positive"
_MOST_LETTERS = 40
"""Letters of a column's name in a message, at most."""
_PARTS = ("train", "dev", "test")
_READ_AS = (
    "a table of pairs (anchor, positive), a table or folder of pictures with captions, or a folder of "
    f"bitexts: {LAYOUTS}"
)


@dataclass(frozen=True)
class StudyParts:
    """The part of a study that comes from your data.

    Args:
        target: settings of the target.
        measures: what the target measures, in words.
        arm: name of the arm that trains on the data; empty: no arm.
        description: description of the arm.
        stage: settings of the stage of the arm; its task has the name of its form.
        control: name of the arm's control, and what the control has, in words.
        needs_map: whether the target measures pictures, so that the untouched encoder needs a map from
            them to its vectors.
        choose_on: settings of the target for choosing settings; None: the data have none.
        rows: number of training rows.
        languages: languages of the target besides English; empty: those of the data.
        files: file of a part of the data -> its rows, which `FirstStudy.write_parts` writes.
    """

    target: dict[str, Any]
    measures: str
    arm: str = ""
    description: str = ""
    stage: dict[str, Any] = field(default_factory=dict)
    control: tuple[str, str] = ("", "")
    needs_map: bool = False
    choose_on: dict[str, Any] | None = None
    rows: int = 0
    languages: tuple[str, ...] = ()
    files: Mapping[Path, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


class OwnData(Protocol):
    """Data of one kind at one place."""

    def words(self) -> str:
        """The content of the data, in one line."""

    def parts(self, folder: Path) -> StudyParts:
        """The part of a study that comes from the data. It writes nothing.

        Args:
            folder: folder for the parts of the data.

        Raises:
            DataError: too few rows to hold some out.
        """


@dataclass(frozen=True)
class OwnPairs:
    """A table of pairs of texts.

    Args:
        path: path of the table.
        columns: column of the task -> column of the table.
        language: language of all texts, if the table has no column of languages. None: they are
            English.
    """

    path: Path
    columns: Mapping[str, str]
    language: str | None = None

    def words(self) -> str:
        """The table, its rows and its columns."""
        bound = ", ".join(f"{column} is the {role}" for role, column in self.columns.items())
        return f"{self.path}: {plural(len(self._records()), 'pair')} ({bound})"

    def parts(self, folder: Path) -> StudyParts:
        """An arm on the training part, and the test part as a target."""
        records = self._records()
        splits = split_rows(
            [(record.texts["anchor"], record.texts["positive"]) for record in records]
        )
        _refuse_few(self.path, Counter(splits), "pairs")
        files = {folder / f"pairs.{part}.jsonl": _rows_in(part, records, splits) for part in _PARTS}
        language = {} if self.language is None else {"language": self.language}
        return StudyParts(
            arm="pairs",
            description="your pairs",
            stage={"task": "text-pairs", "data": str(folder / "pairs.train.jsonl"), **language},
            control=("placebo-labels", "the same texts with partners of other rows"),
            choose_on={"name": "text-pairs", "data": str(folder / "pairs.dev.jsonl")},
            target={"name": "text-pairs", "data": str(folder / "pairs.test.jsonl")},
            measures="your pairs that no arm trains on",
            rows=splits.count("train"),
            files=files,
        )

    def _records(self) -> list[Record]:
        names = column_names(self.path)
        negative = self.columns.get("negative", "negative")
        bound = {role: column for role, column in self.columns.items() if role != "negative"}
        return read_records(
            self.path,
            bound,
            several={"negative": (negative,)} if negative in names else {},
            group_column="group" if "group" in names else None,
            language_column="language" if "language" in names else None,
            language=self.language or "en",
        )


def _rows_in(part: str, records: Sequence[Record], splits: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the records whose split is a part."""
    return [_row(record) for record, split in zip(records, splits, strict=True) if split == part]


def _row(record: Record) -> dict[str, Any]:
    negatives = [text for name, text in record.texts.items() if name.startswith("negative")]
    row = {role: record.texts[role] for role in ("anchor", "positive")}
    language = {} if record.language == "en" else {"language": record.language}
    return row | ({"negative": negatives} if negatives else {}) | language


@dataclass(frozen=True)
class OwnCaptions:
    """Pictures with captions.

    Args:
        path: path of the table, the archive or the folder.
        columns: role -> column, if a table has other names.
        language: language of captions whose data name none. None: they are English.
    """

    path: Path
    columns: Mapping[str, str]
    language: str | None = None

    def words(self) -> str:
        """The data, their pictures and captions."""
        records = self._records("train")
        pictures = len({_picture_of(record) for record in records})
        return f"{self.path}: {plural(len(records), 'caption')} of {plural(pictures, 'picture')}"

    def parts(self, folder: Path) -> StudyParts:
        """An arm on the training pictures, and the test pictures as a target."""
        data, rows, files = self._with_splits(folder)
        stage: dict[str, Any] = {"task": "image-text", "data": str(data)}
        if data == self.path and self.columns:
            stage["columns"] = dict(self.columns)
        if self.language is not None:
            stage["language"] = self.language
        target: dict[str, Any] = {"name": "picture-captions", "data": str(data)}
        if data == self.path and self.columns:
            target["columns"] = dict(self.columns)
        return StudyParts(
            arm="pictures",
            description="your pictures and their captions",
            stage=stage,
            control=("shuffled-pictures", "the same pictures, each with captions of another"),
            needs_map=True,
            target=target,
            measures="your pictures that no arm trains on, by their captions",
            rows=rows,
            files=files,
        )

    def _with_splits(self, folder: Path) -> tuple[Path, int, dict[Path, list[dict[str, Any]]]]:
        """The data with a test split, the number of training captions, and the files to write."""
        records = self._records("train")
        if self._records("test"):
            return self.path, len(records), {}
        splits = split_rows([(_picture_of(record),) for record in records])
        splits = ["test" if split == "dev" else split for split in splits]
        _refuse_few(self.path, Counter(splits), "captions")
        rows = []
        for record, split in zip(records, splits, strict=True):
            if not isinstance(record.image, Path):
                raise DataError(
                    f"{self.path} holds its pictures in archives, and has no test split",
                    "pictures in files, or data with a test split",
                    "add a column `split` with train and test",
                )
            row = {
                "image": str(record.image.absolute()),
                "text": record.texts["text"],
                "split": split,
            }
            rows.append(row | {"language": record.language})
        table = folder / "captions.jsonl"
        return table, splits.count("train"), {table: rows}

    def _records(self, split: Any) -> list[Record]:
        captions = read_captions(
            self.path, split, self.columns, language=self.language or "en", skip_broken=True
        )
        return list(captions.records)


def _picture_of(record: Record) -> str:
    return record.id.rpartition("#")[0]


@dataclass(frozen=True)
class OwnBitexts:
    """A folder of bitexts with English.

    Args:
        path: path of the folder.
        languages: languages of the bitexts.
    """

    path: Path
    languages: tuple[str, ...]

    def words(self) -> str:
        """The folder and its languages."""
        return f"{self.path}: bitexts of English and {', '.join(self.languages)}"

    def parts(self, folder: Path) -> StudyParts:
        """The bitexts as a target: no arm trains on them."""
        del folder
        settings = {"name": "bitext", "data": str(self.path)}
        words = "translations find each other, both ways"
        return StudyParts(settings, words, languages=self.languages)


def look(path: Path, columns: Mapping[str, str], language: str | None = None) -> OwnData:
    """Detects the kind of the data at a path.

    Args:
        path: a table, an archive or a folder.
        columns: role -> column, if a table has other names.
        language: BCP-47 code of texts whose data name none.

    Raises:
        DataError: there are no usable data; the message lists the usable kinds.
    """
    if is_folder(path):
        bitexts = find_bitexts(path)
        if bitexts.files:
            return OwnBitexts(path, tuple(bitexts.files))
        return _captions(path, columns, language)
    if not path.is_file():
        raise DataError(f"{path} does not exist", _READ_AS)
    names = _columns(path)
    if not names or "image" in columns or set(IMAGE_NAMES) & set(names):
        return _captions(path, columns, language)
    return OwnPairs(path, pair_columns(path, names, columns), language)


def _columns(path: Path) -> tuple[str, ...]:
    """The columns of a table; empty if the file is not a table."""
    if table_stem(path) is None or ".txt" in path.suffixes:
        return ()
    try:
        return column_names(path)
    except DataError:
        return ()  # such as COCO's JSON: its reader reports the fault


def _captions(path: Path, columns: Mapping[str, str], language: str | None) -> OwnCaptions:
    captions = OwnCaptions(path, columns, language)
    try:
        captions.words()
    except DataError as error:
        raise DataError(f"{path} cannot be used: {error}", _READ_AS) from error
    return captions


def pair_columns(path: Path, names: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Role -> column of a table of pairs.

    Args:
        path: path of the table.
        names: names of its columns.
        columns: columns that the user names.

    Raises:
        StudyError: the columns are not among those of published pairs, or hold two languages.
    """
    if columns:
        return dict(columns)
    by_lower = {name.lower(): name for name in names}
    for anchor, positive in _PAIR_COLUMNS:
        if anchor in by_lower and positive in by_lower:
            return {"anchor": by_lower[anchor], "positive": by_lower[positive]}
    codes = [name for name in names if is_known(name)]
    if len(codes) == 2:
        raise StudyError(
            f"{path} has the columns {codes[0]} and {codes[1]}: pairs of two languages",
            "a folder with NAME.de-en.tsv, which is measured and not trained on",
            "move it into a folder and give that, or name the columns: "
            f"`--columns anchor={codes[0]},positive={codes[1]}`",
        )
    if not any(names):
        raise DataError(f"{path} is empty", f"a row for each pair, after {_HEADER}")
    if any(" " in name.strip() for name in names):
        remedy = f"if the first line is a pair and names no columns, add {_HEADER}"
    else:
        remedy = f"name them: `--columns anchor={names[0]},positive={names[-1]}`"
    raise StudyError(
        f"{path} has the columns {', '.join(shorten(name, _MOST_LETTERS) for name in names)}",
        "columns anchor and positive, or others of published pairs (question and answer, ...)",
        remedy,
    )


def _refuse_few(path: Path, counts: Mapping[str, int], what: str) -> None:
    if min(counts.get("test", 0), counts.get("train", 0)) < LEAST:
        raise DataError(
            f"{path} has too few {what} to hold some out: {counts.get('train', 0)} to train on, "
            f"{counts.get('test', 0)} to measure",
            f"{LEAST} of each, in rows that share no text: about {10 * LEAST} {what}, as a tenth is "
            "held out",
        )


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows as JSON lines.

    Raises:
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with file_written_whole(path) as draft:
        draft.write_text("".join(lines), encoding="utf-8")
