from __future__ import annotations

import pytest

from benchmarks import scale


def test_exponents_are_those_of_the_growth_since_the_size_before() -> None:
    small = (10, scale.Measured(2.0, 8 << 20))
    assert scale._exponents(None, small) == (None, None)
    linear, square = scale._exponents(small, (100, scale.Measured(20.0, 800 << 20)))
    assert (linear, square) == (pytest.approx(1), pytest.approx(2))
    too_little = (10, scale.Measured(2.0, 1 << 20))
    assert scale._exponents(too_little, (100, scale.Measured(20.0, 1 << 20)))[1] is None


def test_a_work_is_measured_after_a_warm_up_and_rows_say_what_grew_too_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    scaled = scale.Scaled("things", (1, 10), 1, lambda size: lambda: done.append(size))
    seconds, memory = scale._measure(scaled, 10)
    assert done == [1, 10]
    assert seconds >= 0
    assert memory >= 0
    outputs = iter(["[1.0, 0]", "noise\n[100.0, 9000000]"])

    class Finished:
        def __init__(self) -> None:
            self.stdout = next(outputs)

    monkeypatch.setattr(scale.subprocess, "run", lambda *_, **__: Finished())
    rows = list(scale._rows("work", scaled))
    assert [row[3] for row in rows] == ["", "2.00 above"]
    assert rows[1][1:3] == ("10 things", "100 s")


@pytest.mark.parametrize("name", ["plan", "interval", "report, arms"])
def test_works_without_an_encoder_run(name: str) -> None:
    scale.WORKS[name].open(1 if name == "plan" else 8)()
