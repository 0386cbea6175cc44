"""A short version of `benchmarks.calibration`: verdicts find no more in noise than they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.calibration import ALPHA, FAMILIES, Setting, Simulation, simulate

REPEATS = 60
SETTINGS = [
    Setting(20, False, 2, 8.0, False),
    Setting(20, True, 3, 2.0, True),
    Setting(4, False, 3, 0.0, False),
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_families_of_true_zeros_hold_few_claims(setting: Setting) -> None:
    """More than 7 of 60 families would be seen in 1 of 100 tests if 5 % held a claim."""
    outcome = simulate(setting, REPEATS)
    most = binom.ppf(0.99, REPEATS, ALPHA) / REPEATS
    assert all(share <= most for share in outcome.family_wise)
    assert outcome.rejected <= 0.06
    assert outcome.covered >= binom.ppf(0.01, REPEATS, 0.95) / REPEATS


def test_three_seeds_that_do_not_differ_cost_little() -> None:
    outcome = simulate(Setting(50, False, 3, 0.0, False), 10)
    assert 1.0 <= outcome.ratio <= 1.3


def test_the_simulation_has_the_noise_it_names() -> None:
    setting = Setting(400, True, 200, 8.0, True)
    study = Simulation(setting, np.random.default_rng(0))
    scores = study.arm().mean(axis=(1, 2))
    assert scores.mean() == pytest.approx(0.7, abs=0.05)
    assert scores.std() == pytest.approx(0.08, rel=0.15)
    assert len(study.arm(trained=False)) == 1
    assert FAMILIES[0] == 1
