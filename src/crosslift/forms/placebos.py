"""Placebo labels: how a record of each form gets a meaningless label."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from crosslift.sources.record import Record

Placebo = Callable[[Record, Record, Mapping[str, str], np.random.Generator], Record]
"""Maps a record, another record drawn for it, the columns that the form binds, and a random generator
to the record with a meaningless label."""


def label_of_another(
    record: Record, other: Record, columns: Mapping[str, str], generator: np.random.Generator
) -> Record:
    """The record with the class of another."""
    del columns, generator
    return replace(record, label=other.label)


def score_of_another(
    record: Record, other: Record, columns: Mapping[str, str], generator: np.random.Generator
) -> Record:
    """The record with the grade of another."""
    del columns, generator
    return replace(record, score=other.score)


def positive_of_another(
    record: Record, other: Record, columns: Mapping[str, str], generator: np.random.Generator
) -> Record:
    """The record with another record's text as the partner of its anchor."""
    del generator
    partner = columns["positive"]
    return replace(record, texts={**record.texts, partner: other.texts[partner]})


def answer_at_random(
    record: Record, other: Record, columns: Mapping[str, str], generator: np.random.Generator
) -> Record:
    """The record with one of its choices, drawn at random, as the right one."""
    del other, columns
    answer = int(generator.integers(len(record.choices))) if record.choices else None
    return replace(record, answer=answer)


def tags_shuffled(
    record: Record, other: Record, columns: Mapping[str, str], generator: np.random.Generator
) -> Record:
    """The record with its tags shuffled among its words."""
    del other, columns
    return replace(record, tags=tuple(generator.permutation(record.tags).tolist()))


def spans_moved(
    record: Record, other: Record, columns: Mapping[str, str], generator: np.random.Generator
) -> Record:
    """The record with its answers at random places of the passage, each as long as before."""
    del other
    passage = record.texts[columns["passage"]]
    return replace(record, spans=tuple(_moved(record, len(passage), generator)))


def _moved(
    record: Record, length: int, generator: np.random.Generator
) -> Iterator[tuple[int, int]]:
    for start, end in record.spans:
        first = int(generator.integers(length - (end - start) + 1))
        yield first, first + end - start
