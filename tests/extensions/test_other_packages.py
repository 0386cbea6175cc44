"""Targets, tasks, metrics and forms of another package: found, used, recorded, and made again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from installed_package import PROVERBS, forget, install, use, write_metadata
from typer.testing import CliRunner

import crosslift
from crosslift.artifacts.store import Store
from crosslift.cli.main import app
from crosslift.errors import StudyError
from crosslift.metrics.table import METRICS, metrics_of_queries
from crosslift.planning.plan_study import plan_study
from crosslift.results.run_folder import RunFolder, read_outcomes
from crosslift.studies.reading import study_of
from crosslift.studies.schema import Study
from crosslift.targets.all_targets import TARGETS
from crosslift.tasks.all_tasks import TASKS, find_task, task_names

PACKAGE = "crosslift_proverbs"


@pytest.fixture
def proverbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the installed modules."""
    folder = install(PROVERBS, tmp_path / "site")
    use(tmp_path / "site", monkeypatch, PACKAGE)
    return folder


def study(encoder: Path, **changes: Any) -> Study:
    raw: dict[str, Any] = {
        "name": "proverbs",
        "question": "Do meanings of proverbs help?",
        "seeds": [1],
        "starts": {"tiny": {"encoder": str(encoder)}},
        "start": "tiny",
        "budget": {"updates": 2, "batch_size": 4},
        "arms": {
            "baseline": {},
            "meanings": {
                "stages": [{"task": "proverb-meanings", "options": {"uniformity": 0.5}}],
            },
        },
        "targets": ["proverbs"],
    }
    return study_of(raw | changes)


def test_names_are_known_without_an_import(proverbs: Path) -> None:
    assert "proverbs" in TARGETS and "proverbs" in list(TARGETS)
    assert "proverb-meanings" in task_names()
    assert PACKAGE not in sys.modules
    assert "recall_at_3" not in metrics_of_queries()


