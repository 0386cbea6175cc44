"""Scores of tagged words: of each word, and of the chunks that the tags form."""

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
    """The share of words with the correct tag; every word has the same weight.

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
    for predicted_tags, correct_tags in zip(predicted, gold, strict=True):
        words += len(correct_tags)
        hits += sum(a == b for a, b in zip(predicted_tags, correct_tags, strict=True))
    if words == 0:
        raise DataError("tagging accuracy of no word at all", "at least one word")
    return hits / words


class Chunk(NamedTuple):
    """A run of words of one type.

    Args:
        type: the tag without its prefix (``LOC`` of ``B-LOC``).
        first: index of its first word.
        last: index of its last word.
    """

    type: str
    first: int
    last: int


def chunks(tags: Sequence[str]) -> list[Chunk]:
    """The chunks of a sentence, as seqeval reads them without a scheme.

    A tag's first letter is its prefix and the rest, without a hyphen, its type. ``B`` and ``S``
    start a chunk; ``E``, ``S`` and another type end one; ``I`` continues a chunk, or starts one if
    none is open. Tags without prefixes are read in the same way, and XTREME's F1 of parts of speech is
    that of the resulting chunks: ``NOUN NOUN`` is one chunk of type ``OUN``, two ``SCONJ`` are two
    (``S``), and ``X`` has no type, like ``O``, so that an ``X`` before ``O`` or at the end of a
    sentence is no chunk.

    Example::

        B-LOC I-LOC O I-PER  ->  LOC 0-1, PER 3-3
        B-LOC B-LOC I-PER    ->  LOC 0-0, LOC 1-1, PER 2-2
        NOUN NOUN SCONJ      ->  OUN 0-1, CONJ 2-2
        NOUN X               ->  OUN 0-0

    Args:
        tags: one for each word.

    Raises:
        DataError: an empty tag.

    Source: Nakayama 2018, seqeval, ``get_entities`` (version 1.2.2; in 0.0.12 a tag without hyphen is
    its own type, and the scores differ); the rules are those of ``conlleval`` (Tjong Kim Sang and
    Buchholz 2000).
    """
    return list(_scan([*tags, _OUTSIDE]))


def chunk_counts(
    predicted: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]
) -> NDArray[np.int64]:
    """Counts of the chunks of each sentence: hits, predicted and correct ones.

    A hit has the correct type, first and last word. The sentences are read as one sequence, as in
    seqeval, so that the sums are exactly its counts. This only changes a sentence that begins with
    ``X``: its chunk extends back to the start of the previous one.

    Example, two sentences::

        predicted (B-LOC O) (B-PER I-PER), gold (B-LOC O) (B-PER O)  ->  (1 1 1) (0 1 1)

    Args:
        predicted: the tags of N sentences.
        gold: the right ones.

    Returns:
        int64 [N, 3]: hits, predicted chunks, correct chunks.

    Raises:
        DataError: numbers of sentences or of words that differ, or an empty tag.
    """
    _check_lengths(predicted, gold)
    ends = np.cumsum([len(tags) + 1 for tags in gold], dtype=np.int64)
    predicted_chunks, correct_chunks = (
        set(_scan([t for tags in s for t in (*tags, _OUTSIDE)])) for s in (predicted, gold)
    )
    counts = np.zeros((len(gold), 3), np.int64)
    for column, chunks_of_kind in enumerate(
        (predicted_chunks & correct_chunks, predicted_chunks, correct_chunks)
    ):
        lasts = np.array([chunk.last for chunk in chunks_of_kind], np.int64)
        np.add.at(counts[:, column], np.searchsorted(ends, lasts, side="right"), 1)
    return counts


class ChunkScores(NamedTuple):
    """Scores of chunks, each in [0, 1].

    Args:
        precision: the share of the predicted chunks that are correct.
        recall: the share of the correct chunks that were predicted.
        f1: their harmonic mean.
    """

    precision: float
    recall: float
    f1: float


def chunk_scores(counts: NDArray[np.int64]) -> ChunkScores:
    """Precision, recall and F1 of counts of chunks; 0 instead of a division by zero.

    Example::

        (1 1 1) (0 1 2)  ->  precision 1/2, recall 1/3, F1 2/5
        (0 0 2)          ->  0, 0, 0

    Args:
        counts: int64 [N, 3] or [3], as from `chunk_counts`; they are summed.
    """
    hits, predicted, correct = counts.reshape(-1, 3).sum(axis=0).tolist()
    return ChunkScores(
        precision=hits / predicted if predicted else 0.0,
        recall=hits / correct if correct else 0.0,
        f1=2 * hits / (predicted + correct) if predicted + correct else 0.0,
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
            f"predicted tags of {len(predicted)} sentences for {len(gold)}", "tags of each sentence"
        )
    for number, (tags, correct) in enumerate(zip(predicted, gold, strict=True)):
        if len(tags) != len(correct):
            raise DataError(
                f"sentence {number}: {len(tags)} predicted tags for {len(correct)} words",
                "a tag for each word",
            )
