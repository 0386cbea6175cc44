"""Paired bootstrap: by hand, against a plain loop, coverage in simulation, faults."""

from __future__ import annotations

import numpy as np
import pytest

from crosslift.errors import DataError
from crosslift.statistics import Difference, bootstrap, paired_difference, strata_of


def loop_bootstrap(gaps: np.ndarray, strata: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """The same bootstrap with plain loops and the resampled ratio for each language's mean."""
    random = np.random.default_rng(seed)
    seeds, _, languages = gaps.shape
    effects = []
    for _ in range(draws):
        picked = np.concatenate(
            [
                random.choice(np.flatnonzero(strata == stratum), (strata == stratum).sum())
                for stratum in np.unique(strata)
            ]
        )
        per_seed = [
            np.mean([np.nanmean(gaps[s, picked, language]) for language in range(languages)])
            for s in range(seeds)
        ]
        centre = np.mean(per_seed)
        resampled = np.mean(random.choice(per_seed, seeds))
        effects.append(centre + (seeds / max(seeds - 1, 1)) ** 0.5 * (resampled - centre))
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
    found = paired_difference(treatment, control, one_stratum(2), draws=200)
    # seeds 0 and 1: language 0 gains 1/2 and 1, language 1 gains 1/2 twice
    assert found.effect == pytest.approx((0.5 + 0.5 + 1.0 + 0.5) / 4)
    assert (found.seeds, found.items, found.languages, found.queries) == (2, 2, 2, 3)
    assert (found.draws, found.level) == (200, 0.95)


def test_every_draw_by_hand() -> None:
    """Two items, gaps 0 and 1: the mean of two draws is 0, 1/2 or 1, widened by sqrt(2)."""
    treatment = np.array([[[0.0], [1.0]]])
    found = paired_difference(treatment, np.zeros((1, 2, 1)), one_stratum(2))
    assert found.effect == 0.5
    assert found.low == pytest.approx(0.5 - 0.5 * 2**0.5)
    assert found.high == pytest.approx(0.5 + 0.5 * 2**0.5)
    assert found.p == pytest.approx(2 * 0.25, abs=0.03)  # a quarter of the draws lie below 0


def test_two_seeds_by_hand() -> None:
    """Items all alike, seeds 0.1 and 0.3: only seeds vary, widened by sqrt(2)."""
    treatment = np.broadcast_to(np.array([0.1, 0.3])[:, None, None], (2, 5, 2)).copy()
    control = np.zeros((1, 5, 2))
    found = paired_difference(treatment, control, one_stratum(5), widen_few_seeds=False)
    assert found.effect == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.2 - 0.1 * 2**0.5, 0.2 + 0.1 * 2**0.5))
    wide = paired_difference(treatment, control, one_stratum(5))
    factor = 12.7062 / 1.95996  # Student's quantile with one degree of freedom over the normal one
    assert wide.high - 0.2 == pytest.approx(factor * (found.high - 0.2), rel=1e-4)


