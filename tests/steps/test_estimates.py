"""How long steps are expected to take, and the speed of the machine that decides it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crosslift.artifacts import matrix_speed as speeds
from crosslift.artifacts.store import Store
from crosslift.steps.estimates import Estimates

MEASURED = speeds._measured  # before the fixture of all tests puts a fixed speed in its place


def step(kind: str, work: float = 100.0, devices: int = 1) -> Any:
    settings = {"encoder": {"files": "embedded:1"}}
    return SimpleNamespace(kind=kind, work=work, settings=settings, devices=devices)


def seconds(store: Path, kind: str) -> float:
    value = Estimates(Store(store)).seconds(step(kind))
    assert value is not None
    return value


def test_a_slower_machine_takes_longer_for_products_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("train", "encode", "overlap")
    fast = {kind: seconds(tmp_path, kind) for kind in kinds}
    monkeypatch.setattr("crosslift.steps.estimates.matrix_speed", lambda: 0.2e12)
    slow = {kind: seconds(tmp_path, kind) for kind in kinds}
    assert slow["overlap"] == fast["overlap"]
    for kind in ("train", "encode"):
        assert slow[kind] / fast[kind] == pytest.approx(0.55 + 0.45 * 5)


def test_several_accelerators_are_faster_and_several_processes_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured on as many devices, else converted from others."""
    estimates = "crosslift.steps.estimates"
    settings = {"encoder": {"files": "embedded:1"}}

    def measured(seconds: float, devices: int) -> Any:
        facts = {"made_from": {"settings": settings}, "work": 10.0}
        return SimpleNamespace(seconds=seconds, devices=devices, **facts)

    def seconds_on(devices: int, *manifests: Any) -> float | None:
        store: Any = SimpleNamespace(manifests=lambda kind: list(manifests))
        return Estimates(store).seconds(step("encode", 100.0, devices))

    monkeypatch.setattr(f"{estimates}.has_accelerator", lambda: False)
    assert seconds_on(4) == seconds_on(1) is not None
    assert seconds_on(4, measured(3.0, 1)) == pytest.approx(30)
    monkeypatch.setattr(f"{estimates}.has_accelerator", lambda: True)
    assert seconds_on(4) == pytest.approx((seconds_on(1) or 0) / (4 * 0.87))
    one, two = measured(3.0, 1), measured(2.0, 2)
    assert seconds_on(2, one) == pytest.approx(30 / (2 * 0.87))
    assert seconds_on(2, one, two) == pytest.approx(20)
    assert seconds_on(1, two) == pytest.approx(20 * 2 * 0.87)


def test_the_speed_is_measured_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[float] = []

    def measure() -> float:
        measured.append(5e11)
        return 5e11

    monkeypatch.setattr(speeds, "_measured", measure)
    monkeypatch.setattr(speeds, "remembered", lambda question, ask: ask())
    speeds.matrix_speed.cache_clear()
    assert speeds.matrix_speed() == speeds.matrix_speed() == 5e11
    assert len(measured) == 1
    speeds.matrix_speed.cache_clear()


def test_the_measured_speed_is_that_of_a_processor() -> None:
    assert 1e8 < MEASURED() < 1e16
