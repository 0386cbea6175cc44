"""Scores of tagged words: of each word, and of the chunks that the tags make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError

_OUTSIDE = "O"
_STARTERS = frozenset("BS")
_ENDERS = frozenset("ES")


def tagging_accuracy(
    predicted: Sequence[Sequence[str]] | Sequence[Sequence[int]],
    gold: Sequence[Sequence[str]] | Sequence[Sequence[int]],
) -> float:
    """The share of words that got their right tag; a word counts as much as any other.

    Example, two sentences::

        predicted (NOUN VERB) (NOUN), gold (NOUN NOUN) (NOUN)  ->  2/3

    Args:
        predicted: the tags of N sentences.
        gold: the right ones.

    Returns:
        In [0, 1].

    Raises:
        DataError: no word at all, or numbers of sentences or of words that differ.
    """
    _check_lengths(predicted, gold)
    words = hits = 0
    for found, right in zip(predicted, gold, strict=True):
        words += len(right)
        hits += sum(a == b for a, b in zip(found, right, strict=True))
    if words == 0:
        raise DataError("tagging accuracy of no word at all", "one word at least")
    return hits / words


class Chunk(NamedTuple):
    """A run of words of one type.

    Args:
        type: what follows the tag's prefix (``LOC`` of ``B-LOC``).
        first: index of its first word.
        last: index of its last.
    """

    type: str
    first: int
    last: int


def chunks(tags: Sequence[str]) -> list[Chunk]:
    """The chunks of a sentence, as seqeval reads them where no scheme is asked for.

    A tag's first letter is its prefix and the rest, without a hyphen, its type. ``B`` and ``S``
    start a chunk, ``E`` and ``S`` end one, and so does another type; ``I`` goes on, or starts where
    nothing is open. Tags without prefixes are read alike, and XTREME's F1 of parts of speech is made
    of the chunks that arise: ``NOUN NOUN`` is one chunk of type ``OUN``, two ``SCONJ`` are two
    (``S``), and the type of ``X`` is none, as that of ``O``, so that an ``X`` before ``O`` or at the
    end of a sentence is no chunk.

    Example::

        B-LOC I-LOC O I-PER  ->  LOC 0-1, PER 3-3
        B-LOC B-LOC I-PER    ->  LOC 0-0, LOC 1-1, PER 2-2
        NOUN NOUN SCONJ      ->  OUN 0-1, CONJ 2-2
        NOUN X               ->  OUN 0-0

    Args:
        tags: one for each word.

    Raises:
        DataError: an empty tag.

    Source: Nakayama 2018, seqeval, ``get_entities`` (version 1.2.2; 0.0.12 takes all of a tag
    without hyphen as its type and scores otherwise); the rules are those of ``conlleval`` (Tjong
    Kim Sang and Buchholz 2000).
    """
    return list(_scan([*tags, _OUTSIDE]))


def chunk_counts(
    predicted: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]
) -> NDArray[np.int64]:
    """The chunks of each sentence: how many were found, predicted and right.

    A chunk is found if type, first and last word are right. The sentences are read in one go, as
    seqeval reads them, so that the sums are exactly its counts: only a sentence that begins with
    ``X`` is then read otherwise than alone (its chunk goes back to where the last one began).

    Example, two sentences::

        predicted (B-LOC O) (B-PER I-PER), gold (B-LOC O) (B-PER O)  ->  (1 1 1) (0 1 1)

    Args:
        predicted: the tags of N sentences.
        gold: the right ones.

    Returns:
        int64 [N, 3]: hits, predicted chunks, right chunks.

    Raises:
        DataError: numbers of sentences or of words that differ, or an empty tag.
    """
    _check_lengths(predicted, gold)
    ends = np.cumsum([len(tags) + 1 for tags in gold], dtype=np.int64)
    found, right = (
        set(_scan([t for tags in s for t in (*tags, _OUTSIDE)])) for s in (predicted, gold)
    )
    counts = np.zeros((len(gold), 3), np.int64)
    for column, of_kind in enumerate((found & right, found, right)):
        lasts = np.array([chunk.last for chunk in of_kind], np.int64)
        np.add.at(counts[:, column], np.searchsorted(ends, lasts, side="right"), 1)
    return counts


class ChunkScores(NamedTuple):
    """Scores of chunks, each in [0, 1].

    Args:
        precision: the share of the predicted chunks that are right.
        recall: the share of the right chunks that were predicted.
        f1: their harmonic mean.
    """

    precision: float
    recall: float
    f1: float


def chunk_scores(counts: NDArray[np.int64]) -> ChunkScores:
    """Precision, recall and F1 of counts of chunks; what would divide by zero is 0.

    Example::

        (1 1 1) (0 1 2)  ->  precision 1/2, recall 1/3, F1 2/5
        (0 0 2)          ->  0, 0, 0

    Args:
        counts: int64 [N, 3] or [3], as `chunk_counts` gives them; they are summed.
    """
    hits, found, right = counts.reshape(-1, 3).sum(axis=0).tolist()
    return ChunkScores(
        precision=hits / found if found else 0.0,
        recall=hits / right if right else 0.0,
        f1=2 * hits / (found + right) if found + right else 0.0,
    )


def _scan(tags: Sequence[str]) -> Iterator[Chunk]:
    """The chunks of tags that end with an ``O``."""
    prefix_before, type_before, first = _OUTSIDE, "", 0
    for place, tag in enumerate(tags):
        if not tag:
            raise DataError(f"word {place} has an empty tag", "a tag for each word")
        prefix, kind = tag[0], tag[1:].split("-", maxsplit=1)[-1] or "_"
        if _ends(prefix_before, prefix, type_before != kind):
            yield Chunk(type_before, first, place - 1)
        if _starts(prefix_before, prefix, type_before != kind):
            first = place
        prefix_before, type_before = prefix, kind


def _ends(before: str, now: str, other_type: bool) -> bool:
    """Whether a chunk ends before this word."""
    broken = before in "BI" and now in "BSO"
    return before in _ENDERS or broken or (other_type and before not in "O.")


def _starts(before: str, now: str, other_type: bool) -> bool:
    """Whether a chunk starts with this word."""
    resumed = before in "ESO" and now in "EI"
    return now in _STARTERS or resumed or (other_type and now not in "O.")


def _check_lengths(
    predicted: Sequence[Sequence[str]] | Sequence[Sequence[int]],
    gold: Sequence[Sequence[str]] | Sequence[Sequence[int]],
) -> None:
    if len(predicted) != len(gold):
        raise DataError(
            f"predicted tags of {len(predicted)} sentences for {len(gold)}", "tags of each"
        )
    for number, (found, right) in enumerate(zip(predicted, gold, strict=True)):
        if len(found) != len(right):
            raise DataError(
                f"sentence {number}: {len(found)} predicted tags for {len(right)} words",
                "a tag for each word",
            )
