"""Paired differences: by hand, against plain draws, coverage in simulation, faults."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from crosslift.errors import DataError
from crosslift.statistics import paired_difference, strata_of
from crosslift.statistics.differences import Weighted, contrast
from crosslift.statistics.influences import influences_of


def loop_bootstrap(gaps: np.ndarray, strata: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Draws of items with plain loops: the mean over seeds of the resampled ratio of each language."""
    random = np.random.default_rng(seed)
    languages = gaps.shape[2]
    effects = []
    for _ in range(draws):
        picked = np.concatenate(
            [
                random.choice(np.flatnonzero(strata == stratum), (strata == stratum).sum())
                for stratum in np.unique(strata)
            ]
        )
        effects.append(
            np.mean([np.nanmean(gaps[:, picked, language]) for language in range(languages)])
        )
    return np.array(effects)


def simulated(
    random: np.random.Generator, seeds: int, items: int, spread: float, between: float
) -> np.ndarray:
    """Gaps [seeds, items, 3] whose true mean is 0.1: item, seed and residual noise."""
    return (
        0.1
        + random.normal(0, spread, (1, items, 1))
        + random.normal(0, between, (seeds, 1, 1))
        + random.normal(0, 0.2, (seeds, items, 3))
    )


def one_stratum(items: int) -> np.ndarray:
    return np.zeros(items, np.int64)


def test_effect_by_hand() -> None:
    """Language 0 holds two items, language 1 one: languages weigh the same, items do not."""
    nan = np.nan
    treatment = np.array([[[1.0, nan], [0.0, 1.0]], [[1.0, nan], [1.0, 1.0]]])
    control = np.array([[[0.0, nan], [0.0, 0.5]]])
    found = paired_difference(treatment, control, one_stratum(2))
    # seeds 0 and 1: language 0 gains 1/2 and 1, language 1 gains 1/2 twice
    assert found.effect == pytest.approx((0.5 + 0.5 + 1.0 + 0.5) / 4)
    assert (found.seeds, found.items, found.languages, found.queries) == (2, 2, 2, 3)
    assert found.level == 0.95


def test_items_alone_by_hand() -> None:
    """One seed, four items, gaps 0 0 1 1: Student's t of four values."""
    treatment = np.array([0.0, 0.0, 1.0, 1.0])[None, :, None]
    found = paired_difference(treatment, np.zeros((1, 4, 1)), one_stratum(4))
    error = (1 / 3) ** 0.5 / 2  # the values' standard deviation is sqrt(1/3)
    assert found.effect == 0.5
    assert found.high - 0.5 == pytest.approx(3.182446 * error, rel=1e-6)  # t of 3 degrees
    assert found.p == pytest.approx(ttest_1samp(treatment.ravel(), 0).pvalue, rel=1e-9)


def test_seeds_alone_by_hand() -> None:
    """Items all alike, seeds 0.1, 0.3: Student's t of two values."""
    treatment = np.broadcast_to(np.array([0.1, 0.3])[:, None, None], (2, 5, 2)).copy()
    found = paired_difference(treatment, np.zeros((1, 5, 2)), one_stratum(5))
    assert found.effect == pytest.approx(0.2)
    assert found.high - 0.2 == pytest.approx(12.7062047 * 0.1, rel=1e-6)
    assert found.p == pytest.approx(ttest_1samp([0.1, 0.3], 0).pvalue, rel=1e-9)


def test_two_components_by_hand() -> None:
    """Three seeds whose noise on the items is their own: the items have nothing in common."""
    own = np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]])
    gaps = np.array([0.0, 0.3, 0.6])[:, None] + 0.1 * np.tile(own, 10)
    noise = influences_of(gaps[:, :, None], one_stratum(20), np.ones((1, 1)))[0].noise
    assert noise.seed_variance == pytest.approx(0.09 / 3)
    assert noise.item_variance == 0  # the items' means over seeds are all equal
    shifted = gaps + np.repeat([0.2, -0.2], 10)  # what all seeds have in common
    noise = influences_of(shifted[:, :, None], one_stratum(20), np.ones((1, 1)))[0].noise
    scale = 20 / 19 / 400
    own_part = scale * 0.01 * 2 * 20 / 2 / 3
    assert noise.item_variance == pytest.approx(scale * 20 * 0.04 - own_part)
    assert noise.seed_variance == pytest.approx(0.09 / 3)
    assert noise.item_freedom == pytest.approx(19)


