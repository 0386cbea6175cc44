"""Statistics of single queries: wins, flips, and a randomization test of their signs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.statistics.cubes import OutcomeCube, paired_gaps

DRAWS = 9_999
_ROWS = 256
_SMALL = 1e-12


def win_probability(treatment: OutcomeCube, control: OutcomeCube) -> float:
    """The probability that the treatment has the larger outcome on a query; ties count half.

    All languages have the same weight; so have seeds, and items within a language.

    Args:
        treatment: float64 [S, N, L], see `Weighted`.
        control: the same, or [1, N, L].

    Example, one language, gaps of four queries::

        +1  0  0  -1   ->   0.5
        +1 +1  0  -1   ->   0.625
    """
    gaps = paired_gaps(treatment, control)
    wins = np.where(np.isnan(gaps), np.nan, (gaps > 0) + 0.5 * (gaps == 0))
    return float(np.nanmean(wins, axis=1).mean())


def flips(treatment: OutcomeCube, control: OutcomeCube) -> tuple[float, float] | None:
    """The number of queries that only the treatment answers correctly, and of those that only the
    control answers correctly; means over seeds. Returns None if outcomes are not 0 or 1.

    Args:
        treatment: float64 [S, N, L], see `Weighted`.
        control: the same, or [1, N, L].
    """
    gaps = paired_gaps(treatment, control)
    present = ~np.isnan(gaps[0])
    outcomes = np.concatenate([treatment[:, present].ravel(), control[:, present].ravel()])
    if not np.isin(outcomes, (0.0, 1.0)).all():
        return None
    return float((gaps > 0).sum() / len(gaps)), float((gaps < 0).sum() / len(gaps))


def sign_flip_p(treatment: OutcomeCube, control: OutcomeCube, draws: int = DRAWS) -> float:
    """The two-sided p-value of a randomization test that flips the signs of items' differences.

    The test treats items as random and seeds as fixed: it makes no statement about other seeds. An item
    that several languages share is flipped as a whole. The random generator has a fixed seed.

    Args:
        treatment: float64 [S, N, L], see `Weighted`.
        control: the same, or [1, N, L].
        draws: number of random assignments of signs; the smallest p is 1 / (draws + 1).

    Source: Fisher 1935, The Design of Experiments, section 21; Smucker, Allan and Carterette 2007
    (CIKM), for retrieval.

    Example: a single item gives 1.0, because its sign may be chance.
    """
    gaps = paired_gaps(treatment, control)
    present = ~np.isnan(gaps[0])
    weights = 1 / (present.sum(axis=0) * present.shape[1])
    moves = np.nansum(gaps.mean(axis=0) * weights, axis=1)
    moves = moves[np.abs(moves) > _SMALL]
    observed = abs(float(moves.sum()))
    generator = np.random.default_rng(0)
    extreme = 0
    for start in range(0, draws, _ROWS):
        rows = min(_ROWS, draws - start)
        extreme += int((np.abs(_signed_sums(moves, rows, generator)) >= observed - _SMALL).sum())
    return (1 + extreme) / (draws + 1)


def _signed_sums(
    moves: NDArray[np.float64], rows: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Sums of the items' influences with random signs, float64 [rows]."""
    octets = generator.integers(0, 256, (rows, -(-len(moves) // 8)), dtype=np.uint8)
    positive = np.unpackbits(octets, axis=1, count=len(moves))
    sums: NDArray[np.float64] = 2 * (positive @ moves) - moves.sum()
    return sums
