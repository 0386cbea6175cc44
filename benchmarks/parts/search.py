"""Exact search in both directions, against two searches of faiss's flat index on the same cores."""

from __future__ import annotations

from collections.abc import Iterator

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import Needs
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.search_shares import search_shares
from benchmarks.measuring.turns import LocalContender, take_turns
from crosslift.retrieval.search import BothNeighbours, Neighbours, nearest_both

WIDTH = 384
NEIGHBOURS = 4
_COUNTS = (5_000, 10_000, 20_000, 50_000, 100_000)
_WARM = 3000  # vectors, before the timed turns
_LONGER = 4  # times as long as a turn elsewhere: small searches say little of large ones
_SAME = 1e-6

Vectors = NDArray[np.float32]


def search_rows(bench: Bench) -> Iterator[Row]:
    """One row: as many vectors against as many, both directions.

    Raises:
        ValueError: the neighbours differ by more than rounding in float32 explains.
    """
    count = _count(bench.sizes.operations * _LONGER)
    src, tgt = _sides(count)
    ours = LocalContender(lambda: nearest_both(src, tgt, NEIGHBOURS))
    theirs = LocalContender(lambda: BothNeighbours(_flat(src, tgt), _flat(tgt, src)))
    nearest_both(src[:_WARM], tgt[:_WARM], NEIGHBOURS)
    turns = take_turns([ours, theirs], bench.sizes.repeats, warm_ups=0)
    _check_same(ours.result, theirs.result)
    needs = Needs(2.0 * count * count * WIDTH, src.nbytes + tgt.nbytes, bench.best)
    detail = f"among {count:,} of width {WIDTH}, k = {NEIGHBOURS}"
    name = "exact search, both directions"
    work = Work(name, "two faiss searches", count, "queries", needs, detail)
    seconds = (turns.seconds[0], turns.seconds[1])
    shares = search_shares(ours.turn)
    yield Row.of(work, seconds, bench.speeds, turns.others, shares=shares)


def _count(operations: float) -> int:
    """The most vectors that the peer searches with these operations."""
    within = [count for count in _COUNTS if 4.0 * count * count * WIDTH <= operations]
    return max(within, default=_COUNTS[0])


def _sides(count: int) -> tuple[Vectors, Vectors]:
    """Vectors as crowded as those of a text encoder, every src one near one of tgt."""
    generator = np.random.default_rng(0)
    scale = np.linspace(2, 0.1, WIDTH, dtype=np.float32)
    common = 1.7 * generator.standard_normal(WIDTH, np.float32)
    src = common + scale * generator.standard_normal((count, WIDTH), np.float32)
    order = generator.permutation(count)
    tgt = src[order] + 0.5 * generator.standard_normal((count, WIDTH), np.float32)
    for side in (src, tgt):
        faiss.normalize_L2(side)
    return src, tgt


def _flat(queries: Vectors, candidates: Vectors) -> Neighbours:
    index = faiss.IndexFlatIP(WIDTH)
    index.add(candidates)
    scores, indices = index.search(queries, NEIGHBOURS)
    return Neighbours(indices, scores)


def _check_same(ours: BothNeighbours, theirs: BothNeighbours) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        off = float(np.abs(mine.scores - other.scores).max())
        differ = mine.indices != other.indices
        gap = np.abs(mine.scores - other.scores)[differ].max(initial=0.0)
        if off > _SAME or gap > _SAME:
            raise ValueError(f"neighbours differ: scores by {off:.1e}, at other places {gap:.1e}")
