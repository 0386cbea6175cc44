"""Targets of labelled examples: an encoder that was fine-tuned on English ones answers them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from crosslift.errors import StudyError
from crosslift.sources.record import Record
from crosslift.target_kinds import KindName
from crosslift.targets.protocol import Direction
from crosslift.targets.target import Target
from crosslift.targets.target_data import ExampleItem, TargetData, TargetPart
from crosslift.targets.target_settings import LabelledSettings
from crosslift.tasks.task import IntermediateTask, texts_read

_LONGEST = 300
"""Characters of a text that an example shows."""
_QUERY_TEXTS = ("context", "question", "passage", "text", "pair")
"""Texts of a record that are the query, in the order in which an example shows them."""


@dataclass(frozen=True, slots=True)
class LabelledData(TargetData):
    """Labelled examples in some languages, for an encoder that was fine-tuned on English ones.

    Args:
        task: the training records of phase three, and the dev records of its model selection: English
            only, and never records that are scored.
        tests: language -> the N records that are scored, in the order of the files. If examples are
            translations of one another, those at the same position are the same example.
        split: split of the records.
        labelled: False if they are published without labels: they can be answered, not scored.
        selection: the source of the task's dev records, in words.
        checksum: checksum of everything the tests are made of.
        remark: what a reader of the scores must know beside the split; may be empty.
        own_dev: language -> its own dev examples, which are never scored; only where the oracle chooses
            by them. A language without any: the oracle chooses by the scored examples.
    """

    task: IntermediateTask
    tests: Mapping[str, tuple[Record, ...]]
    split: Literal["dev", "test"] = field()
    labelled: bool
    selection: str = field()
    checksum: str = field()
    remark: str = ""
    own_dev: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages."""
        return tuple(self.tests)

    @property
    def can_be_scored(self) -> bool:
        """Whether the examples are published with their labels."""
        return self.labelled

    @property
    def count(self) -> int:
        """Number of examples of all languages together."""
        return sum(map(len, self.tests.values()))

    def distinct_texts(self) -> list[str]:
        """Every distinct text that the form of the task reads, sorted."""
        every = (record for records in self.tests.values() for record in records)
        return sorted({text for record in every for text in texts_read(record, self.task.form)})

    def part(self, settings: LabelledSettings) -> TargetPart | None:
        """The first examples of each language."""
        count = settings.examples
        if count is None:
            return None
        tests = {language: records[:count] for language, records in self.tests.items()}
        words = f"first {count} examples of each language"
        own_dev = {language: records[:count] for language, records in self.own_dev.items()}
        cut = replace(self, tests=tests, own_dev=own_dev)
        return TargetPart(cut, words, {"examples": count})

    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> the examples of which a text that the form reads is among some texts."""
        form = self.task.form
        return {
            language: {r.id for r in records if any(t in texts for t in texts_read(r, form))}
            for language, records in self.tests.items()
        }

    def examples(self, language: str, direction: Direction) -> LabelledQueries:
        """The examples of a language; the direction is always the same."""
        del direction
        return LabelledQueries({record.id: record for record in self.tests[language]})

    def several_right(self, direction: Direction) -> bool:
        """Whether the answers are spans: several may be right, and they are compared word by word."""
        del direction
        return any(record.spans for records in self.tests.values() for record in records)


@dataclass(frozen=True, slots=True)
class LabelledQueries:
    """Labelled examples of one language as a report shows them.

    Args:
        records: id -> record.
    """

    records: Mapping[str, Record]

    def query(self, item: str) -> ExampleItem:
        """The texts of the example and its choices; of a long text, its beginning."""
        record = self.records[item]
        parts = [record.texts[name] for name in _QUERY_TEXTS if name in record.texts]
        parts += record.choices
        return ExampleItem(
            " / ".join(t if len(t) <= _LONGEST else f"{t[:_LONGEST]}..." for t in parts)
        )

    def right(self, item: str) -> ExampleItem:
        """Its class or its right choice, or every right span."""
        record = self.records[item]
        if record.right is not None:
            return ExampleItem(record.right)
        spans = (record.texts["passage"][start:end] for start, end in record.spans)
        return ExampleItem(" / ".join(spans))

    def answer(self, retrieved: str) -> ExampleItem:
        """The answer, unchanged."""
        return ExampleItem(retrieved)


@dataclass(frozen=True, slots=True)
class LabelledTarget(Target[LabelledSettings, LabelledData]):
    """A target of labelled examples."""

    kind: ClassVar[KindName] = "labelled"
    settings: ClassVar[type[LabelledSettings]] = LabelledSettings
    outcome_unit: ClassVar[str] = "example"
    fine_tuned: ClassVar[bool] = True
    encoder_alone: ClassVar[bool] = False
    clean: ClassVar[Literal["always", "never", "where there are"]] = "where there are"

    def check_encoder_alone(self, encoder: str) -> None:
        """Raises: an encoder must be fine-tuned before it answers."""
        del encoder
        raise StudyError(
            f"target {self.name!r} is answered by an encoder that was fine-tuned on its English "
            "training set",
            "a target of retrieval",
            "run a study with this target and `fine_tune`: studies/xtreme-small.yaml shows one",
        )
