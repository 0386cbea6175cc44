"""SQuAD as text pairs: a question, and the sentence or the passage that contains its answer.

Like the retrieval of answers in context of Ahmad et al. 2019 (ReQA, arXiv 1907.04780). Only SQuAD's
training file is used: XQuAD's questions are from the dev file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crosslift.sources.published import Derived
from crosslift.sources.record import Record
from crosslift.tasks.dataset import DatasetTask
from crosslift.tasks.squad import SQUAD_1, SQUAD_DATA
from crosslift.tasks.task import FormSpec

# An end mark, an optional closing quote, space, and the beginning of a sentence; not after a single
# capital letter (initials, U.S.) or a title.
_END = re.compile(
    r"[.!?](?<!\b[A-Z].)(?<!\bMr.)(?<!\bMs.)(?<!\bDr.)(?<!\bSt.)(?<!\bMrs.)"
    r"[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9])|\n+"
)
_PAIR = FormSpec("text-pairs", {"anchor": "question", "positive": "positive"})


def sentence_around(passage: str, start: int, end: int) -> str:
    """The sentence of a passage that contains its characters from ``start`` to ``end``.

    If an answer crosses the end of a sentence: all sentences that it touches.

    Args:
        passage: the text.
        start: start of the answer, in characters.
        end: end of the answer, exclusive.

    Returns:
        The text, without space at its ends.
    """
    bounds = [0, *(match.end() for match in _END.finditer(passage)), len(passage)]
    first = max(bound for bound in bounds if bound <= start)
    last = min(bound for bound in bounds if bound >= end)
    return passage[first:last].strip()


def with_sentence(records: Sequence[Record]) -> list[Record]:
    """Each question and the sentence of its first answer."""
    return _pairs(records, lambda r: sentence_around(r.texts["passage"], *r.spans[0]))


def with_passage(records: Sequence[Record]) -> list[Record]:
    """Each question and its passage."""
    return _pairs(records, lambda r: r.texts["passage"].strip())


def _pairs(records: Sequence[Record], positive: Callable[[Record], str]) -> list[Record]:
    """Pairs. Questions with the same positive are a group, so that none is a negative of the others."""
    return [
        Record(r.id, {"question": r.texts["question"], "positive": text}, group=text)
        for r, text in zip(records, map(positive, records), strict=True)
    ]


def _task(name: str, what: str, make: Callable[[Sequence[Record]], list[Record]]) -> DatasetTask:
    return DatasetTask(
        name=name,
        title=f"SQuAD 1.1 as text pairs: a question and the {what} that holds its answer",
        form=_PAIR,
        source=Derived(SQUAD_DATA, make),
        languages=("en",),
        licence=SQUAD_1.licence,
        citation=SQUAD_1.citation,
        train_examples=SQUAD_1.train_examples,
    )


SQUAD_SENTENCE = _task("squad-sentence", "sentence", with_sentence)
SQUAD_PASSAGE = _task("squad-passage", "passage", with_passage)
