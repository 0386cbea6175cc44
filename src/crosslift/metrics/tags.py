"""Scores of tagged words."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.errors import DataError


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
    if len(predicted) != len(gold):
        raise DataError(
            f"predicted tags of {len(predicted)} sentences for {len(gold)}", "tags of each"
        )
    words = hits = 0
    for number, (found, right) in enumerate(zip(predicted, gold, strict=True)):
        if len(found) != len(right):
            raise DataError(
                f"sentence {number}: {len(found)} predicted tags for {len(right)} words",
                "a tag for each word",
            )
        words += len(right)
        hits += sum(a == b for a, b in zip(found, right, strict=True))
    if words == 0:
        raise DataError("tagging accuracy of no word at all", "one word at least")
    return hits / words
