"""From neighbours to the file of pairs: mining, filters, threshold and output."""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.files import file_written_whole
from crosslift.mining.mining_settings import MiningSettings
from crosslift.mining.threshold import (
    calibrate_on_gold,
    calibrate_on_negatives,
    stand_in_scores,
)
from crosslift.results.mined_files import (
    PairCounts,
    PairScores,
    ScoreBin,
    ScoredPair,
    Threshold,
)
from crosslift.retrieval.margin_mining import MinedPairs, mine
from crosslift.retrieval.search import BothNeighbours, Neighbours
from crosslift.sources.line_filters import KeptTexts, length_ratios

HEADER = "score\tsrc\ttgt\n"
"""First line of the file of pairs: the task `text-pairs` reads it."""
_BINS = 12
_AROUND = 3
"""Pairs that are shown on each side of the threshold."""
Gold = Sequence[tuple[str, str]] | None


@dataclass(frozen=True, slots=True)
class _SideTexts:
    """The texts of both sides, and the filter of pairs."""

    src: KeptTexts
    tgt: KeptTexts
    max_length_ratio: float | None

    def similar_lengths(self, pairs: MinedPairs) -> NDArray[np.bool_]:
        """Whether the texts of each pair have similar lengths, bool [P]."""
        if self.max_length_ratio is None or not len(pairs):
            return np.ones(len(pairs), np.bool_)
        ours = [self.src.texts[i] for i in pairs.src.tolist()]
        theirs = [self.tgt.texts[j] for j in pairs.tgt.tolist()]
        return length_ratios(ours, theirs) <= self.max_length_ratio


@dataclass(frozen=True, slots=True)
class SelectedPairs:
    """The pairs to write, and what was left out.

    Args:
        written: best first.
        threshold: pairs with a lower score are left out.
        counts: counts of pairs at each stage.
        scores: scores of the pairs on both sides of the threshold.
    """

    written: MinedPairs
    threshold: Threshold
    counts: PairCounts
    scores: PairScores


def select_pairs(
    both: BothNeighbours,
    src: KeptTexts,
    tgt: KeptTexts,
    settings: MiningSettings,
    gold: Gold,
) -> SelectedPairs:
    """The pairs to write.

    Args:
        both: neighbours of both sides; one more than `k` if the threshold is calibrated.
        src: texts of the src rows.
        tgt: texts of the tgt rows.
        settings: settings of the job.
        gold: true pairs of texts. None: there is no gold file.
    """
    sides = _SideTexts(src, tgt, settings.max_length_ratio)
    mined = mine(_first_columns(both, settings.k), settings.margin, settings.retrieval)
    pairs = mined.subset(sides.similar_lengths(mined))
    threshold = _threshold(pairs, both, sides, settings, gold)
    lowest = -math.inf if threshold.value is None else threshold.value
    written = pairs.subset(pairs.score >= lowest)
    counts = PairCounts(
        mined=len(mined),
        unequal_lengths=len(mined) - len(pairs),
        below_threshold=len(pairs) - len(written),
        written=len(written),
    )
    return SelectedPairs(written, threshold, counts, _scores(pairs, threshold.value, sides))


def _scores(pairs: MinedPairs, threshold: float | None, sides: _SideTexts) -> PairScores:
    """How the scores are distributed, and the pairs next to the threshold."""
    if not len(pairs):
        return PairScores(bins=(), around=())
    counts, ends = np.histogram(pairs.score, bins=_BINS)
    bins = [
        ScoreBin(low=low, high=high, pairs=count)
        for low, high, count in zip(ends[:-1], ends[1:], counts.tolist(), strict=True)
    ]
    if threshold is None:
        return PairScores(bins=tuple(bins), around=())
    order = np.argsort(-pairs.score, kind="stable")
    above = int(np.count_nonzero(pairs.score >= threshold))
    near = order[max(0, above - _AROUND) : above + _AROUND].tolist()
    around = [
        ScoredPair(
            score=float(pairs.score[i]),
            src=sides.src.texts[int(pairs.src[i])],
            tgt=sides.tgt.texts[int(pairs.tgt[i])],
            written=bool(pairs.score[i] >= threshold),
        )
        for i in near
    ]
    return PairScores(bins=tuple(bins), around=tuple(around))


def _threshold(
    pairs: MinedPairs, both: BothNeighbours, sides: _SideTexts, settings: MiningSettings, gold: Gold
) -> Threshold:
    precision = settings.target_precision
    if precision is None:
        value = settings.threshold
        return Threshold(value=value, source="none" if value is None else "given")
    estimate = stand_in_scores(
        pairs,
        both,
        settings.margin,
        settings.retrieval,
        sides.similar_lengths,
        settings.negatives,
        settings.seed,
    )
    if gold is None:
        return calibrate_on_negatives(estimate, precision)
    src, tgt = sides.src.texts, sides.tgt.texts
    return calibrate_on_gold(pairs, src, tgt, gold, precision, estimate)


def _first_columns(both: BothNeighbours, k: int) -> BothNeighbours:
    return BothNeighbours(*(Neighbours(s.indices[:, :k], s.scores[:, :k]) for s in both))


def write_tsv(
    out: Path, pairs: MinedPairs, src: KeptTexts, tgt: KeptTexts, keep_duplicates: bool
) -> int:
    """Writes a header (score, src, tgt) and pairs, one per row, whole or not at all.

    Args:
        out: the file; gzipped if its name ends with `.gz`.
        pairs: best first.
        src: texts of the src rows.
        tgt: texts of the tgt rows.
        keep_duplicates: writes a pair as often as its text occurs in the file where it occurs more
            often, so that every line of both files is included.

    Returns:
        The number of rows, without the header.
    """
    rows = 0
    each = zip(pairs.src.tolist(), pairs.tgt.tolist(), pairs.score.tolist(), strict=True)
    with file_written_whole(out) as draft, draft.open("wb") as file, _packed(out, file) as packed:
        packed.write(HEADER.encode())
        for i, j, score in each:
            row = f"{score!r}\t{src.texts[i]}\t{tgt.texts[j]}\n".encode()
            times = max(src.times[i], tgt.times[j]) if keep_duplicates else 1
            packed.write(row * times)
            rows += times
    return rows


@contextmanager
def _packed(out: Path, file: io.BufferedWriter) -> Iterator[io.BufferedIOBase]:
    if out.suffix != ".gz":
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        yield packed