def test_a_study_uses_a_target_a_task_a_metric_and_a_form_of_a_package(
    proverbs: Path, xlm_folder: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    run = crosslift.run_study(study(xlm_folder), tmp_path / "run", store)
    used = [(each.what, each.name, each.package, each.version) for each in run.run.extensions]
    assert used == [
        ("target", "proverbs", "crosslift-proverbs", "0.3.0"),
        ("task", "proverb-meanings", "crosslift-proverbs", "0.3.0"),
        ("metric", "recall_at_3", "crosslift-proverbs", "0.3.0"),
        ("form", "align-uniform", "crosslift-proverbs", "0.3.0"),
    ]
    (verdict,) = [v for v in run.verdicts if v.subset == "all"]
    assert (verdict.metric, verdict.target) == ("recall_at_3", "proverbs")
    facts = run.target("proverbs")
    outcomes = read_outcomes(run.path).filter(pc.field("arm") == "baseline")
    languages = ("de", "fr", "macro")
    values = {s.language: s.value for s in run.scores if s[1] == "baseline" and _is(s, facts)}
    of_de = outcomes.filter(
        (pc.field("language") == "de") & (pc.field("protocol") == facts.protocol)
    )
    assert tuple(values) == languages
    assert values["de"] == pytest.approx(pc.mean(of_de["recall_at_3"]).as_py())
    assert set(of_de["recall_at_3"].to_pylist()) <= {0.0, 1.0}
    top1 = of_de["top1_accuracy"].to_pylist()
    assert all(
        wide >= one for wide, one in zip(of_de["recall_at_3"].to_pylist(), top1, strict=True)
    )
    texts = run.outcomes.to_pandas()
    proverb = texts[(texts.language == "fr") & (texts["item"] == "proverb 2")]
    french, english = "Le temps, c'est de l'argent.", "Time is money."
    pairs = {tuple(pair) for pair in proverb[["protocol", "query_text", "right_text"]].to_numpy()}
    directions = {("crosslift/xx->en", french, english), ("crosslift/en->xx", english, french)}
    assert pairs == directions
    right = texts[texts.top1_accuracy == 1]
    assert len(right) and (right.retrieved_text == right.right_text).all()
    assert "recall at 3" in (run.path / "report.html").read_text(encoding="utf-8")


def _is(score: Any, facts: Any) -> bool:
    return (score.metric, score.protocol, score.subset) == ("recall_at_3", facts.protocol, "all")


def test_changed_code_of_a_package_is_made_again(
    proverbs: Path, xlm_folder: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")

    def made() -> dict[str, int]:
        """Kind of step -> number of those that a run makes."""
        forget(PACKAGE)
        run = crosslift.run_study(study(xlm_folder), tmp_path / "run", store)
        kinds = [step.kind for step in run.run.steps if not step.reused]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}

    def change(module: str, old: str, new: str) -> None:
        path = proverbs / f"{module}.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    first = made()
    assert first["train"] == 1 and first["evaluate"] == 4  # two arms, two languages
    assert made() == {}
    change("align_uniform", "mul(-2)", "mul(-3)")
    assert {"train", "encode", "evaluate"} <= set(made())
    change("align_uniform", '"""Shuffled epochs."""', '"""Shuffled."""')
    assert made() == {}
    change("metrics", "ranks <= 3", "ranks < 4")
    again = made()
    assert again["evaluate"] == 4 and "train" not in again


def test_lists_name_the_package(proverbs: Path) -> None:
    for command, name in (("tasks", "proverb-meanings"), ("targets", "proverbs")):
        result = CliRunner().invoke(app, [command, "--json", "-"], env={"COLUMNS": "200"})
        assert result.exit_code == 0, result.output
        entries = {entry["name"]: entry["package"] for entry in json.loads(result.stdout)}
        assert entries.pop(name) == "crosslift-proverbs 0.3.0"
        assert set(entries.values()) == {""}
        one = CliRunner().invoke(app, [command, name]).stdout
        assert "package: crosslift-proverbs 0.3.0" in one


def _declare(site: Path, name: str, entries: Mapping[str, Mapping[str, str]]) -> None:
    write_metadata(site, name, "1.0", entries)


def test_a_clash_names_both_packages(
    proverbs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "other"
    entries = {
        "crosslift.targets": {"proverbs": "other:X", "names": "other:X"},
        "crosslift.tasks": {"text-pairs": "other:X", "mnli": "other:X"},
    }
    _declare(site, "other-proverbs", entries)
    use(site, monkeypatch, PACKAGE)
    both = "'proverbs' is declared by crosslift-proverbs 0.3.0 and by other-proverbs 1.0"
    with pytest.raises(StudyError, match=both):
        TARGETS["proverbs"]
    for name in ("text-pairs", "mnli"):
        with pytest.raises(StudyError, match=r"by crosslift itself and by other-proverbs 1\.0"):
            find_task(name, Path("x.tsv"))
    with pytest.raises(StudyError, match=r"by crosslift itself and by other-proverbs 1\.0"):
        TARGETS["names"]
    assert TARGETS["gettext"].name == "gettext"
    with pytest.raises(StudyError, match=both):
        crosslift.evaluate("embedded", "proverbs")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("broken:X", "cannot be loaded: ZeroDivisionError"),
        ("nowhere_to_be_found:X", "cannot be loaded: ModuleNotFoundError"),
        ("crosslift.tasks.mnli:MNLI", "is a DatasetTask"),
        ("crosslift.targets.tatoeba:TATOEBA", "is a target called 'tatoeba'"),
    ],
)
def test_what_cannot_be_used_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    (tmp_path / "broken.py").write_text("X = 1 / 0\n")
    _declare(tmp_path, "faulty", {"crosslift.targets": {"faulty": value}})
    use(tmp_path, monkeypatch, "broken")
    with pytest.raises(StudyError, match=message) as caught:
        TARGETS["faulty"]
    assert "faulty 1.0" in str(caught.value)


def test_a_package_that_a_study_does_not_use_changes_nothing(
    xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _declare(tmp_path / "site", "faulty", {f"crosslift.{k}s": {"x": "faulty:X"} for k in KINDS})
    targets = [{"name": "names", "languages": ["de"], "pairs": 20}]
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias", "limit": 20}]}}
    plain = study(xlm_folder, targets=targets, arms=arms)
    keys = [step.key for step in plan_study(plain).steps()]
    use(tmp_path / "site", monkeypatch)
    assert "x" in METRICS and "x" in TASKS
    run = crosslift.run_study(plain, tmp_path / "run", Store(tmp_path / "store"))
    assert sorted(step.key for step in run.run.steps) == sorted(keys)
    assert run.run.extensions == ()
    assert "extensions" not in json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    assert RunFolder.read(run.path).run == run.run


KINDS = ("target", "task", "metric", "form")
