"""Languages as a sample: what a difference means for languages that were not measured.

An interval over items and seeds is about the languages of the target, which are fixed. A claim about
languages in general needs the variation between languages as well: the study could have chosen other
languages (Clark 1973, Journal of Verbal Learning and Verbal Behavior 12, makes this point for words).
Languages of a family resemble one another; with families as clusters, the study could have chosen other
families.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.statistics.cubes import OutcomeCube, paired_gaps
from crosslift.statistics.differences import Difference
from crosslift.statistics.noise import Noise, least_by_luck


@dataclass(frozen=True, slots=True)
class LanguageSample:
    """A difference, with its languages as a sample.

    Args:
        effects: float64 [L], the mean over items and seeds of each language.
        languages: the interval that resamples languages.
        families: the interval that resamples families of languages; None: fewer than two.
        n_families: number of families.
    """

    effects: NDArray[np.float64]
    languages: tuple[float, float]
    families: tuple[float, float] | None
    n_families: int


def language_sample(
    treatment: OutcomeCube,
    control: OutcomeCube,
    difference: Difference,
    families: Sequence[str],
) -> LanguageSample | None:
    """The intervals of a difference for languages like the measured ones.

    The variance between languages, over their number, replaces the variance between items; it includes
    the variance of items that only one language has. Items that several languages share move these
    together, so their variance is added. Seeds remain a cluster, as in `Noise`.

    Args:
        treatment: float64 [S, N, L], see `Weighted`.
        control: the same, or [1, N, L].
        difference: the difference of the two over all languages.
        families: [L], the family of each language.

    Returns:
        The intervals; None for a single language.

    Raises:
        DataError: as in `paired_gaps`.
    """
    gaps = paired_gaps(treatment, control)
    effects: NDArray[np.float64] = np.nanmean(gaps, axis=1).mean(axis=0)
    if len(effects) < 2:
        return None
    shared = bool(((~np.isnan(gaps[0])).sum(axis=1) > 1).any())
    each = np.arange(len(effects))
    _, family = np.unique(np.asarray(families), return_inverse=True)
    n_families = int(family.max()) + 1

    def interval(clusters: NDArray[np.integer]) -> tuple[float, float]:
        noise = _noise(difference, effects, clusters, shared)
        reach = noise.half_width(difference.level)
        return difference.effect - reach, difference.effect + reach

    return LanguageSample(
        effects, interval(each), interval(family) if n_families > 1 else None, n_families
    )


def _noise(
    difference: Difference,
    effects: NDArray[np.float64],
    clusters: NDArray[np.integer],
    shared: bool,
) -> Noise:
    """The noise with clusters of languages in the place of items (Liang and Zeger 1986, Biometrika 73,
    with a factor for few clusters).

    Languages may agree by chance. Their separate items alone cause some variance; an estimate below the
    value that these items exceed in 95 of 100 cases is raised to that value.
    """
    count = int(clusters.max()) + 1
    deviations = (effects - effects.mean()) / len(effects)
    sums = np.bincount(clusters, deviations)
    between = float((sums**2).sum()) * count / (count - 1)
    of_items = difference.noise
    if of_items.unchanged is not None:
        return Noise.without_scatter(of_items.seeds, 0.0, count)
    variance = of_items.item_variance
    spread = between + variance if shared else max(between, variance * least_by_luck(count - 1))
    return Noise(of_items.seeds, of_items.seed_variance, spread, float(count - 1))
