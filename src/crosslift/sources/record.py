"""The one record type that text and image-text tasks share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from crosslift.sources.picture import Picture

SplitName = Literal["train", "dev", "test"]

SPLITS: tuple[SplitName, ...] = ("train", "dev", "test")
"""The splits of a dataset, whatever its publishers call them."""


@dataclass(frozen=True, slots=True)
class Record:
    """One training example of any intermediate task.

    Args:
        id: unique within its source.
        texts: column name -> text ("text", "anchor", "positive", "negative", "name", ...). Forms
            bind columns by name, never by position. If a record has several of a
            text, their names are numbered (`numbered_name`).
        image: the picture that belongs to the texts; None in text-only tasks.
        language: BCP-47 code of the texts.
        group: records of one group are the same thing (captions of one picture, variants of one
            concept): they are never negatives of one another. Empty: a separate group.
        label: the class, for classification.
        choices: texts to choose from, for multiple choice.
        answer: index of the right choice.
        spans: answers in the text ``passage``, each (start, end) in characters, for span QA; empty:
            the question has no answer.
        words: words of a sentence with tagged words.
        tags: tags, one for each word.
        score: grade, such as a similarity.
        margins: for each negative text, a teacher's score of the pair less that of its anchor with the
            negative.
    """

    id: str
    texts: Mapping[str, str] = field(default_factory=dict)
    image: Picture | None = None
    language: str = "en"
    group: str = ""
    label: str | None = None
    choices: tuple[str, ...] = ()
    answer: int | None = None
    spans: tuple[tuple[int, int], ...] = ()
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    score: float | None = None
    margins: tuple[float, ...] = ()

    @property
    def right(self) -> str | None:
        """The right answer as a text: the class, or the right choice; None: neither exists."""
        if self.label is not None or self.answer is None:
            return self.label
        return self.choices[self.answer]


def numbered_name(name: str, number: int) -> str:
    """The name of one of several texts; the first has the plain name.

    Example: ``negative``, ``negative_2``, ``negative_3``.

    Args:
        name: name of the first text.
        number: number of the text, from 1.
    """
    return name if number == 1 else f"{name}_{number}"


def names_of_several(texts: Mapping[str, str], name: str) -> Iterator[str]:
    """The numbered names of a text that a record has, in order; empty if it lacks the text."""
    for number in count(1):
        numbered = numbered_name(name, number)
        if numbered not in texts:
            return
        yield numbered


def names_bound(texts: Mapping[str, str], columns: Iterable[str]) -> tuple[str, ...]:
    """The names of a record's texts that columns bind, each once, with those of several texts.

    Args:
        texts: texts of the record.
        columns: names that a form binds; those that the record lacks are skipped.
    """
    names = (name for column in columns for name in names_of_several(texts, column))
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Bitext:
    """Sentence pairs of one language and English (or another pivot).

    Args:
        language: BCP-47 code of ``src``.
        src: N texts in ``language``.
        tgt: N texts in ``tgt_language``; ``tgt[i]`` translates ``src[i]``.
        items: N ids; the same id in two languages means the same ``tgt`` meaning (parallel data).
        tgt_language: BCP-47 code of ``tgt``.
    """

    language: str
    src: tuple[str, ...]
    tgt: tuple[str, ...]
    items: tuple[str, ...]
    tgt_language: str = "en"
