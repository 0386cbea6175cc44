"""How long steps are expected to take, and the speed of the machine that decides it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crosslift.artifacts import matrix_speed as speeds
from crosslift.artifacts.store import Store
from crosslift.steps.estimates import Estimates

MEASURED = speeds._measured  # before the fixture of all tests puts a fixed speed in its place


def step(kind: str, work: float = 100.0) -> Any:
    settings = {"encoder": {"files": "embedded:1"}}
    return SimpleNamespace(kind=kind, work=work, settings=settings)


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


def test_the_speed_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path))
    measured: list[int] = []
    monkeypatch.setattr(speeds, "_measured", lambda: measured.append(1) or 5e11)
    assert speeds.matrix_speed() == speeds.matrix_speed() == 5e11
    assert len(measured) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    speeds.matrix_speed()
    assert len(measured) == 2
    assert len(json.loads((tmp_path / "matrix-speed.json").read_text(encoding="utf-8"))) == 2


@pytest.mark.parametrize("damaged", ["", "[1]", '{"a": "x"}', "\x00"])
def test_a_damaged_file_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path))
    (tmp_path / "matrix-speed.json").write_text(damaged, encoding="utf-8")
    monkeypatch.setattr(speeds, "_measured", lambda: 5e11)
    assert speeds.matrix_speed() == 5e11


def test_the_measured_speed_is_that_of_a_processor() -> None:
    assert 1e8 < MEASURED() < 1e16
