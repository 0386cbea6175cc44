"""The one record type that text and image-text tasks share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosslift.sources.picture import Picture


@dataclass(frozen=True, slots=True)
class Record:
    """One training example of any intermediate task.

    Args:
        id: unique within its source.
        texts: column name -> text ("text", "anchor", "positive", "negative", "name", ...). Forms
            bind columns by name, never by position.
        image: the picture that belongs to the texts; None in text-only tasks.
        language: BCP-47 code of the texts.
        group: records of one group are the same thing (captions of one picture, variants of one
            concept): they are never negatives of one another. Empty: a group of its own.
        label: the class, of a classification.
        choices: texts to choose from, of a multiple choice.
        answer: index of the right choice.
        spans: answers in the text ``passage``, each (start, end) in characters, of span QA; empty:
            the question has no answer.
        words: of a sentence whose words are tagged.
        tags: one for each word.
        score: a grade, such as a similarity.
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
