"""The tasks that read your own files: text-pairs, image-text and masked-lm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.errors import StudyError, UnknownNameError
from crosslift.sources.checksums import sha256_of
from crosslift.sources.record import Record
from crosslift.sources.tables import column_names, read_records
from crosslift.tasks.task import FormSpec, IntermediateTask

FORMS = {
    "text-pairs": FormSpec(
        "text-pairs",
        {"anchor": "anchor", "positive": "positive", "negative": "negative"},
        optional=("negative",),
    ),
    "image-text": FormSpec("image-text", {"text": "text"}),
    "masked-lm": FormSpec("masked-lm", {"text": "text"}),
}
"""Name of the task -> its form. In image-text files the column `image` holds the picture's path."""

TITLES = {
    "text-pairs": "text pairs of your own file (columns anchor, positive; negative optional)",
    "image-text": "pictures and texts of your own file (columns text, image)",
    "masked-lm": "masked LM on your own text file (a line, or the column text, is one text)",
}


@dataclass(frozen=True, slots=True)
class FileRecords:
    """Records of one file; it has no dev records.

    Texts of one picture, and pairs with one anchor, are never negatives of one another.

    Args:
        path: of the file.
        columns: column of the form -> column of the file.
        image_column: column of the pictures' paths; None in text-only tasks.
    """

    path: Path
    columns: Mapping[str, str]
    image_column: str | None

    def train(self) -> list[Record]:
        """All records of the file."""
        records = read_records(self.path, self.columns, image_column=self.image_column)
        return [replace(r, group=str(r.image or r.texts.get("anchor", ""))) for r in records]

    def dev(self) -> list[Record]:
        """None."""
        return []

    def checksum(self) -> str:
        """Of the file and, in image-text tasks, of every picture."""
        pictures = [r.image for r in self.train() if r.image] if self.image_column else []
        return sha256_of([self.path, *pictures])


def task_of_file(name: str, path: Path | None, columns: Mapping[str, str]) -> IntermediateTask:
    """The task that reads a file.

    Args:
        name: one of `FORMS`.
        path: the file of records.
        columns: column of the form (or `image`) -> column of the file, where the names differ.

    Raises:
        StudyError: no file was named.
        UnknownNameError: a column that the form does not have.
    """
    if path is None:
        raise StudyError(f"task {name!r} has no data", "`data:` with the path of a file of records")
    form = FORMS[name]
    pictures = name == "image-text"
    legal = [*form.columns, *(["image"] if pictures else [])]
    for column in columns:
        if column not in legal:
            raise UnknownNameError(f"column of {name}", column, legal)
    there = {*columns, *(column_names(path) if form.optional else ())}
    used = {n: columns.get(n, n) for n in form.columns if n not in form.optional or n in there}
    return IntermediateTask(
        name=name,
        title=f"{TITLES[name]}: {path}",
        form=FormSpec(form.name, {n: n for n in used}),
        source=FileRecords(path, used, columns.get("image", "image") if pictures else None),
        languages=("en",),
        licence="of your file",
        citation=str(path),
        pictures=pictures,
    )
