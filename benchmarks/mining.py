"""Exact search in both directions, against two searches of faiss's flat index on the same cores."""

from __future__ import annotations

import time

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row
from crosslift.encoders.precision import resolve_precision
from crosslift.retrieval.search import BothNeighbours, Neighbours, nearest_both

WIDTH = 384
NEIGHBOURS = 4
_SAME = 1e-6

Vectors = NDArray[np.float32]


def mining_rows(count: int, peaks: dict[str, float]) -> list[Row]:
    """One row: `count` against `count` vectors, both directions.

    Ours runs before and after theirs, so that a machine that slows down slows both; its figure is
    the mean of the two.

    Args:
        count: vectors of each side.
        peaks: matrix-product peaks of this run.

    Raises:
        ValueError: the neighbours differ by more than rounding in float32 explains.
    """
    src, tgt = _sides(count)
    nearest_both(src[:3000], tgt[:3000], NEIGHBOURS)
    seconds = [0.0, 0.0]
    for turn in range(2):
        began = time.perf_counter()
        ours = nearest_both(src, tgt, NEIGHBOURS)
        seconds[turn] = time.perf_counter() - began
        if turn == 0:
            began = time.perf_counter()
            theirs = BothNeighbours(_flat(src, tgt), _flat(tgt, src))
            other = time.perf_counter() - began
    _check_same(ours, theirs)
    mine = float(np.mean(seconds))
    operations = 2.0 * count * count * WIDTH
    name = f"mine {count:,} x {count:,} x {WIDTH}, both directions, k = {NEIGHBOURS}"
    share = operations / mine / peaks[resolve_precision("auto")]
    return [
        Row(name, mine, other, "s", other / mine, share),
        Row(
            "  of it: products of one pass",
            operations / mine / 1e9,
            2 * operations / other / 1e9,
            "GFLOP/s",
            operations / mine / (2 * operations / other),
            share,
        ),
    ]


def _sides(count: int) -> tuple[Vectors, Vectors]:
    """Vectors as crowded as those of a text encoder, every src one near one of tgt."""
    draw = np.random.default_rng(0)
    scale = np.linspace(2, 0.1, WIDTH, dtype=np.float32)
    common = 1.7 * draw.standard_normal(WIDTH, np.float32)
    src = common + scale * draw.standard_normal((count, WIDTH), np.float32)
    tgt = src[draw.permutation(count)] + 0.5 * draw.standard_normal((count, WIDTH), np.float32)
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
