"""Words with their translations, for targeted lexical injection: pairs of a lexicon without the control
pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from crosslift.errors import StudyError
from crosslift.sources.lexicons.read_lexicon import read_lexicon
from crosslift.sources.lexicons.split import split_of_lexicon
from crosslift.sources.published import DatasetRecords
from crosslift.sources.record import Record
from crosslift.tasks.task import FormSpec, IntermediateTask

NAME = "word-pairs"
TITLE = "words with their translations: a lexicon (.tsv, FreeDict, MUSE), or names:LANGUAGE"
FORM = FormSpec("text-pairs", {"anchor": "word", "positive": "english"})


@dataclass(frozen=True, slots=True)
class TrainedWords:
    """The training pairs of a lexicon; it has no dev records.

    Pairs that words connect are one group: none is a negative of another.

    Args:
        where: the lexicon.
    """

    where: Path

    def read(self, split: str) -> DatasetRecords:
        """The records of a split ("train" or "dev"), and reason -> number of pairs that are left
        out."""
        if split != "train":
            return DatasetRecords([], {})
        lexicon = read_lexicon(self.where)
        parts = split_of_lexicon(lexicon)
        records = [
            Record(
                f"{pair.word}/{pair.english}",
                {"word": pair.word, "english": pair.english},
                language=lexicon.language,
                group=group,
            )
            for pair, group in zip(parts.trained, parts.groups, strict=True)
        ]
        return DatasetRecords(records, {**lexicon.left_out, "control pairs": len(parts.control)})

    def check(self) -> None:
        """Raises if the lexicon cannot be read."""
        self.read("train")

    def train(self) -> Sequence[Record]:
        """The trained pairs."""
        return self.read("train").records

    def dev(self) -> Sequence[Record]:
        """Empty: the control pairs are for the targets `word-pairs` and `word-pairs-trained`."""
        return []

    def checksum(self) -> str:
        """A checksum of the lexicon."""
        lexicon = read_lexicon(self.where)
        return sha256(f"{lexicon.language}:{lexicon.checksum}".encode()).hexdigest()


def task_of_lexicon(where: Path | None, columns: Mapping[str, str]) -> IntermediateTask:
    """The task that trains on the pairs of a lexicon.

    Args:
        where: a file for `read_lexicon`, or ``names:`` and a code.
        columns: must be empty: a lexicon knows its sides.

    Raises:
        StudyError: no lexicon is named, or there are columns.
        DataError: the lexicon cannot be read.
    """
    if where is None:
        raise StudyError(
            f"task {NAME!r} has no data",
            "`data:` with a lexicon, such as swh-eng.tsv, freedict-cym-eng.index or names:de",
        )
    if columns:
        raise StudyError(
            f"task {NAME!r} knows its columns, but `columns` names {', '.join(columns)}"
        )
    return IntermediateTask(
        name=NAME,
        title=f"words with their translations: {where}",
        form=FORM,
        source=TrainedWords(where),
        languages=(read_lexicon(where).language,),
        licence="of the lexicon (FreeDict: GPL, most of them)",
        citation="Ngugi 2025 (arXiv 2506.15415)",
        at_hand=True,
    )
