"""What ``crosslift mine`` writes: what became of lines and pairs, and what the job needed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from crosslift.results.result_record import ResultRecord

SearchKind = Literal["exact", "ivf", "hnsw"]
ThresholdSource = Literal["none", "given", "gold", "negatives"]


class SideCounts(ResultRecord):
    """What became of the lines of one file; ``lines`` is the sum of the rest."""

    lines: int
    """Number of lines of the file."""
    empty: int
    """Lines without a text."""
    too_short: int
    """Lines of fewer characters than asked for."""
    too_long: int
    """Lines of more characters than asked for."""
    duplicates: int
    """Lines whose text is on a line before."""
    copies: int
    """Texts that are in both files."""
    other_language: int
    """Texts that py3langid takes for another language."""
    mined: int
    """Distinct texts that were mined."""


class SearchRecall(ResultRecord):
    """How good an approximate search was, measured against the exact one on a sample."""

    src_to_tgt: float
    """Share of the true neighbours that were found, in [0, 1]."""
    tgt_to_src: float
    """The other way round."""
    sampled: int
    """Queries compared in each direction."""


class NeighbourSearch(ResultRecord):
    """How neighbours were searched."""

    kind: SearchKind
    """``ivf`` and ``hnsw`` are approximate."""
    recall: SearchRecall | None
    """Null: the search was exact."""


class Threshold(ResultRecord):
    """The lowest score of a pair that is written, and where it comes from."""

    value: float | None = None
    """The threshold; null: every pair is written."""
    source: ThresholdSource = "none"
    """``none``, ``given``, fitted on ``gold`` pairs, or on ``negatives``, stand-in false pairs."""
    target_precision: float | None = None
    """What it was fitted to reach; null where it was not fitted."""
    precision: float | None = None
    """What it reaches on the labelled pairs (``gold``), or an estimate (``negatives``): no independent
    measurement. Null where it was not fitted."""
    estimated_precision: float | None = None
    """Beside ``gold``: an estimate for all pairs above the threshold, from stand-in false pairs; gold
    labels only pairs of texts that have a translation. Null: there is no gold."""
    compared: int = 0
    """Labelled pairs, or texts whose best candidate was taken away; 0 where it was not fitted."""


class PairCounts(ResultRecord):
    """What became of the mined pairs: ``mined`` less ``unequal_lengths`` less ``below_threshold`` is
    ``written``."""

    mined: int
    """Pairs that the search gave."""
    unequal_lengths: int
    """Left out by their length ratio."""
    below_threshold: int
    """Left out by their score."""
    written: int
    """Distinct pairs written."""


class ScoreBin(ResultRecord):
    """Pairs with scores in one range."""

    low: float
    """Lower end; belongs to the range."""
    high: float
    """Upper end; belongs to the last range alone."""
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
    """Ranges of equal width, rising."""
    around: tuple[ScoredPair, ...]
    """The pairs next to the threshold: best first; empty without a threshold."""


class WrittenPairs(PairCounts):
    """What became of the mined pairs, and the rows of the file."""

    rows: int
    """Number of rows of the file; more than ``written`` where duplicates are kept."""


class MiningPlan(ResultRecord):
    """What a mining job will need, known before the work."""

    texts: dict[str, int]
    """``src`` and ``tgt`` -> texts that are mined."""
    width: int
    """Width of the vectors."""
    search: SearchKind
    """How neighbours are searched."""
    to_encode: int
    """Texts without vectors in the store."""
    rows_searched: int
    """Src texts that a stopped run had searched."""
    memory_bytes: Annotated[dict[str, int], Field(min_length=1)]
    """``encoding``, ``searching``, ``pairing`` -> most bytes held at once."""
    peak_memory_bytes: int
    """Most bytes held at once in any phase."""
    store_bytes: int
    """Size of the vectors and of the state of the search in the store, in bytes."""
    encode_seconds: float | None
    """Null where the speed of this encoder is not known yet."""
    search_seconds: float | None
    """Null where it is not known (an approximate search)."""


class MiningOutcome(ResultRecord):
    """What a mining job did."""

    model: str
    """Name of the encoder."""
    reading: dict[str, JsonValue]
    """How vectors were read from the encoder (see "Readings")."""
    settings: dict[str, JsonValue]
    """Every option -> its value."""
    sides: dict[str, SideCounts]
    """``src`` and ``tgt`` -> what became of the lines."""
    search: NeighbourSearch
    """How neighbours were searched."""
    threshold: Threshold
    """Where pairs were cut off."""
    pairs: WrittenPairs
    """What became of them."""
    scores: PairScores
    """Their scores."""
    plan: MiningPlan
    """What the job was to need."""
    seconds: dict[str, float]
    """``reading``, ``encoding``, ``searching``, ``pairing`` -> seconds of this run."""


class MiningPlanOnly(ResultRecord):
    """What ``mine --plan`` writes."""

    plan: MiningPlan
    """What the job would need."""
