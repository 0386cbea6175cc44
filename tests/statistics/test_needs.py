from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from crosslift.results.verdict import NoiseFacts
from crosslift.statistics import ComparedScores, judge
from crosslift.statistics.differences import Difference, paired_difference
from crosslift.statistics.needs import needs_of
from crosslift.statistics.noise import Noise
from crosslift.statistics.power import detectable_effect, power_of

NOISE = Noise.from_scatter(seeds=4, between=0.0016, items=0.0004, within=0.0006, item_freedom=400)
COMPARISON = ComparedScores("image", "text", "names", "top1_accuracy", "crosslift/xx->en")
DIFFERENCE = Difference(0.01, -0.05, 0.07, 0.95, 0.6, 4, 400, 2, 800, NOISE)


def test_needs_are_those_of_the_corrected_level() -> None:
    two = judge([(COMPARISON, DIFFERENCE), (replace(COMPARISON, arm="b"), DIFFERENCE)])
    (first, second) = needs_of(two, 8.0)
    assert (first.arm, second.arm) == ("image", "b")
    assert first.effect == pytest.approx(0.08)
    assert first.detectable == pytest.approx(detectable_effect(NOISE, 0.025))
    assert first.chance == pytest.approx(power_of(NOISE, 0.08, 0.025))
    assert first.seeds_needed is not None
    assert first.seeds_needed > 4
    assert first.items_needed is None  # the seeds alone vary too much
    (alone,) = needs_of(two[:1], 8.0)
    assert alone.detectable < first.detectable
    assert alone.seeds_needed is not None
    assert alone.seeds_needed <= first.seeds_needed


def test_one_seed_and_runs_without_variances_are_left_out() -> None:
    single = replace(DIFFERENCE, seeds=1, noise=Noise(1, 0.0, 0.0004, 400.0))
    assert needs_of(judge([(COMPARISON, single)]), 1.0) == []
    (untrained,) = needs_of(judge([(replace(COMPARISON, trained=False), single)]), 1.0)
    assert untrained.seeds_needed is None
    assert untrained.items_needed == pytest.approx(7.849 * 0.0004 / 0.01**2, rel=0.02)
    old = [
        verdict.model_copy(update={"noise": None}) for verdict in judge([(COMPARISON, DIFFERENCE)])
    ]
    assert needs_of(old, 1.0) == []


def test_the_facts_of_a_verdict_hold_all_of_its_noise() -> None:
    assert {*NoiseFacts.model_fields, "is_known", "unchanged"} == {
        field.name for field in fields(Noise)
    }


def test_arms_whose_answers_never_differ_are_neither_equivalent_nor_give_a_power() -> None:
    outcomes = np.ones((2, 5, 1))
    same = paired_difference(outcomes, outcomes, np.zeros(5, np.int64))
    (verdict,) = judge([(replace(COMPARISON, smallest_effect=0.01), same)])
    assert verdict.verdict == "inconclusive"
    assert (verdict.p_equivalence, verdict.detectable, verdict.noise) == (None, None, None)
    assert "would have been found" not in verdict.sentence
    assert needs_of([verdict], 1.0) == []
