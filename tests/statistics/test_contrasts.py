"""Differences of gaps between languages and of averages over targets."""

from __future__ import annotations

import numpy as np
import pytest

from crosslift.errors import DataError
from crosslift.statistics.differences import (
    Difference,
    Weighted,
    contrast,
    group_differences,
    paired_difference,
    strata_of,
    weighted_differences,
)


def cubes(seed: int, seeds: int = 3, items: int = 60, languages: int = 3) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    treatment = (random.random((seeds, items, languages)) < 0.7).astype(np.float64)
    control = (random.random((seeds, items, languages)) < 0.5).astype(np.float64)
    return treatment, control, np.zeros(items, np.int64)


def test_equal_weights_are_the_paired_difference() -> None:
    treatment, control, strata = cubes(0)
    found = contrast([Weighted(treatment, control, strata, np.full(3, 1 / 3))])
    whole = paired_difference(treatment, control, strata)
    assert found.effect == pytest.approx(whole.effect, abs=1e-12)
    assert found.low == pytest.approx(whole.low, abs=1e-12)
    assert found.high == pytest.approx(whole.high, abs=1e-12)
    assert found.queries == whole.queries == 180


def test_a_gap_is_english_less_the_mean_of_the_others() -> None:
    treatment, control, strata = cubes(1)
    weights = np.array([1.0, -0.5, -0.5])
    found = contrast([Weighted(treatment, control, strata, weights)])
    means = (treatment - control).mean(axis=(0, 1))
    assert found.effect == pytest.approx(means[0] - means[1:].mean(), abs=1e-12)
    assert found.low < found.effect < found.high


def test_an_average_over_two_targets_is_the_mean_of_their_differences() -> None:
    one, other = cubes(2), cubes(3, items=40, languages=2)
    parts = [
        Weighted(*one, np.full(3, 1 / 6)),
        Weighted(*other, np.full(2, 1 / 4)),
    ]
    found = contrast(parts)
    apart = [(t - c).mean() for t, c, _ in (one, other)]
    assert found.effect == pytest.approx(np.mean(apart), abs=1e-12)
    assert found.languages == 5
    alone = contrast(parts[:1])
    assert found.high - found.low > alone.high - alone.low  # two noises are more than one


def test_a_target_of_one_seed_counts_the_same_beside_every_seed() -> None:
    treatment, control, strata = cubes(4)
    single = cubes(5, seeds=1)
    parts = [Weighted(treatment, control, strata, np.full(3, 1 / 6))]
    parts.append(Weighted(*single, np.full(3, 1 / 6)))
    found = contrast(parts)
    assert found.seeds == 3
    expected = ((treatment - control).mean() + (single[0] - single[1]).mean()) / 2
    assert found.effect == pytest.approx(expected, abs=1e-12)


def test_no_difference_has_an_interval_around_zero() -> None:
    treatment, _, strata = cubes(6)
    found = contrast([Weighted(treatment, treatment, strata, np.full(3, 1 / 3))])
    assert found.effect == 0
    assert found.low == -found.high < 0


def test_what_does_not_fit_is_refused() -> None:
    treatment, control, strata = cubes(7)
    with pytest.raises(DataError, match="contrast of nothing"):
        contrast([])
    with pytest.raises(DataError, match="2 weights of 3 languages"):
        contrast([Weighted(treatment, control, strata, np.ones(2))])
    parts = [Weighted(treatment, control, strata, np.ones(3))]
    parts.append(Weighted(*cubes(8, seeds=2), np.ones(3)))
    with pytest.raises(DataError, match="2 seeds beside one of 3"):
        contrast(parts)


def test_strata_of_two_targets_may_differ() -> None:
    treatment, control, _ = cubes(9)
    treatment[:, :30, 0] = np.nan
    control[:, :30, 0] = np.nan
    strata = strata_of(~np.isnan(treatment[0]))
    found = contrast([Weighted(treatment, control, strata, np.full(3, 1 / 3))])
    whole = paired_difference(treatment, control, strata)
    assert found.effect == pytest.approx(whole.effect, abs=1e-12)
    assert found.queries == 150


def figures(found: Difference) -> tuple[float, ...]:
    return (found.effect, found.low, found.high, found.p)


def test_the_three_questions_are_weights_of_one_computation() -> None:
    treatment, control, strata = cubes(8, seeds=4, items=50, languages=4)
    groups = [[0, 1, 2, 3], [2, 0], [1]]
    weights = np.array([[1 / 4, 1 / 2, 0.0], [1 / 4, 0.0, 1.0], [1 / 4, 1 / 2, 0.0], [1 / 4, 0, 0]])
    by_group = group_differences(treatment, control, strata, groups)
    assert by_group == weighted_differences([Weighted(treatment, control, strata, weights)])
    whole = paired_difference(treatment, control, strata)
    assert figures(by_group[0]) == pytest.approx(figures(whole), abs=1e-12)
    alone = [contrast([Weighted(treatment, control, strata, w)]) for w in weights.T]
    for one, other in zip(alone, by_group, strict=True):
        assert figures(one) == pytest.approx(figures(other), abs=1e-12)
        sizes = (other.items, other.languages, other.queries, other.seeds)
        assert (one.items, one.languages, one.queries, one.seeds) == sizes


def test_differences_keep_the_values_of_earlier_versions() -> None:
    treatment, control, strata = cubes(9, seeds=3, items=20, languages=3)
    treatment[:, :5, 1] = control[:, :5, 1] = np.nan
    two = cubes(10, seeds=1, items=12, languages=2)
    whole = paired_difference(treatment, control, strata)
    part = group_differences(treatment, control, strata, [[2, 1]], level=0.9)[0]
    gap = contrast(
        [
            Weighted(treatment, control, strata, np.array([1.0, -0.5, -0.5])),
            Weighted(*two, np.array([0.25, 0.25])),
        ]
    )
    assert figures(whole) == pytest.approx(
        (0.18888888888888888, -0.041629334841871174, 0.4194071126196489, 0.07188314626455578)
    )
    assert figures(part) == pytest.approx(
        (0.19166666666666665, 0.05996919369341577, 0.3233641396399175, 0.05015623862448593)
    )
    assert figures(gap) == pytest.approx(
        (-0.07083333333333333, -0.334884316070981, 0.19321764940431432, 0.4502676710781303)
    )
    assert [found.queries for found in (whole, part, gap)] == [55, 35, 79]
    assert (gap.items, gap.languages, gap.seeds) == (32, 5, 3)
