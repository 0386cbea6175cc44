"""Spearman's correlation as a mean of values, against scipy and the jackknife."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from crosslift.errors import DataError
from crosslift.metrics.correlation import spearman_values


@pytest.mark.parametrize("levels", [None, 6])
def test_the_mean_is_spearman_s_correlation(levels: int | None) -> None:
    generator = np.random.default_rng(0)
    scores = generator.standard_normal(300)
    grades = scores + generator.standard_normal(300)
    if levels:
        grades = np.round(grades * levels / 6)
    values = spearman_values(scores, grades)
    assert values.mean() == pytest.approx(spearmanr(scores, grades).statistic, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_values_are_the_influences_of_the_jackknife(ties: bool) -> None:
    generator = np.random.default_rng(1)
    count = 400
    scores = generator.standard_normal(count)
    grades = scores + generator.standard_normal(count)
    if ties:
        grades, scores = np.round(grades), np.round(scores, 1)
    values = spearman_values(scores, grades)
    whole = spearmanr(scores, grades).statistic
    left = [np.delete(np.arange(count), i) for i in range(count)]
    jackknife = [(count - 1) * (whole - spearmanr(scores[k], grades[k]).statistic) for k in left]
    assert np.allclose(values - whole, jackknife, atol=0.02)
    assert (values - whole).std() == pytest.approx(np.std(jackknife), rel=0.01)


def test_their_scatter_is_that_of_the_correlation() -> None:
    """Over 2,000 samples of a population, to a tenth."""
    generator = np.random.default_rng(2)
    found, expected = [], []
    for _ in range(2000):
        scores = generator.standard_normal(120)
        grades = np.round(scores + generator.standard_normal(120))
        values = spearman_values(scores, grades)
        found.append(values.mean())
        expected.append(values.var() / len(values))
    assert np.var(found) == pytest.approx(np.mean(expected), rel=0.1)


def test_a_constant_side_has_no_correlation() -> None:
    assert spearman_values(np.ones(4), np.arange(4.0)).tolist() == [0, 0, 0, 0]


def test_shapes_are_checked() -> None:
    with pytest.raises(DataError, match="one score and one grade"):
        spearman_values(np.ones(3), np.ones(2))