@pytest.mark.parametrize(("items", "bound"), [(10, 0.2589), (100, 0.0295), (1000, 0.00299)])
def test_where_nothing_changed_the_interval_is_the_rule_of_three(items: int, bound: float) -> None:
    """0 changes among n: more than about 3 / n is excluded; 1 - 0.05^(1/n) by hand."""
    outcomes = np.random.default_rng(0).random((3, items, 1))
    found = paired_difference(outcomes, outcomes.copy(), one_stratum(items))
    assert (found.effect, found.p) == (0, 1)
    assert found.high == -found.low == pytest.approx(bound, abs=5e-5)
    assert found.high == pytest.approx(1 - 0.05 ** (1 / items), rel=1e-9)
    assert (1 - found.high) ** items == pytest.approx(0.05)  # as likely as alpha to see none
    assert not found.excludes_zero
    strict = paired_difference(outcomes, outcomes.copy(), one_stratum(items), level=0.99)
    assert strict.high == pytest.approx(1 - 0.01 ** (1 / items), rel=1e-9)


def test_languages_without_a_change_count_the_items_of_all() -> None:
    """Four languages of 25 items each are 100 items; one of 5 items makes the others count less."""
    own = np.full((1, 100, 4), np.nan)
    for language in range(4):
        own[0, 25 * language : 25 * (language + 1), language] = 1.0
    apart = paired_difference(own, own.copy(), strata_of(~np.isnan(own[0])))
    assert apart.high == pytest.approx(1 - 0.05 ** (1 / 100), rel=1e-9)
    shared = np.ones((2, 25, 4))
    assert paired_difference(shared, shared, one_stratum(25)).high == pytest.approx(
        1 - 0.05 ** (1 / 25), rel=1e-9
    )
    few = np.where(np.arange(100)[:, None] < 80, own, np.nan)  # 25, 25, 25 and 5 items
    few = few[:, :80]
    least = paired_difference(few, few.copy(), strata_of(~np.isnan(few[0])))
    assert least.high == pytest.approx(1 - 0.05 ** (1 / 20), rel=1e-9)  # 3 x 1/4 x 1/5


def test_a_contrast_of_unchanged_languages_reaches_as_far_as_its_weights() -> None:
    outcomes = np.ones((1, 60, 2))
    part = Weighted(outcomes, outcomes, one_stratum(60), np.array([1.0, -1.0]))
    assert contrast([part]).high == pytest.approx(2 * (1 - 0.05 ** (1 / 60)), rel=1e-9)


def test_a_constant_difference_is_as_sure_as_its_items_are_many() -> None:
    """Nothing scatters: n signs, so that t is sqrt(n). Three items all won are no finding."""
    outcomes = np.random.default_rng(0).random((3, 50, 4))
    found = paired_difference(outcomes + 0.25, outcomes, one_stratum(50))
    assert found.high - 0.25 == pytest.approx(2.0095752 * 0.25 / 50**0.5, rel=1e-6)  # t of 49
    assert found.p < 1e-6
    won = paired_difference(np.ones((2, 3, 1)), np.zeros((1, 3, 1)), one_stratum(3))
    assert won.p == pytest.approx(0.2254, abs=1e-4)  # the exact test of signs: 0.25
    alone = paired_difference(np.ones((2, 1, 1)), np.zeros((1, 1, 1)), one_stratum(1))
    assert alone.p == pytest.approx(0.5)


def test_languages_of_one_item_are_not_certain() -> None:
    gaps = np.full((1, 4, 4), np.nan)
    gaps[0, range(4), range(4)] = [1.0, 0.0, 1.0, 0.0]
    control = np.where(np.isnan(gaps), np.nan, 0.0)
    found = paired_difference(gaps, control, strata_of(~np.isnan(gaps[0])))
    assert (found.effect, found.low > 0) == (0.5, False)
    assert found.p > 0.1


def test_swapping_the_arms_turns_the_sign() -> None:
    random = np.random.default_rng(2)
    ours, theirs = random.random((2, 40, 3)), random.random((2, 40, 3))
    forward = paired_difference(ours, theirs, one_stratum(40))
    backward = paired_difference(theirs, ours, one_stratum(40))
    assert forward.effect == pytest.approx(-backward.effect)
    assert (forward.low, forward.high) == pytest.approx((-backward.high, -backward.low))
    assert forward.p == backward.p


