"""The output of ``crosslift negatives``: which texts became negatives, and why others did not."""

from __future__ import annotations

from pydantic import JsonValue

from crosslift.results.result_record import ResultRecord


class CandidateCounts(ResultRecord):
    """The texts within the range of ranks of all pairs, by what happened to them: ``ranked`` is the sum
    of the others."""

    ranked: int = 0
    """Number of texts within the range of ranks, over all pairs."""
    already: int = 0
    """Texts that the pair had as negatives before."""
    above_margin: int = 0
    """Texts whose cosine with the anchor is above the limit of a margin."""
    near_duplicates: int = 0
    """Near duplicates of a text that is right for the pair."""
    masked_by_guide: int = 0
    """Texts that the guide puts nearer to the anchor than the margin allows."""
    not_chosen: int = 0
    """Texts that could be negatives, for pairs that have enough others."""
    chosen: int = 0
    """Negatives that are written."""


class PairsWithNegatives(ResultRecord):
    """The pairs, by the number of negatives that were mined for them: they add up to all pairs."""

    full: int
    """Pairs with as many mined negatives as the settings allow."""
    fewer: int
    """Pairs with fewer, but at least one."""
    without: int
    """Pairs without a mined negative."""


class SampledNegative(ResultRecord):
    """A mined negative, as an example."""

    text: str
    """The negative."""
    rank: int
    """Its rank among the texts that are not right for the pair, from 1."""
    score: float
    """Its cosine with the anchor."""
    guide_score: float | None
    """Its cosine with the anchor by the guide; null: there is no guide."""


class SampledPair(ResultRecord):
    """A pair with its mined negatives, as an example."""

    anchor: str
    """Text of the anchor."""
    positive: str
    """Text of the positive."""
    score: float
    """Cosine of the two."""
    guide_score: float | None
    """Their cosine by the guide; null: there is no guide."""
    negatives: tuple[SampledNegative, ...]
    """The mined negatives, by rank."""


class NegativesOutcome(ResultRecord):
    """The result of mining negatives."""

    model: str
    """Name of the encoder."""
    reading: dict[str, JsonValue]
    """How vectors were read from the encoder (see "Readings")."""
    guide: str | None
    """Name of the guide; null: there is none."""
    settings: dict[str, JsonValue]
    """Every option -> its value."""
    corpus: int
    """Number of distinct texts that can become negatives. Texts that differ only in letter case or
    white space count once."""
    right_skipped: int
    """Number of texts that would have had a rank, but are right for the pair: its own texts, those of
    its group, other positives of its anchor, other anchors of its positive."""
    candidates: CandidateCounts
    """The texts within the range of ranks."""
    pairs: PairsWithNegatives
    """The pairs, by their number of mined negatives."""
    sample: tuple[SampledPair, ...]
    """Some pairs with their mined negatives, spread over the file."""
    seconds: dict[str, float]
    """``reading``, ``encoding``, ``searching``, ``choosing`` -> seconds of this run."""
