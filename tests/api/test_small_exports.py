"""Exports for other backends: measured, refused where they lose too much, and used like any encoder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_study import small_study
from tiny_encoder import make_tiny_encoder

import crosslift
from crosslift.api.export import export_arm, measured_target
from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.errors import EncoderError, StudyError, UnknownNameError
from crosslift.results.parity import Parity
from crosslift.results.result_record import read_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.studies.reading import saved_study
from crosslift.targets.target_settings import TargetSettings

NAMES = TargetSettings(name="names", languages=("de", "ar"))
UNTRAINED: dict[str, Any] = {
    "seeds": [1],
    "start": "plain",
    "baseline": "baseline",
    "comparisons": [],
    "targets": [{"name": "names", "languages": ["de", "ar"]}],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of an untrained encoder in `out`, and its int8 export in `small`."""
    place = tmp_path_factory.mktemp("untrained")
    encoder = make_tiny_encoder(place / "model", "xlm-roberta")
    starts = {"plain": {"encoder": str(encoder)}}
    study = small_study(encoder, **UNTRAINED, starts=starts, arms={"baseline": {}})
    run_study(study, place / "out", Store(place / "store"))
    export_arm(
        place / "out", "baseline", place / "small", backend="onnx", precision="int8", allow_loss=100
    )
    return place


def test_an_export_is_measured_beside_the_encoder_in_float32(place: Path) -> None:
    parity = read_json_file(place / "small" / "parity.json", Parity)
    model = crosslift.EncoderSettings(name=str(place / "model"), precision="float32")
    before, after = (
        evaluate(m, NAMES, store=Store(place / "store")) for m in (model, place / "small")
    )
    assert parity.before == pytest.approx(before.macro["top1_accuracy"])
    assert parity.after == pytest.approx(after.macro["top1_accuracy"])
    assert parity.change == pytest.approx(parity.after - parity.before)
    assert parity.low <= parity.change <= parity.high
    assert parity.queries == sum(int(each["n"]) for each in after.languages.values())
    assert 0.9 < parity.least_cosine <= parity.mean_cosine < 1
    assert after.protocol["precision"] == "int8" and after.protocol["backend"] == "onnx"
    card = (place / "small" / "README.md").read_text(encoding="utf-8")
    assert "## What the export changed" in card and f"{parity.mean_cosine:.5f}" in card
    assert "crosslift.encode" in card and "as a graph of onnx" in card


def test_an_export_that_loses_more_than_allowed_is_refused(place: Path, tmp_path: Path) -> None:
    small = {"dimensions": 1, "check": "names"}
    with pytest.raises(EncoderError, match=r"loses .* points \[.*\] of top1_accuracy") as caught:
        export_arm(place / "out", "baseline", tmp_path / "small", **small, allow_loss=0.01)
    assert caught.value.expected == "at most 0.01 points"
    assert "--allow-loss" in str(caught.value.remedy)
    assert list(tmp_path.iterdir()) == []
    export_arm(place / "out", "baseline", tmp_path / "small", **small, allow_loss=100)
    assert read_json_file(tmp_path / "small" / "parity.json", Parity).change < -0.0001


def test_an_export_that_changes_no_vector_is_not_measured(place: Path, tmp_path: Path) -> None:
    export_arm(place / "out", "baseline", tmp_path / "whole")
    assert not (tmp_path / "whole" / "parity.json").exists()
    assert "What the export changed" not in (tmp_path / "whole" / "README.md").read_text("utf-8")


def test_the_target_that_an_export_is_measured_on(place: Path, tmp_path: Path) -> None:
    study, folder = saved_study(place / "out"), RunFolder.read(place / "out")
    assert measured_target(folder, study, None) == study.targets[0]
    assert measured_target(folder, study, "gettext") == TargetSettings(name="gettext")
    bare = study.model_copy(update={"targets": ()})
    run = folder.run.model_copy(update={"targets": ()})
    with pytest.raises(StudyError, match="no target on which an encoder alone"):
        measured_target(replace(folder, run=run), bare, None)
    with pytest.raises(UnknownNameError, match="nonsense"):
        export_arm(place / "out", "baseline", tmp_path / "x", precision="float16", check="nonsense")


def test_an_exported_encoder_is_compared_and_starts_arms_that_do_not_train(
    place: Path, tmp_path: Path
) -> None:
    store = Store(place / "store")
    comparison = crosslift.compare(place / "model", place / "small", NAMES, store)
    row = comparison.targets[0].macro
    assert row.low <= row.difference <= row.high
    assert crosslift.encode(place / "small", ["a", "b"]).shape == (2, 32)
    starts = {name: {"encoder": str(place / name)} for name in ("model", "small")}
    arms: dict[str, Any] = {"baseline": {"start": "model"}, "int8": {"start": "small"}}
    settings = UNTRAINED | {"start": "model", "starts": starts}
    study = small_study(place / "model", **settings, arms=arms)
    folder = run_study(study, tmp_path / "out", store)
    assert {row.arm for row in folder.scores} == {"baseline", "int8"}
    with pytest.raises(EncoderError, match="can neither train"):
        export_arm(tmp_path / "out", "int8", tmp_path / "again")
    arms["trained"] = {"start": "small", "stages": [{"task": "name-alias"}]}
    with pytest.raises(EncoderError, match="can neither train"):
        run_study(small_study(place / "model", **settings, arms=arms), tmp_path / "no", store)


def test_a_study_encodes_in_int8_where_it_says_so(place: Path, tmp_path: Path) -> None:
    encoder = {"name": str(place / "model"), "precision": "int8"}
    arms: dict[str, Any] = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    starts = {"plain": {"encoder": encoder}}
    study = small_study(place / "model", **UNTRAINED | {"starts": starts, "arms": arms})
    folder = run_study(study, tmp_path / "out", Store(place / "store"))
    assert {row.arm for row in folder.scores} == {"baseline", "text"}
    assert {facts["precision"] for facts in folder.run.protocols.values()} == {"int8"}
    model = crosslift.EncoderSettings(name=str(place / "model"))
    usual = evaluate(model, NAMES, store=Store(place / "store"))
    assert usual.protocol["precision"] in ("float32", "bfloat16")