@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_item_variance_equals_that_of_plain_draws(seeds: int) -> None:
    gaps = simulated(np.random.default_rng(seeds), seeds, 60, 0.3, 0.05)
    strata = one_stratum(60)
    influence = influences_of(gaps, strata, np.full((3, 1), 1 / 3))[0]
    slow = loop_bootstrap(gaps, strata, 2000, seed=7).var() * 60 / 59
    assert np.sum(influence.of_items.mean(axis=0) ** 2) == pytest.approx(slow, rel=0.12)


def test_item_variance_where_languages_hold_other_items() -> None:
    """Three strata of languages, one of them with items that lack a language."""
    random = np.random.default_rng(9)
    gaps = np.full((3, 200, 4), np.nan)
    noise = random.normal(0.05, 0.3, (3, 200, 4))
    gaps[:, :80, 0] = noise[:, :80, 0]
    gaps[:, 40:110, 1] = noise[:, 40:110, 1]
    gaps[:, 110:150, 2] = noise[:, 110:150, 2]
    gaps[:, 150:, 3] = noise[:, 150:, 3]
    strata = strata_of(~np.isnan(gaps[0]))
    assert np.bincount(strata).tolist() == [110, 40, 50]
    influence = influences_of(gaps, strata, np.full((4, 1), 1 / 4))[0]
    slow = loop_bootstrap(gaps, strata, 2000, seed=3).var()
    assert np.sum(influence.of_items.mean(axis=0) ** 2) == pytest.approx(slow, rel=0.15)


def test_few_items_that_differ_are_few_degrees_of_freedom() -> None:
    """Of 1,000 items six gain: no t of a thousand, and no certainty."""
    gaps = np.zeros((1, 1000, 1))
    gaps[0, :6] = 1.0
    found = paired_difference(gaps, np.zeros((1, 1000, 1)), one_stratum(1000))
    assert influences_of(gaps, one_stratum(1000), np.ones((1, 1)))[
        0
    ].noise.item_freedom == pytest.approx(12, rel=0.02)
    assert found.p == pytest.approx(2 * 2.0**-6, rel=0.05)  # the exact test of signs


@pytest.mark.parametrize(
    ("seeds", "spread", "between"),
    [(1, 0.4, 0.0), (2, 0.3, 0.03), (3, 0.3, 0.03), (5, 0.3, 0.3), (3, 0.05, 0.5)],
)
def test_intervals_cover_the_truth(seeds: int, spread: float, between: float) -> None:
    """400 simulations: 95 % nominal; 92 % is three standard errors below it."""
    random, covered = np.random.default_rng(seeds), 0
    for _ in range(400):
        gaps = simulated(random, seeds, 80, spread, between)
        found = paired_difference(gaps, np.zeros((1, 80, 3)), one_stratum(80))
        covered += found.low <= 0.1 <= found.high
    assert covered / 400 >= 0.92


def test_one_seed_does_not_see_variation_between_seeds() -> None:
    """Why one seed gives no verdict: its intervals miss the truth most times."""
    random, covered = np.random.default_rng(4), 0
    for _ in range(100):
        gaps = simulated(random, 1, 80, 0.1, 0.5)
        found = paired_difference(gaps, np.zeros((1, 80, 3)), one_stratum(80))
        covered += found.low <= 0.1 <= found.high
    assert found.seeds == 1
    assert covered < 30


def test_an_item_in_many_languages_is_one_cluster() -> None:
    """The same outcomes in four languages hold no more evidence than in one."""
    one = np.random.default_rng(1).normal(size=(1, 100, 1))
    four = np.repeat(one, 4, axis=2)
    narrow = paired_difference(one, np.zeros((1, 100, 1)), one_stratum(100))
    wide = paired_difference(four, np.zeros((1, 100, 4)), one_stratum(100))
    assert (wide.low, wide.high) == pytest.approx((narrow.low, narrow.high))


def test_a_rare_language_stays_defined_in_every_draw() -> None:
    gaps = np.full((1, 60, 2), np.nan)
    gaps[0, :, 0] = np.random.default_rng(0).normal(size=60)
    gaps[0, 0, 1] = 0.4
    control = np.where(np.isnan(gaps), np.nan, 0.0)
    found = paired_difference(gaps, control, one_stratum(60))
    assert np.isfinite([found.low, found.high, found.p]).all()
    assert found.effect == pytest.approx((gaps[0, :, 0].mean() + 0.4) / 2)


