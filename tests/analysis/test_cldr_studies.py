"""CLDR's names in an evaluation and in a study: what is left out, and groups by the pretraining."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cldr_samples import write_list
from typer.testing import CliRunner

from crosslift.analysis import language_groups
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.cli.main import app
from crosslift.encoders.pretraining import CC_100, IN, IN_OTHER_SCRIPT, NOT_IN
from crosslift.sources.cldr.translations import AS_IN_ENGLISH
from crosslift.studies.reading import study_of
from crosslift.targets.names import held_out_concepts


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Names in four languages; the tiny encoder has XLM-R's pretraining."""
    monkeypatch.setattr(language_groups, "pretraining_of", lambda _: CC_100)
    concepts = held_out_concepts()
    sizes = {"de": 210, "sw": 200, "sr_Latn": 205, "yo": 220, "br": 5}
    names = {
        code: {c.id: f"{code} {i}" for i, c in enumerate(concepts[:size])}
        for code, size in sizes.items()
    }
    for concept in concepts[:2]:
        names["de"][concept.id] = concept.names["en"].upper()
    names["yo"][concepts[0].id] = concepts[0].names["en"]
    return f"cldr:{write_list(tmp_path, names)}"


def test_an_evaluation_shows_what_is_left_out_and_groups_languages(
    data: str, xlm_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scores.json"
    arguments = ["evaluate", str(xlm_folder), "--target", "names", "--data", data]
    arguments += ["--store", str(tmp_path / "store"), "--json", str(path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    shown = " ".join(result.output.split())
    assert f"{IN}: 2 languages, top1_accuracy" in shown
    assert f"{IN_OTHER_SCRIPT}: 1 language, top1_accuracy" in shown
    assert "not measured: br: names of 5 of 400" in shown
    assert f"left out: 3 items in 2 languages: {AS_IN_ENGLISH}" in shown

    scores = json.loads(path.read_text())
    assert scores["left_out"] == {"de": {AS_IN_ENGLISH: 2}, "yo": {AS_IN_ENGLISH: 1}}
    assert {code: values["n"] for code, values in scores["languages"].items()} == {
        **{"de": 208, "sr-Latn": 205, "sw": 200, "yo": 219}
    }
    groups = scores["groups"]["pretraining"]
    assert {group: own["languages"] for group, own in groups.items()} == {
        IN: ["de", "sw"],
        IN_OTHER_SCRIPT: ["sr-Latn"],
        NOT_IN: ["yo"],
    }
    both = [scores["languages"][code]["mrr"] for code in ("de", "sw")]
    assert groups[IN]["macro"]["mrr"] == pytest.approx(sum(both) / 2)
    assert scores["groups"]["family"]["Germanic"]["languages"] == ["de"]


def test_a_study_shows_what_is_left_out_and_groups_languages(
    data: str, xlm_folder: Path, tmp_path: Path
) -> None:
    study = study_of(
        {
            "name": "many",
            "question": "In how many languages?",
            "seeds": [1, 2],
            "starts": {"tiny": {"encoder": str(xlm_folder)}},
            "start": "tiny",
            "budget": {"updates": 2, "batch_size": 4},
            "arms": {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
            "targets": [{"name": "names", "data": data}],
        }
    )
    folder = tmp_path / "run"
    run = run_study(study, folder, Store(tmp_path / "store"))
    (target,) = run.run.targets
    assert target.left_out == {"de": {AS_IN_ENGLISH: 2}, "yo": {AS_IN_ENGLISH: 1}}
    assert [gap.language for gap in target.gaps] == ["br"]
    entries = json.loads((folder / "groups.json").read_text())
    parted = {e["group"]: e["languages"] for e in entries if e["grouping"] == "pretraining"}
    assert parted == {IN: ["de", "sw"], IN_OTHER_SCRIPT: ["sr-Latn"], NOT_IN: ["yo"]}
    page = (folder / "report.html").read_text()
    assert f"left out: 3 items, {AS_IN_ENGLISH}" in page
    assert "By pretraining" in page
