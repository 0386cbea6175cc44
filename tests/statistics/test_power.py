from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from scipy.stats import nct, t

from crosslift.errors import DataError
from crosslift.statistics.noise import Noise
from crosslift.statistics.power import detectable_effect, items_needed, power_of, seeds_needed

MIXED = Noise.from_scatter(seeds=4, between=0.0016, items=0.0004, within=0.0006, item_freedom=400)


def seeds_only(seeds: int, deviation: float = 1.0) -> Noise:
    return Noise(seeds, deviation**2 / seeds, 0.0, 1e9, 0.0)


@pytest.mark.parametrize(
    ("seeds", "effect", "expected"),
    [(10, 1.0, 0.8031), (15, 0.8, 0.8213), (34, 0.5, 0.8078)],
)
def test_power_is_that_of_a_t_test_where_only_seeds_vary(
    seeds: int, effect: float, expected: float
) -> None:
    """The one-sample t test at 0.05, two-sided, by the noncentral t distribution."""
    reach, shift = t.ppf(0.975, seeds - 1), effect * sqrt(seeds)
    exact = nct.sf(reach, seeds - 1, shift) + nct.cdf(-reach, seeds - 1, shift)
    assert exact == pytest.approx(expected, abs=2e-4)
    assert power_of(seeds_only(seeds), effect) == pytest.approx(exact, abs=0.004)


def test_power_is_that_of_a_t_test_where_only_items_vary() -> None:
    noise = Noise(1, 0.0, 1 / 15, 14.0)
    exact = nct.sf(t.ppf(0.975, 14), 14, 0.8 * sqrt(15))
    assert power_of(noise, 0.8) == pytest.approx(exact, abs=0.004)


def test_power_is_the_share_of_simulated_runs_whose_interval_excludes_zero() -> None:
    random = np.random.default_rng(3)
    found = 0
    for _ in range(4000):
        seeds = random.normal(0.05, sqrt(MIXED.seed_variance * 4), 4)
        mean = seeds.mean() + random.normal(0, sqrt(MIXED.item_variance))
        noise = replace(MIXED, seed_variance=seeds.var(ddof=1) / 4)
        found += abs(mean) > noise.half_width(0.95)
    assert power_of(MIXED, 0.05) == pytest.approx(found / 4000, abs=0.025)


@pytest.mark.parametrize("noise", [MIXED, seeds_only(3), Noise(1, 0.0, 0.01, 50.0)])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 39])
def test_the_detectable_effect_is_found_in_80_of_100_runs(noise: Noise, alpha: float) -> None:
    effect = detectable_effect(noise, alpha)
    assert power_of(noise, effect, alpha) == pytest.approx(0.8, abs=1e-6)
    assert detectable_effect(noise, alpha, 0.5) < effect


def test_nothing_that_varies_hides_nothing() -> None:
    noise = Noise(2, 0.0, 0.0, 1.0)
    assert detectable_effect(noise) == 0
    assert (power_of(noise, 0.0), power_of(noise, 1e-9)) == (0, 1)


def test_seeds_needed_are_the_fewest_that_suffice() -> None:
    needed = seeds_needed(seeds_only(3), 1.0)
    assert needed == 10  # of a t test with an effect of one standard deviation
    assert seeds_needed(MIXED, 1.0) == 2
    assert seeds_needed(MIXED, 0.001) is None
    for effect in (0.03, 0.05, 0.1):
        fewest = seeds_needed(MIXED, effect)
        assert fewest is None or power_of(MIXED.expected(fewest), effect) >= 0.8
        if fewest is not None and fewest > 2:
            assert power_of(MIXED.expected(fewest - 1), effect) < 0.8


def test_items_needed_are_infinite_where_seeds_vary_too_much() -> None:
    assert items_needed(seeds_only(3), 1.0) == inf
    only_items = Noise.from_scatter(
        seeds=4, between=4e-6, items=0.01, within=4e-6, item_freedom=400
    )
    factor = items_needed(only_items, 0.1)
    assert power_of(only_items.expected(4, factor), 0.1) == pytest.approx(0.8, abs=1e-3)
    assert 7 < factor < 9  # (1.96 + 0.84)^2 * 0.01 / 0.1^2


def test_expected_noise_scales_with_seeds_and_items() -> None:
    same = MIXED.expected(4)
    assert same.seed_variance == pytest.approx(MIXED.seed_variance)
    assert same.item_variance == pytest.approx(MIXED.item_variance)
    twice = MIXED.expected(8)
    assert twice.seed_variance == pytest.approx(MIXED.seed_variance / 2)
    many = MIXED.expected(4, 1e9)
    assert many.item_variance == pytest.approx(0, abs=1e-9)
    assert many.seed_variance == pytest.approx((0.0016 - 0.0006) / 4)
    untrained = Noise(1, 0.0, 0.1, 9.0)
    assert untrained.expected(1, 4) == Noise(1, 0.0, 0.025, 36.0)
    for seeds, noise in ((1, MIXED), (3, untrained)):
        with pytest.raises(DataError, match="2 or more"):
            noise.expected(seeds)
    with pytest.raises(DataError, match="an effect of 0"):
        seeds_needed(MIXED, 0.0)


@pytest.mark.parametrize(
    ("effect", "margin"), [(0.0, 1.0), (0.4, 1.0), (-0.4, 1.0), (0.9, 1.0), (1.2, 1.0), (-1.2, 1.0)]
)
def test_equivalence_is_that_of_two_one_sided_t_tests(effect: float, margin: float) -> None:
    noise, error = seeds_only(8), 1 / sqrt(8)
    lower = t.sf((effect + margin) / error, 7)
    upper = t.cdf((effect - margin) / error, 7)
    assert noise.p_equivalence(effect, margin) == pytest.approx(max(lower, upper), rel=1e-6)


def test_equivalence_is_shown_where_the_interval_at_90_lies_within_the_margin() -> None:
    reach = MIXED.half_width(0.9)
    for margin in (0.02 + reach * 0.999, 0.02 + reach * 1.001):
        shown = MIXED.p_equivalence(0.02, margin) < 0.05
        assert shown == (margin > 0.02 + reach)
