"""The English examples of phase three, for training and for model selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from crosslift.errors import DataError
from crosslift.sources.labelled.english import EnglishData, check_english
from crosslift.sources.labelled.parts import LabelledPart
from crosslift.sources.published import DatasetRecords
from crosslift.sources.record import Record

MOST_HELD_OUT = 1_000
_SHARE = 10
_SEED = "crosslift: held out of the English training examples"


@dataclass(frozen=True, slots=True)
class PhaseThreeData:
    """English training examples, and English examples for model selection that are never scored.

    Args:
        data: the English training set.
        target_dev: the target's English dev examples; None: it has none, or they are scored, so a
            tenth of the training examples is held out for model selection.
    """

    data: EnglishData
    target_dev: LabelledPart | None = None

    def read(self, split: str) -> DatasetRecords:
        """The records of a split ("train" or "dev"), and the counts of skipped rows.

        Raises:
            DataError: the data are unavailable, faulty or not English.
        """
        if split == "dev" and self.target_dev is not None:
            return DatasetRecords(self._dev_records(self.target_dev), {})
        examples = self.data.read("train")
        if split == "train" and self.target_dev is not None:
            return examples
        train, dev = hold_out(examples.records)
        return (
            DatasetRecords(train, examples.skipped) if split == "train" else DatasetRecords(dev, {})
        )

    def check(self) -> None:
        """Checks the training set."""
        self.data.check()

    def train(self) -> Sequence[Record]:
        """The training records."""
        return self.read("train").records

    def dev(self) -> Sequence[Record]:
        """The records for model selection."""
        return self.read("dev").records

    def checksum(self) -> str:
        """SHA-256 of the training set and everything that the dev records depend on."""
        drawn = f"{_SEED} 1/{_SHARE} {MOST_HELD_OUT}"
        dev = drawn if self.target_dev is None else self.target_dev.checksum()
        return sha256(f"{self.data.checksum()}\n{dev}".encode()).hexdigest()

    def _dev_records(self, part: LabelledPart) -> list[Record]:
        examples = part.read()
        if not examples.labelled:
            raise DataError("the English dev examples have no labels", "labels for model selection")
        check_english(examples.records, "the English dev examples", self.data.least)
        return [replace(record, id=f"dev:{record.id}") for record in examples.records]


def hold_out(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Splits training records into those to train on and a fixed tenth that is held out.

    Questions on one passage or context, and pairs with one first text, stay together. Groups are drawn
    in the order of a hash of their text, so that the choice does not depend on the order of the
    file; a group that would exceed a tenth, or 1,000 records, is skipped.

    Args:
        records: N records, of at least two groups.

    Returns:
        The other records and the held-out ones, both in their original order.

    Raises:
        DataError: there is only one group.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(_group(record), []).append(record)
    if len(groups) < 2:
        raise DataError(
            f"{len(records)} training examples of {len(groups)} passage, sentence or first text",
            "at least two, so that some can be held out of training",
        )
    most = min(MOST_HELD_OUT, max(1, len(records) // _SHARE))
    held_out_groups: set[str] = set()
    count = 0
    for name in sorted(groups, key=_order):
        if count + len(groups[name]) <= most:
            held_out_groups.add(name)
            count += len(groups[name])
    held_out_groups = held_out_groups or {
        min(groups, key=lambda name: (len(groups[name]), _order(name)))
    }
    kept_and_held_out: tuple[list[Record], list[Record]] = ([], [])
    for record in records:
        kept_and_held_out[_group(record) in held_out_groups].append(record)
    return kept_and_held_out


def _group(record: Record) -> str:
    texts = record.texts
    shared = texts.get("passage") or texts.get("context") or texts.get("text")
    return shared or " ".join(record.words)


def _order(name: str) -> str:
    return sha256(f"{_SEED}\n{name}".encode()).hexdigest()
