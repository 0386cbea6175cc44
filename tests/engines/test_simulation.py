"""The schedule of a plan over several workers."""

from __future__ import annotations

import pytest
from engine_steps import step

from crosslift.engines.simulation import simulate
from crosslift.steps.step import Step


def seconds(each: Step) -> float:
    return float(each.settings["seconds"])


def four_arms() -> list[Step]:
    start = step("start", seconds=10)
    arms = [step(f"arm {n}", [start], seconds=40) for n in range(4)]
    return [start, *arms, step("end", arms, seconds=2)]


@pytest.mark.parametrize(("workers", "expected"), [(1, 172), (2, 92), (3, 92), (4, 52), (64, 52)])
def test_the_last_step_ends_when_the_workers_allow_it(workers: int, expected: float) -> None:
    schedule = simulate(four_arms(), seconds, workers, start_seconds=0)
    assert schedule.seconds == expected
    assert schedule.critical_path == 52
    assert schedule.work == 172
    assert schedule.idle_share == pytest.approx(1 - 172 / (workers * expected))
    assert schedule.cost(3.0) == pytest.approx(workers * expected / 3600 * 3)


def test_the_start_of_workers_counts_and_nothing_to_do_takes_no_time() -> None:
    assert simulate(four_arms(), seconds, 4, start_seconds=6).seconds == 58
    assert simulate([], seconds, 4).seconds == 0.0
    assert simulate([], seconds, 4).idle_share == 0.0


def test_the_longest_chain_goes_first() -> None:
    short = [step(f"short {n}", seconds=10) for n in range(3)]
    long = [step("long", seconds=5)]
    long.append(step("after it", long, seconds=25))
    assert simulate([*short, *long], seconds, 2, start_seconds=0).seconds == 30
