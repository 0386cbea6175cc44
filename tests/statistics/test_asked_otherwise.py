"""Languages as a sample, wins, flips, and the randomization test of signs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import permutation_test, ttest_1samp

from crosslift.statistics.differences import Difference, paired_difference, strata_of
from crosslift.statistics.item_counts import flips, sign_flip_p, win_probability
from crosslift.statistics.language_sample import LanguageSample, language_sample


def cube(*seeds: list[list[float]]) -> NDArray[np.float64]:
    """Outcomes of seeds; each is a list of languages with their items, which are their own."""
    sizes = [len(items) for items in seeds[0]]
    outcomes = np.full((len(seeds), sum(sizes), len(sizes)), np.nan)
    for s, languages in enumerate(seeds):
        for place, items in enumerate(languages):
            start = sum(sizes[:place])
            outcomes[s, start : start + len(items), place] = items
    return outcomes


def difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> Difference:
    return paired_difference(one, other, strata_of(~np.isnan(one[0])))


def sample(
    one: NDArray[np.float64], other: NDArray[np.float64], families: list[str]
) -> LanguageSample:
    result = language_sample(one, other, difference(one, other), families)
    assert result is not None
    return result


def random_outcomes(
    gaps: list[float], items: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An untrained pair: accuracy 0.4 against 0.4 + gap in each language."""
    one = [list((generator.random(items) < 0.4 + gap) * 1.0) for gap in gaps]
    other = [list((generator.random(items) < 0.4) * 1.0) for _ in gaps]
    return cube(one), cube(other)


def test_one_seed_gives_the_t_interval_over_languages() -> None:
    one, other = random_outcomes([0.1, 0.3, 0.0, 0.2, -0.1], 40, np.random.default_rng(1))
    result = sample(one, other, list("abcde"))

    expected = ttest_1samp(result.effects, 0).confidence_interval(0.95)
    assert result.languages == pytest.approx((expected.low, expected.high))
    assert result.families == pytest.approx(result.languages)
    assert result.n_families == 5


def test_languages_that_differ_widen_the_interval() -> None:
    one, other = random_outcomes([0.4, -0.3, 0.4, -0.3], 500, np.random.default_rng(2))
    fixed = difference(one, other)
    low, high = sample(one, other, list("abcd")).languages

    assert high - low > 3 * (fixed.high - fixed.low)


def test_families_count_as_one_each() -> None:
    gaps = [0.3, 0.3, 0.3, 0.3, -0.2, 0.0]
    one, other = random_outcomes(gaps, 300, np.random.default_rng(3))
    apart = sample(one, other, list("abcdef"))
    together = sample(one, other, ["a", "a", "a", "a", "b", "c"])

    assert together.families is not None
    assert together.n_families == 3
    width = together.families[1] - together.families[0]
    assert width > 1.5 * (apart.languages[1] - apart.languages[0])


def test_languages_that_agree_are_not_certain() -> None:
    """No scatter between languages: of items of their own by luck, or as nothing changed at all."""
    even = [[1.0, 0.0] * 50, [0.0, 1.0] * 50]
    low, high = sample(cube(even), cube([[0.0] * 100] * 2), ["a", "b"]).languages
    assert low < 0.5 < high
    same = cube([[1.0] * 20] * 4)
    result = sample(same, same, ["a", "a", "b", "c"])
    assert result.languages[1] == -result.languages[0] == pytest.approx(1 - 0.05 ** (1 / 4))
    assert result.families is not None
    assert result.families[1] == pytest.approx(1 - 0.05 ** (1 / 3))


def test_one_family_has_no_interval_and_one_language_no_sample() -> None:
    one, other = random_outcomes([0.1, 0.2], 30, np.random.default_rng(4))
    assert sample(one, other, ["a", "a"]).families is None
    single = cube([[1.0, 0.0, 1.0]])
    assert language_sample(single, 1 - single, difference(single, 1 - single), ["a"]) is None


def test_the_interval_over_languages_holds_its_level() -> None:
    generator = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        gaps = list(generator.normal(0.1, 0.08, 8))
        low, high = sample(*random_outcomes(gaps, 60, generator), list("abcdefgh")).languages
        inside += low <= 0.1 <= high
    assert 0.92 <= inside / 400 <= 0.98


def test_wins_by_hand() -> None:
    zeros = cube([[0.0, 0.0, 0.0, 0.0]])
    assert win_probability(cube([[1.0, 0.0, 0.0, -1.0]]), zeros) == 0.5
    assert win_probability(cube([[1.0, 1.0, 0.0, -1.0]]), zeros) == 0.625
    assert win_probability(cube([[1.0]] * 2, [[0.0], [1.0]]), cube([[0.0], [0.0]])) == 0.875


def test_languages_weigh_the_same_in_wins() -> None:
    one = cube([[1.0], [0.0, 0.0, 0.0]])
    assert win_probability(one, np.where(np.isnan(one), np.nan, 0.0)) == 0.75


def test_flips_by_hand() -> None:
    one = cube([[1.0, 1.0, 0.0], [0.0]], [[1.0, 0.0, 0.0], [0.0]])
    other = cube([[0.0, 1.0, 1.0], [1.0]])
    assert flips(one, other) == (1.0, 2.5)


def test_grades_do_not_flip() -> None:
    assert flips(cube([[0.5, 1.0]]), cube([[0.0, 1.0]])) is None


def test_signs_agree_with_an_exact_randomization() -> None:
    generator = np.random.default_rng(6)
    gaps = generator.normal(0.4, 1.0, 12)
    exact = permutation_test(
        (gaps,),
        lambda values, axis: values.sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    ).pvalue
    ours = sign_flip_p(cube([list(gaps)]), cube([[0.0] * 12]))
    assert ours == pytest.approx(exact, abs=0.02)


def test_an_item_of_many_languages_is_one_item() -> None:
    shared = np.ones((1, 1, 4))
    assert sign_flip_p(shared, np.zeros((1, 1, 4))) == 1.0
    assert sign_flip_p(cube([[1.0]] * 4), cube([[0.0]] * 4)) == pytest.approx(0.125, abs=0.02)


def test_arms_that_never_differ() -> None:
    assert sign_flip_p(cube([[1.0, 0.0]]), cube([[1.0, 0.0]])) == 1.0
