"""Checks that texts are English, for training an encoder that is measured in other languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError
from crosslift.languages import FAMILIES, language
from crosslift.sources.formats.rows import short
from crosslift.sources.published import DatasetRecords, PublishedData
from crosslift.sources.record import Record

LEAST = 0.95
_SHORT = 4
_WORDS_FOR_ONE = 10
_LAST_LATIN = 0x24F
_WORD = re.compile(r"[^\W\d_]+")
_ID = re.compile(r"(?:train:|dev:)?([a-z]+)-")
_COMMON = (
    "a about after all also an and any are as at be because been being but by can could did "
    "do does don during even for from had has have he her here his how i if in into is it its "
    "just like may me more most my no not now of off on one only or other our out over she "
    "should so some such than that the their them then there these they this those through to "
    "too under until up very was we were what when where which while who whom whose why will "
    "with would you your"
)
_FUNCTION_WORDS = frozenset(_COMMON.split())


def check_english(records: Sequence[Record], what: str, least: float = LEAST) -> None:
    """Raises unless records are English.

    An id that begins with the name of a language must name English. At least the share ``least`` of the
    records must have only texts that read as English: letters mostly Latin, and fewer than 4 words or
    one function word in ten. Measured on MLQA, PAWS-X, SQuAD, TyDiQA, UD and XNLI: at least 0.97 of the
    English records do, and at most 0.29 of those in any of their other available languages; on WikiANN,
    whose sentences are often bare names, 0.77 and at most 0.46.

    Args:
        records: to check; an empty sequence passes.
        what: name of the records, for the error.
        least: share of the records, in [0, 1].

    Raises:
        DataError: another language in an id, or too few English records; the message names
            the first other one.
    """
    names = {language(code).name.lower() for code in FAMILIES} - {"english"}
    for record in records:
        match = _ID.match(record.id)
        if match and match[1] in names:
            raise DataError(
                f"{what}: record {record.id!r} is of {match[1].capitalize()}",
                "only English records",
                "give the English training file (jiant's file of TyDiQA holds nine languages)",
            )
    verdicts: dict[str, bool] = {}
    others = [record for record in records if not _reads_as_english(record, verdicts)]
    share = 1 - len(others) / len(records) if records else 1.0
    if share < least:
        excerpt = short(" ".join([*others[0].texts.values(), *others[0].words]))
        raise DataError(
            f"{what}: {share:.1%} of {len(records)} records read as English; record "
            f"{others[0].id!r} does not: {excerpt}",
            f"at least {least:.0%}",
            "give English training data: it must not hold the other languages that are measured",
        )


def english_share(records: Sequence[Record]) -> float:
    """The share of records of which all texts read as English, see `check_english`; 1 of none."""
    verdicts: dict[str, bool] = {}
    english = sum(_reads_as_english(record, verdicts) for record in records)
    return english / len(records) if records else 1.0


def _reads_as_english(record: Record, verdicts: dict[str, bool]) -> bool:
    texts = [*record.texts.values(), " ".join(record.words)]
    for text in texts:
        if text not in verdicts:
            verdicts[text] = is_english(text)
    return all(verdicts[text] for text in texts)


def is_english(text: str) -> bool:
    """Whether a text reads as English, see `check_english`; an empty one does.

    Example::

        "Who wrote it?", "Is the house old?"   ->  True, True
        "Kuka sen kirjoitti ja miksi?"         ->  False
        "언제 태어났나요?"                        ->  False
    """
    letters = [character for character in text if character.isalpha()]
    latin = sum(ord(character) <= _LAST_LATIN for character in letters)
    if 2 * latin < len(letters):
        return False
    words = _WORD.findall(text.lower())
    function = sum(word in _FUNCTION_WORDS for word in words)
    return len(words) < _SHORT or _WORDS_FOR_ONE * function >= len(words)


@dataclass(frozen=True, slots=True)
class EnglishData(PublishedData):
    """A dataset whose records are checked to be English whenever they are read.

    Args:
        least: see `check_english`.
        setting: the setting for its folder, for errors.
    """

    least: float = LEAST
    setting: str = "data"

    @property
    def _remedy(self) -> str:
        files = self.files
        return f"give `{self.setting}:` with the folder of {files.names}; get it: {files.where}"

    def read(self, split: str) -> DatasetRecords:
        """The records of a split and the counts of skipped rows.

        Raises:
            DataError: as `PublishedData.read`; the records are not English.
        """
        if self.folder is None and not self._hub().pinned:
            return self.read_and_check(split)  # the commit of a branch needs the network
        return _read(self, split)

    def read_and_check(self, split: str) -> DatasetRecords:
        """As `read`, but without the cache."""
        examples = PublishedData.read(self, split)
        check_english(examples.records, f"{split} of {self.folder or self._hub().id}", self.least)
        return examples


@read_once(key=lambda data, split: (data.checksum(), split, data.least))
def _read(data: EnglishData, split: str) -> DatasetRecords:
    """The records of a split: every arm and seed is trained on them."""
    return data.read_and_check(split)
