"""The output of ``crosslift mine``: how many lines and pairs were used, and what the job needed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from crosslift.results.result_record import ResultRecord

SearchKind = Literal["exact", "ivf", "hnsw"]
ThresholdSource = Literal["none", "given", "gold", "negatives"]


class SideCounts(ResultRecord):
    """The lines of one file, by what happened to them; ``lines`` is the sum of the others."""

    lines: int
    """Number of lines of the file."""
    empty: int
    """Lines without a text."""
    too_short: int
    """Lines with fewer characters than the minimum."""
    too_long: int
    """Lines with more characters than the maximum."""
    duplicates: int
    """Lines whose text is on an earlier line."""
    copies: int
    """Texts that are in both files."""
    other_language: int
    """Texts that py3langid identifies as another language."""
    mined: int
    """Distinct texts that the search used."""


class SearchRecall(ResultRecord):
    """How good an approximate search was, measured against the exact one on a sample."""

    src_to_tgt: float
    """Share of the true neighbours that the search returned, in [0, 1]."""
    tgt_to_src: float
    """The same for the opposite direction."""
    sampled: int
    """Number of compared queries in each direction."""


class NeighbourSearch(ResultRecord):
    """How the search for neighbours worked."""

    kind: SearchKind
    """``ivf`` and ``hnsw`` are approximate."""
    recall: SearchRecall | None
    """Recall of an approximate search; null: the search was exact."""


class Threshold(ResultRecord):
    """The lowest score of a written pair, and where this threshold comes from."""

    value: float | None = None
    """The threshold; null: every pair is written."""
    source: ThresholdSource = "none"
    """``none``; ``given`` by the user; fitted on ``gold`` pairs; or fitted on ``negatives``, artificial
    false pairs."""
    target_precision: float | None = None
    """The precision that the fit aims at; null if it was not fitted."""
    precision: float | None = None
    """Its precision on the labelled pairs (``gold``), or an estimate (``negatives``); not an
    independent measurement. null if it was not fitted."""
    estimated_precision: float | None = None
    """With ``gold``: an estimate for all pairs above the threshold, from artificial false pairs,
    because gold labels cover only texts that have a translation. null: no gold pairs."""
    compared: int = 0
    """Number of labelled pairs, or of texts whose best candidate was removed; 0 if it was not
    fitted."""


class PairCounts(ResultRecord):
    """The mined pairs, by what happened to them: ``mined`` less ``unequal_lengths`` less
    ``below_threshold`` is ``written``."""

    mined: int
    """Number of pairs that the search returned."""
    unequal_lengths: int
    """Number of pairs left out because of their length ratio."""
    below_threshold: int
    """Number of pairs left out because of their score."""
    written: int
    """Number of distinct pairs written."""


class ScoreBin(ResultRecord):
    """Pairs with scores in one range."""

    low: float
    """Lower end; part of the range."""
    high: float
    """Upper end; part of the last range only."""
    pairs: int
    """Number of pairs."""


class ScoredPair(ResultRecord):
    """A mined pair near the threshold."""

    score: float
    """Its margin score."""
    src: str
    """Text of the src file."""
    tgt: str
    """Text of the tgt file."""
    written: bool
    """Whether it is above the threshold."""


class PairScores(ResultRecord):
    """The scores of the mined pairs of similar lengths, on both sides of the threshold."""

    bins: tuple[ScoreBin, ...]
    """Ranges of equal width, in ascending order."""
    around: tuple[ScoredPair, ...]
    """The pairs closest to the threshold, best first; empty if there is no threshold."""


class WrittenPairs(PairCounts):
    """The mined pairs, by what happened to them, and the rows of the file."""

    rows: int
    """Number of rows of the file; more than ``written`` if duplicates are kept."""


class MiningPlan(ResultRecord):
    """The needs of a mining job, estimated before it starts."""

    texts: dict[str, int]
    """``src`` and ``tgt`` -> number of texts."""
    width: int
    """Width of the vectors."""
    search: SearchKind
    """How the search for neighbours works."""
    to_encode: int
    """Number of texts without vectors in the store."""
    rows_searched: int
    """Number of src texts that a stopped run already searched."""
    memory_bytes: Annotated[dict[str, int], Field(min_length=1)]
    """``encoding``, ``searching``, ``pairing`` -> peak memory in bytes."""
    peak_memory_bytes: int
    """Peak memory of all phases, in bytes."""
    store_bytes: int
    """Size of the vectors and of the state of the search in the store, in bytes."""
    workers: int = 1
    """Number of workers that share the work; times and memory are those of each."""
    encode_seconds: float | None
    """Expected time of encoding; null: the speed of this encoder is not known yet."""
    search_seconds: float | None
    """Expected time of the search; null: unknown (an approximate search)."""


class MiningOutcome(ResultRecord):
    """The result of a mining job."""

    model: str
    """Name of the encoder."""
    reading: dict[str, JsonValue]
    """How vectors were read from the encoder (see "Readings")."""
    settings: dict[str, JsonValue]
    """Every option -> its value."""
    sides: dict[str, SideCounts]
    """``src`` and ``tgt`` -> number of lines used and left out."""
    search: NeighbourSearch
    """How the search for neighbours worked."""
    threshold: Threshold
    """The threshold for pairs."""
    pairs: WrittenPairs
    """Number of pairs mined, left out and written."""
    scores: PairScores
    """The scores of the pairs."""
    plan: MiningPlan
    """The estimated needs of the job."""
    seconds: dict[str, float]
    """``reading``, ``encoding``, ``searching``, ``pairing`` -> seconds of this run."""


class MiningPlanOnly(ResultRecord):
    """The output of `mine --plan`."""

    plan: MiningPlan
    """The estimated needs of the job."""
