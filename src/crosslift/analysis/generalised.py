"""Pairs of texts in two languages at once: how well each arm classifies them, as matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.analysis.collect import Gathered
from crosslift.making.answer import pairs_in
from crosslift.results.language_pairs import LanguagePairScores
from crosslift.statistics.differences import paired_difference

Cube = NDArray[np.float64]
"""Outcomes [S, L, L, N] of seeds, languages of the first and the second text, and examples."""


def generalised_matrices(gathered: Gathered) -> list[LanguagePairScores]:
    """Accuracy of every arm on pairs of texts in two languages, for each target that has them.

    Source: generalised cross-lingual transfer of Huang et al. 2021 (arXiv 2104.08645), section 4.
    """
    by_seed: dict[tuple[str, str], list[NDArray[np.uint8]]] = {}
    languages: dict[str, list[str]] = {}
    for run in gathered.plan.runs:
        for target, each in run.fine_tuned.items():
            if each.generalised is not None:
                languages[target], correct = pairs_in(each.generalised, gathered.store)
                by_seed.setdefault((target, run.arm), []).append(correct)
    cubes = {key: np.stack(seeds).astype(np.float64) for key, seeds in by_seed.items()}
    return [_matrix(gathered, target, arm, languages[target], cubes) for target, arm in cubes]


def _matrix(
    gathered: Gathered,
    target: str,
    arm: str,
    languages: Sequence[str],
    cubes: Mapping[tuple[str, str], Cube],
) -> LanguagePairScores:
    cube = cubes[target, arm]
    same = np.eye(len(languages), dtype=bool)
    matrix = cube.mean(axis=(0, 3))
    scores = LanguagePairScores(
        target=target,
        title=gathered.plan.targets[target].target.title,
        arm=arm,
        languages=tuple(languages),
        matrix=tuple(map(tuple, matrix.tolist())),
        seeds=len(cube),
        n=cube.shape[3],
        same=float(matrix[same].mean()),
        mixed=float(matrix[~same].mean()),
        effect=None,
        low=None,
        high=None,
    )
    against = gathered.plan.study.baseline_of(arm)
    if arm == against or (target, against) not in cubes:
        return scores
    one, other = (c[:, ~same].transpose(0, 2, 1) for c in (cube, cubes[target, against]))
    change = paired_difference(one, other, np.zeros(one.shape[1], np.int64))
    return scores.model_copy(
        update={"effect": change.effect, "low": change.low, "high": change.high}
    )
