"""``python -m benchmarks.bounds``: how narrow an interval over few seeds can be at best.

The difference is normal with variance 1 + w: 1 from the items, w from the seeds, unknown. A share
of the items' 1 is each seed's own, so it shows in the scatter of the seeds, with w. A linear program
chooses a half-width for each scatter (at random between several, where that helps), so that the
interval holds its level for every w and its mean half-width without seed noise is smallest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.optimize import linprog
from scipy.sparse import csr_matrix
from scipy.special import chdtr, ndtr, ndtri

from crosslift.statistics.noise import Noise

ALPHA = 0.05
CASES = ((2, 1.0), (2, 0.3), (3, 1.0), (3, 0.3), (3, 0.1), (5, 1.0))
_WIDEST = 200.0
_ELSEWHERE = 0.002  # weight of widths where seeds do vary, so that the program fixes them, too


def bound(seeds: int, own: float) -> tuple[float, float]:
    """The mean half-width over that of the interval over items alone: ours, and the smallest possible.

    Args:
        seeds: of the arm.
        own: the share of the items' variance that each seed has on its own, above 0 and at most 1.
    """
    freedom = seeds - 1
    edges = np.concatenate([[0.0], np.geomspace(1e-3 * own, 3e3, 70), [np.inf]])
    between = np.concatenate([[0.0], np.geomspace(0.02, 2000, 45)])
    widths = np.concatenate([np.geomspace(0.6, _WIDEST, 90), [1e6]])
    falls = np.array([_shares(edges * freedom / (own + w), freedom) for w in between])
    misses = np.array([2 * ndtr(-widths / np.sqrt(1 + w)) for w in between])
    costs = np.minimum(widths, _WIDEST)
    cost = np.multiply.outer(falls[0], costs)
    for place in range(1, len(between), 4):
        scale = _ELSEWHERE / np.sqrt(1 + between[place])
        cost += scale * np.multiply.outer(falls[place], costs)
    chosen = _solved(cost, np.einsum("wb,wh->wbh", falls, misses))
    smallest = float((falls[0][:, None] * chosen * costs).sum())
    items_alone = float(ndtri(1 - ALPHA / 2))
    return _ours(seeds, own, edges, falls[0]) / items_alone, smallest / items_alone


def _shares(edges: NDArray[np.float64], freedom: int) -> NDArray[np.float64]:
    """The probability of each scatter between two edges."""
    below = np.where(np.isinf(edges), 1.0, chdtr(freedom, np.where(np.isinf(edges), 0.0, edges)))
    return np.diff(below)


def _solved(cost: NDArray[np.float64], misses: NDArray[np.float64]) -> NDArray[np.float64]:
    scatters, widths = cost.shape
    rows = np.repeat(np.arange(scatters), widths)
    once = csr_matrix((np.ones(cost.size), (rows, np.arange(cost.size))))
    solution = linprog(
        cost.ravel(),
        A_ub=misses.reshape(len(misses), -1),
        b_ub=np.full(len(misses), ALPHA),
        A_eq=once,
        b_eq=np.ones(scatters),
        method="highs",
    )
    if not solution.success:
        raise RuntimeError(solution.message)
    chosen: NDArray[np.float64] = solution.x.reshape(cost.shape)
    return chosen


def _ours(seeds: int, own: float, edges: NDArray[np.float64], falls: NDArray[np.float64]) -> float:
    """The mean half-width of `Noise`, at the middle of each scatter; the widest counts as the last."""
    low, high = np.maximum(edges[:-1], edges[1] / 4), np.minimum(edges[1:], edges[-2] * 2)
    middles = np.sqrt(low * high)
    reach = [
        Noise.from_scatter(seeds, seeds * x, 1.0, seeds * own, 1e7).half_width(1 - ALPHA)
        for x in middles
    ]
    return float((falls * np.array(reach)).sum())


def main() -> None:
    """Prints the table of docs/statistics.md."""
    console = Console()
    for seeds, own in CASES:
        ours, smallest = bound(seeds, own)
        console.print(f"| {seeds} | {own} | {ours:.2f} | {smallest:.2f} |", markup=False)


if __name__ == "__main__":
    main()
