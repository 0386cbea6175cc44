"""CCG supertagging on CCGbank: the lexical category of each word of the Wall Street Journal.

Sections 02 to 21 are training data, section 00 is dev. As usual since Clark and Curran 2007, categories
that occur fewer than ten times in the training sections are merged into one: `other`. The tags are
counted in the data, so the task needs them. Licensed by the LDC; files only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.artifacts.read_once import read_once
from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import TagFields
from crosslift.sources.formats.ccg_auto import ccg_auto
from crosslift.sources.published import DatasetRecords, DatasetSource, PublishedData
from crosslift.sources.record import Record
from crosslift.tasks.dataset import DatasetTask, tags_of_words
from crosslift.tasks.task import IntermediateTask

OTHER = "other"
FEWEST = 10


@dataclass(frozen=True, slots=True)
class CommonTags:
    """A dataset of tagged words whose rare tags are merged into one.

    Args:
        of: the dataset.
        fewest: how often a tag must occur in the training records to stay a separate tag.
    """

    of: DatasetSource
    fewest: int = FEWEST

    @property
    def needs_data(self) -> bool:
        """Whether the dataset needs a folder."""
        return self.of.needs_data

    def at(self, folder: Path) -> CommonTags:
        """The same dataset, from the published files in a folder."""
        return replace(self, of=self.of.at(folder))

    def tags(self) -> tuple[str, ...]:
        """The tags of its records in alphabetical order, `other` last."""
        return (*_common(self), OTHER)

    def read(self, split: str) -> DatasetRecords:
        """The records of a split, with rare tags and those unseen in training as `other`."""
        dataset, common = self.of.read(split), set(self.tags())
        records = [
            replace(r, tags=tuple(tag if tag in common else OTHER for tag in r.tags))
            for r in dataset.records
        ]
        return DatasetRecords(records, dataset.skipped)

    def check(self) -> None:
        """Checks the dataset."""
        self.of.check()

    def train(self) -> Sequence[Record]:
        """The training records."""
        return self.read("train").records

    def dev(self) -> Sequence[Record]:
        """The dev records."""
        return self.read("dev").records

    def checksum(self) -> str:
        """A checksum of the dataset."""
        return self.of.checksum()


@read_once()
def _common(source: CommonTags) -> tuple[str, ...]:
    return common_tags(source.of.train(), source.fewest)


def common_tags(records: Sequence[Record], fewest: int) -> tuple[str, ...]:
    """The tags that occur at least ``fewest`` times, in alphabetical order."""
    counts = Counter(tag for record in records for tag in record.tags)
    return tuple(sorted(tag for tag, count in counts.items() if count >= fewest))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggingTask(DatasetTask):
    """A tagging task whose tags are counted in its data."""

    source: CommonTags

    def with_data(self, folder: Path) -> IntermediateTask:
        """The task on the published files in a folder; its form gets their tags.

        Raises:
            DataError: the files are missing or have faults.
        """
        source = self.source.at(folder)
        return replace(self, source=source, form=tags_of_words(source.tags()))


CCG = TaggingTask(
    name="ccg",
    title="CCG supertagging: the lexical category of each word",
    form=tags_of_words(()),
    source=CommonTags(
        PublishedData(
            files=LocalFiles(
                layouts=(
                    Layout(
                        train=tuple(f"{section:02}/*.auto" for section in range(2, 22)),
                        dev=("00/*.auto",),
                        read=ccg_auto,
                        fields=TagFields(("id",)),
                        folders=("data/AUTO", "AUTO", "ccgbank_1_1/data/AUTO"),
                    ),
                ),
                where="https://catalog.ldc.upenn.edu/LDC2005T13 (CCGbank, licensed by the LDC)",
            ),
        ),
    ),
    languages=("en",),
    licence="LDC user agreement (LDC2005T13)",
    citation="Hockenmaier and Steedman 2007 (Computational Linguistics 33.3)",
    train_examples=39_604,
)