def test_no_difference_gives_p_one_and_an_empty_interval() -> None:
    outcomes = np.random.default_rng(0).random((3, 50, 4))
    found = paired_difference(outcomes, outcomes.copy(), one_stratum(50), draws=500)
    assert (found.effect, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert not found.excludes_zero


def test_a_constant_difference_gives_the_smallest_p() -> None:
    outcomes = np.random.default_rng(0).random((3, 50, 4))
    found = paired_difference(outcomes + 0.25, outcomes, one_stratum(50), draws=999)
    assert (found.low, found.high) == pytest.approx((0.25, 0.25))
    assert found.p == found.smallest_p == 2 / 1000
    assert found.excludes_zero


def test_swapping_the_arms_turns_the_sign() -> None:
    random = np.random.default_rng(2)
    ours, theirs = random.random((2, 40, 3)), random.random((2, 40, 3))
    forward = paired_difference(ours, theirs, one_stratum(40), draws=400)
    backward = paired_difference(theirs, ours, one_stratum(40), draws=400)
    assert forward.effect == pytest.approx(-backward.effect)
    assert (forward.low, forward.high) == pytest.approx((-backward.high, -backward.low))
    assert forward.p == backward.p


@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_equals_a_plain_loop_where_every_language_holds_every_item(seeds: int) -> None:
    gaps = simulated(np.random.default_rng(seeds), seeds, 60, 0.3, 0.05)
    strata = one_stratum(60)
    found = paired_difference(gaps, np.zeros((1, 60, 3)), strata, draws=4000, widen_few_seeds=False)
    widen = (60 / 59) ** 0.5
    slow = loop_bootstrap(gaps, strata, 2000, seed=7)
    check_quantiles(found, slow.mean() + widen * (slow - slow.mean()))


def test_equals_a_plain_loop_where_languages_hold_other_items() -> None:
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
    control = np.where(np.isnan(gaps[:1]), np.nan, 0.0)
    found = paired_difference(gaps, control, strata, draws=4000, widen_few_seeds=False)
    check_quantiles(found, loop_bootstrap(gaps, strata, 2000, seed=3))


def check_quantiles(found: Difference, slow: np.ndarray) -> None:
    """Ends within 8% of the interval's width: sampling error of 2,000 draws is about 3%."""
    low, high = np.quantile(slow, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.08 * (high - low))
    assert found.high == pytest.approx(high, abs=0.08 * (high - low))
    smaller = min((slow <= 0).mean(), (slow >= 0).mean())
    assert found.p == pytest.approx(min(1.0, 2 * smaller), abs=0.05)


@pytest.mark.parametrize(
    ("seeds", "spread", "between"),
    [(1, 0.4, 0.0), (2, 0.3, 0.03), (3, 0.3, 0.03), (5, 0.3, 0.3), (3, 0.05, 0.5)],
)
def test_intervals_cover_the_truth(seeds: int, spread: float, between: float) -> None:
    """300 simulations: 95% nominal; 91% is three standard errors below it."""
    random, covered = np.random.default_rng(seeds), 0
    for repeat in range(300):
        gaps = simulated(random, seeds, 80, spread, between)
        found = paired_difference(
            gaps, np.zeros((1, 80, 3)), one_stratum(80), draws=300, seed=repeat
        )
        covered += found.low <= 0.1 <= found.high
    assert covered / 300 >= 0.91


def test_one_seed_does_not_see_variation_between_seeds() -> None:
    """The fault that `seeds == 1` must be read as: intervals that miss the truth most times."""
    random, covered = np.random.default_rng(4), 0
    for repeat in range(100):
        gaps = simulated(random, 1, 80, 0.1, 0.5)
        found = paired_difference(
            gaps, np.zeros((1, 80, 3)), one_stratum(80), draws=200, seed=repeat
        )
        covered += found.low <= 0.1 <= found.high
    assert found.seeds == 1
    assert covered < 30


def test_an_item_in_many_languages_is_one_cluster() -> None:
    """The same outcomes in four languages hold no more evidence than in one."""
    one = np.random.default_rng(1).normal(size=(1, 100, 1))
    four = np.repeat(one, 4, axis=2)
    narrow = paired_difference(one, np.zeros((1, 100, 1)), one_stratum(100), draws=500)
    wide = paired_difference(four, np.zeros((1, 100, 4)), one_stratum(100), draws=500)
    assert (wide.low, wide.high) == pytest.approx((narrow.low, narrow.high))


def test_a_rare_language_stays_defined_in_every_draw() -> None:
    gaps = np.full((1, 60, 2), np.nan)
    gaps[0, :, 0] = np.random.default_rng(0).normal(size=60)
    gaps[0, 0, 1] = 0.4
    control = np.where(np.isnan(gaps), np.nan, 0.0)
    found = paired_difference(gaps, control, one_stratum(60), draws=300)
    assert np.isfinite([found.low, found.high, found.p]).all()
    assert found.effect == pytest.approx((gaps[0, :, 0].mean() + 0.4) / 2)


def test_same_seed_same_numbers() -> None:
    gaps = simulated(np.random.default_rng(0), 3, 40, 0.3, 0.1)
    control = np.zeros((1, 40, 3))
    first, again, other = (
        paired_difference(gaps, control, one_stratum(40), draws=300, seed=seed)
        for seed in (5, 5, 6)
    )
    assert first == again
    assert first.low != other.low


@pytest.mark.parametrize("cells", [1, 37, 700])
def test_blocks_of_draws_give_what_one_block_gives(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = simulated(np.random.default_rng(0), 2, 40, 0.3, 0.1)
    strata = np.arange(40) % 3
    whole = paired_difference(gaps, np.zeros((1, 40, 3)), strata, draws=150)
    monkeypatch.setattr(bootstrap, "BLOCK_CELLS", cells)
    parted = paired_difference(gaps, np.zeros((1, 40, 3)), strata, draws=150)
    assert (parted.low, parted.high) == pytest.approx((whole.low, whole.high), rel=1e-12)
    assert parted.p == whole.p


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
    with pytest.raises(DataError, match="draws is 0"):
        paired_difference(cube, cube, one_stratum(4), draws=0)
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