@pytest.mark.parametrize("seeds", [1, 2, 3, 8])
def test_p_is_the_level_whose_interval_touches_zero(seeds: int) -> None:
    gaps = simulated(np.random.default_rng(seeds), seeds, 40, 0.3, 0.05)
    control = np.zeros((1, 40, 3))
    p = paired_difference(gaps, control, one_stratum(40)).p
    for level in (1 - p - 1e-6, 1 - p + 1e-6):
        found = paired_difference(gaps, control, one_stratum(40), level=level)
        assert found.excludes_zero == (level < 1 - p)


def test_two_seeds_that_agree_by_luck_are_not_certain() -> None:
    """Equal means of two seeds whose answers to the items differ: half of the noise is unseen."""
    random = np.random.default_rng(0)
    flips = random.permutation(np.repeat([1.0, -1.0], 20))
    gaps = np.stack([0.02 + 0.1 * flips, 0.02 - 0.1 * flips])[:, :, None]
    found = paired_difference(gaps, np.zeros((1, 40, 1)), one_stratum(40))
    noise = influences_of(gaps, one_stratum(40), np.ones((1, 1)))[0].noise
    own = 0.1**2 * 2 * 40 * 40 / 39 / 1600  # what the items scatter one seed by
    assert noise.seed_variance == pytest.approx(own * 0.00393214 / 2, rel=1e-4)  # its 5 % quantile
    assert found.p > 0.03  # with a variance of 0 between the seeds it would be SMALLEST_P


def test_strata_by_hand() -> None:
    presence = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], bool)
    assert strata_of(presence).tolist() == [0, 0, 1, 1]


def test_strata_of_parallel_and_of_separate_items() -> None:
    assert set(strata_of(np.ones((7, 3), bool)).tolist()) == {0}
    separate = np.eye(4, dtype=bool)[[0, 0, 1, 2, 2, 3]]
    assert strata_of(separate).tolist() == [0, 0, 1, 2, 2, 3]


def test_strata_are_linked_through_a_chain_of_items() -> None:
    presence = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], bool)
    assert strata_of(presence).tolist() == [0, 0, 0, 1]


def test_empty_items_and_languages_raise() -> None:
    with pytest.raises(DataError, match="item 1 has no outcome"):
        strata_of(np.array([[1, 1], [0, 0]], bool))
    with pytest.raises(DataError, match="language 1 has no outcome"):
        strata_of(np.array([[1, 0], [1, 0]], bool))
    missing = np.full((1, 3, 2), np.nan)
    missing[:, :, 0] = 1
    with pytest.raises(DataError, match="language 1 has no outcome"):
        paired_difference(missing, missing, one_stratum(3))


@pytest.mark.parametrize(
    ("treatment", "control"),
    [((3, 4, 2), (2, 4, 2)), ((1, 4, 2), (3, 4, 2)), ((2, 4, 2), (2, 5, 2)), ((2, 4, 2), (4, 2))],
)
def test_shapes_that_do_not_fit_raise(treatment: tuple[int, ...], control: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="treatment has shape"):
        paired_difference(np.ones(treatment), np.ones(control), one_stratum(4))


def test_wrong_settings_raise() -> None:
    cube = np.ones((1, 4, 2))
    with pytest.raises(DataError, match=r"outcomes of shape \(4, 2\)"):
        paired_difference(cube[0], cube[0], one_stratum(4))
    with pytest.raises(DataError, match=r"strata: an array of int64 of shape \(3,\)"):
        paired_difference(cube, cube, one_stratum(3))
    with pytest.raises(DataError, match="strata: an array of float64"):
        paired_difference(cube, cube, np.zeros(4))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="level is 95"):
        paired_difference(cube, cube, one_stratum(4), level=95)


def test_outcomes_missing_in_one_arm_or_seed_raise() -> None:
    full = np.ones((2, 4, 3))
    holed = full.copy()
    holed[1, 2, 0] = np.nan
    with pytest.raises(DataError, match="control: seed 1, item 2, language 0 is nan"):
        paired_difference(full, holed, one_stratum(4))
    with pytest.raises(DataError, match="treatment: seed 1, item 2, language 0 is nan"):
        paired_difference(holed, full, one_stratum(4))
    with pytest.raises(DataError, match=r"control: seed 0, item 2, language 0 is 1\.0"):
        paired_difference(holed[1:], full[:1], one_stratum(4))


def test_infinite_outcomes_raise() -> None:
    endless = np.ones((1, 4, 3))
    endless[0, 3, 1] = np.inf
    with pytest.raises(DataError, match="control: seed 0, item 3, language 1 is infinite"):
        paired_difference(np.ones((2, 4, 3)), endless, one_stratum(4))
