"""Records of the pictogram concepts, for the tasks on pictures and names."""

from __future__ import annotations

from crosslift.sources.pictograms import Concept, checksum, concepts_of
from crosslift.sources.record import Record, SplitName


class PictureNames:
    """A picture and its English name, one record per concept."""

    def check(self) -> None:
        """Raises if the pictograms are not installed."""
        checksum()

    def train(self) -> list[Record]:
        """Concepts of the training split."""
        return [self._record(concept) for concept in concepts_of("train")]

    def dev(self) -> list[Record]:
        """Concepts of the dev split."""
        return [self._record(concept) for concept in concepts_of("dev")]

    def checksum(self) -> str:
        """A checksum of names and pictures."""
        return checksum()

    def _record(self, concept: Concept) -> Record:
        return Record(concept.id, {"name": concept.names["en"]}, concept.picture, group=concept.id)


class NameAliases:
    """Two English names of one concept, one record per alias."""

    def check(self) -> None:
        """Raises if the pictograms are not installed."""
        checksum()

    def train(self) -> list[Record]:
        """Concepts of the training split."""
        return _alias_records("train")

    def dev(self) -> list[Record]:
        """The first alias of each concept of the dev split."""
        first = {record.group: record for record in reversed(_alias_records("dev"))}
        return list(reversed(first.values()))

    def checksum(self) -> str:
        """A checksum of names and pictures."""
        return checksum()


def _alias_records(split: SplitName) -> list[Record]:
    return [
        Record(
            f"{concept.id}:{number}",
            {"name": concept.names["en"], "alias": alias},
            group=concept.id,
        )
        for concept in concepts_of(split)
        for number, alias in enumerate(concept.aliases)
    ]
