"""The English examples of phase three: what is trained on, and what weights are chosen by."""

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
    """English training examples, and English examples to choose by that are never scored.

    Args:
        data: the English training set.
        own_dev: the target's own English dev examples; None: it has none, or they are scored, so a
            tenth of the training examples is held out of training and chosen by.
    """

    data: EnglishData
    own_dev: LabelledPart | None = None

    def read(self, split: str) -> DatasetRecords:
        """The records of a split ("train" or "dev"), and how many rows of the files were left out.

        Raises:
            DataError: the data cannot be had, are at fault or not English.
        """
        if split == "dev" and self.own_dev is not None:
            return DatasetRecords(self._own(self.own_dev), {})
        found = self.data.read("train")
        if split == "train" and self.own_dev is not None:
            return found
        train, dev = hold_out(found.records)
        return DatasetRecords(train, found.skipped) if split == "train" else DatasetRecords(dev, {})

    def train(self) -> list[Record]:
        """The training records."""
        return self.read("train").records

    def dev(self) -> list[Record]:
        """The records that weights are chosen by."""
        return self.read("dev").records

    def checksum(self) -> str:
        """Of the training set and of everything that the dev records depend on."""
        drawn = f"{_SEED} 1/{_SHARE} {MOST_HELD_OUT}"
        dev = drawn if self.own_dev is None else self.own_dev.checksum()
        return sha256(f"{self.data.checksum()}\n{dev}".encode()).hexdigest()

    def _own(self, part: LabelledPart) -> list[Record]:
        found = part.read()
        if not found.labelled:
            raise DataError(
                "the English dev examples have no labels", "labels to choose weights by"
            )
        check_english(found.records, "the English dev examples", self.data.least)
        return [replace(record, id=f"dev:{record.id}") for record in found.records]


def hold_out(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Parts training records into those that are trained on and a fixed tenth that is held out.

    Questions on one passage or context, and pairs with one first text, stay together. Groups are drawn
    in the order of a hash of their text, so that the same ones are held out whatever the order of the
    file; a group that would make them more than a tenth, or more than 1,000, is passed over.

    Args:
        records: N records, of two groups at least.

    Returns:
        The others, and those held out, both in the order given.

    Raises:
        DataError: there is one group alone.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(_group(record), []).append(record)
    if len(groups) < 2:
        raise DataError(
            f"{len(records)} training examples of {len(groups)} passage, sentence or first text",
            "two at least, so that some can be held out of training",
        )
    most = min(MOST_HELD_OUT, max(1, len(records) // _SHARE))
    chosen: set[str] = set()
    count = 0
    for name in sorted(groups, key=_order):
        if count + len(groups[name]) <= most:
            chosen.add(name)
            count += len(groups[name])
    chosen = chosen or {min(groups, key=lambda name: (len(groups[name]), _order(name)))}
    parted: tuple[list[Record], list[Record]] = ([], [])
    for record in records:
        parted[_group(record) in chosen].append(record)
    return parted


def _group(record: Record) -> str:
    texts = record.texts
    shared = texts.get("passage") or texts.get("context") or texts.get("text")
    return shared or " ".join(record.words)


def _order(name: str) -> str:
    return sha256(f"{_SEED}\n{name}".encode()).hexdigest()
