"""Whether the benchmark notices other processes, from numbers as the system reports them."""

from __future__ import annotations

import pytest

from benchmarks.measuring.load import (
    CoreTime,
    others_since,
    share_by_load,
    share_of_others,
    used_core_seconds,
)

STAT = """\
cpu  100 20 30 9000 500 1 2 7 40 3
cpu0 50 10 15 4500 250 0 1 3 20 1
intr 1 2 3
"""


def test_used_core_seconds_leave_out_idle_time_and_count_guests_once() -> None:
    assert used_core_seconds(STAT, 100) == pytest.approx((100 + 20 + 30 + 1 + 2 + 7) / 100)


def test_the_share_of_others_is_what_the_benchmark_did_not_use() -> None:
    assert share_of_others(used=15.0, ours=12.0, wall=10.0, cores=2) == pytest.approx(0.15)
    assert share_of_others(used=11.9, ours=12.0, wall=10.0, cores=2) == 0.0
    assert share_of_others(used=99.0, ours=0.0, wall=10.0, cores=2) == 1.0


def test_the_load_average_stands_in_where_no_core_seconds_are_counted() -> None:
    assert share_by_load(load=3.0, ours=20.0, wall=10.0, cores=4) == pytest.approx(0.25)
    assert share_by_load(load=1.5, ours=20.0, wall=10.0, cores=4) == 0.0


def test_work_in_further_processes_of_the_benchmark_is_not_that_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = CoreTime(clock=10.0, process=3.0, all=17.0)
    monkeypatch.setattr(CoreTime, "now", lambda: end)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    begin = CoreTime(clock=0.0, process=1.0, all=1.0)
    assert others_since(begin, elsewhere=0.0) == pytest.approx(0.7)
    assert others_since(begin, elsewhere=14.0) == 0.0
