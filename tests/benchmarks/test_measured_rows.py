"""The statistics of a row of the benchmark, its floor, and the size of its turns."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks.measuring.bench import Bench, Comparison
from benchmarks.measuring.floor import (
    OPTIMIZER_BYTES,
    Needs,
    Speeds,
    forward_operations,
    layer_parameters,
    step_needs,
)
from benchmarks.measuring.rows import Ratio, Row, Times, Work
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.table import duration, line, share, show
from benchmarks.measuring.turns import LocalContender, Turn, take_turns

SPEEDS = Speeds({"bfloat16": 400e9, "float32": 100e9}, 20e9)
CONFIG = SimpleNamespace(hidden_size=4, num_hidden_layers=3, intermediate_size=8)


def row(ours: list[float], theirs: list[float], others: float = 0.0, **more: object) -> Row:
    work = Work("encoding", "the peer", 64, "texts", Needs(50e9, 1e9, "float32"))
    return Row.of(work, (ours, theirs), SPEEDS, others, **more)


def test_times_of_a_side() -> None:
    assert Times.of([3.0, 2.0, 7.0]) == Times(2.0, 3.0, 5 / 3, 3)
    assert Times.of([1.0, 2.0]) == Times(1.0, 1.5, 1 / 1.5, 2)
    assert Times.of([4.0]) == Times(4.0, 4.0, 0.0, 1)


def test_the_ratio_is_that_of_the_medians_and_its_noise_that_of_turns_in_pairs() -> None:
    ratio = Ratio.of([1.0, 2.0, 4.0], [4.0, 4.0, 6.0])
    assert ratio == Ratio(medians=2.0, lowest=1.5, highest=4.0)
    with pytest.raises(ValueError):
        Ratio.of([1.0], [1.0, 2.0])


def test_the_floor_is_the_longer_of_products_and_memory() -> None:
    assert SPEEDS.floor(Needs(200e9, 0.0, "float32")) == 2.0
    assert SPEEDS.floor(Needs(200e9, 0.0, "bfloat16")) == 0.5
    assert SPEEDS.floor(Needs(200e9, 60e9, "bfloat16")) == 3.0
    assert Needs(2.0, 3.0, "float32").times(2) == Needs(4.0, 6.0, "float32")


def test_a_row_reports_the_share_of_the_floor_and_the_ratio_that_the_floor_allows() -> None:
    measured = row([1.0, 1.0, 2.0], [3.0, 4.0, 5.0])
    assert measured.floor == 0.5
    assert measured.share_of_floor == 0.5
    assert measured.highest_ratio == 8.0


def test_operations_of_a_transformer() -> None:
    """A layer has 4 x 4 x 4 weights of attention and 2 x 4 x 8 of its two other products."""
    assert layer_parameters(CONFIG) == 3 * (64 + 64)
    of_pairs = 2 * 4  # two products of width 4 for each pair of tokens
    expected = 2 * 3 * (5 * 128 + 5 * 5 * of_pairs)
    assert forward_operations(CONFIG, [5]) == expected
    assert forward_operations(CONFIG, [5, 5]) == 2 * expected
    needs = step_needs(CONFIG, [5], steps=2, precision="float32")
    assert needs == Needs(3 * expected, 2 * OPTIMIZER_BYTES * 3 * 128, "float32")


def test_turns_grow_with_the_machine_by_powers_of_two() -> None:
    slow, fast = (Sizes(3, operations) for operations in (1e9, 1e12))
    assert slow.count(1e8, least=8, most=64) == 8
    assert fast.count(1e10, least=8, most=100) == 64
    assert fast.count(1e11, least=2, most=64) == 8
    assert Sizes.of(SPEEDS, quick=True) == Sizes(3, 25e9)
    assert Sizes.of(SPEEDS, quick=False).repeats == 5


def test_a_machine_without_bfloat16_measures_float32_alone() -> None:
    def comparisons(best: str, quick: bool) -> tuple[Comparison, ...]:
        return Bench(best, SPEEDS, Sizes(3, 1.0), quick, []).comparisons

    both = Comparison("both float32", "float32", "float32")
    assert comparisons("float32", False) == comparisons("float32", True) == (both,)
    assert [c.ours for c in comparisons("bfloat16", True)] == ["bfloat16"]
    full = comparisons("bfloat16", False)
    assert [(c.ours, c.theirs) for c in full] == [
        ("bfloat16", "bfloat16"),
        ("float32", "float32"),
        ("bfloat16", "float32"),
    ]


def test_contenders_work_in_turn_and_warm_ups_do_not_count() -> None:
    order: list[str] = []

    def contender(name: str, seconds: float) -> SimpleNamespace:
        def turn() -> Turn:
            order.append(name)
            return Turn(seconds, peak_bytes=len(order))

        return SimpleNamespace(turn=turn)

    turns = take_turns([contender("ours", 1.0), contender("theirs", 2.0)], repeats=3, warm_ups=1)
    assert order == ["ours", "theirs"] * 4
    assert turns.seconds == [[1.0] * 3, [2.0] * 3]
    assert turns.peak_bytes == [7, 8]


def test_a_local_contender_keeps_what_its_work_returned() -> None:
    contender = LocalContender(lambda: 5)
    assert contender.turn().seconds >= 0
    assert contender.result == 5


def test_a_busy_row_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    quiet, busy = row([1.0], [2.0], others=0.1), row([1.0], [2.0], others=0.25)
    assert not quiet.busy
    assert "busy" not in line(quiet)
    assert "busy: others took 25%" in line(busy)
    show([quiet, busy], SPEEDS)
    printed = capsys.readouterr().out
    assert "1 of 2 rows are marked busy" in printed
    assert "these speeds" not in printed
    show([quiet], replace(SPEEDS, others=0.3))
    assert "took 30% of the cores while these speeds" in capsys.readouterr().out


def test_a_line_has_times_rates_ratio_and_floor() -> None:
    text = line(row([0.5, 1.0, 1.0], [2.0, 2.0, 2.0]))
    assert text == (
        "encoding, 64 texts: 1 s, the peer 2 s; 64 and 32 texts/s; 2.00 (2.00 to 4.00) times as fast; "
        "50% of the floor"
    )


def test_durations_and_shares_in_words() -> None:
    assert [duration(s) for s in (2e-5, 0.0123, 3.456)] == ["20 us", "12.3 ms", "3.46 s"]
    assert [share(s) for s in (0.123, 0.0123)] == ["12%", "1.23%"]
