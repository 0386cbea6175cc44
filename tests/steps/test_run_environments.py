"""In which environments the steps of a run were made, and how a mixed run is marked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report_sample import write_sample
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.environment import Environment, environment
from crosslift.artifacts.manifest import MANIFEST, Manifest
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError, DataError
from crosslift.reports.environments import environment_section, mixed_words
from crosslift.reports.html import write_report
from crosslift.results.run_folder import RunFolder
from crosslift.steps import make_step as making
from crosslift.steps import step as stepping
from crosslift.steps.make_step import make_step
from crosslift.steps.passing import Passing
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace

Pretend = Callable[..., Environment]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Steps are made from now on as in an environment with these facts changed."""

    def change(**facts: str) -> Environment:
        there = environment() | {name.replace("_", " "): value for name, value in facts.items()}
        monkeypatch.setattr(making, "environment", lambda: there)
        monkeypatch.setattr(stepping, "environment", lambda: there)
        return there

    return change


# A step


def step_of(make: Any, inputs: dict[str, Step] | None = None, passing: bool = False) -> Step:
    name = f"{make.__name__} of {len(inputs or {})}"
    return Step("encode", name, {"of": name}, inputs or {}, make, 1.0, passing=passing)


def nothing(step: Step, workplace: Workplace, folder: Path) -> None:
    (folder / "a.txt").write_text("whole")


class StoppedError(Exception):
    """Stands for a process that is killed."""


def resumable(step: Step, workplace: Workplace, folder: Path) -> None:
    unfinished = workplace.unfinished(step)
    unfinished.mkdir(parents=True, exist_ok=True)
    parts = unfinished / "parts"
    done = int(parts.read_text()) if parts.exists() else 0
    if done < 2:
        parts.write_text(str(done + 1))
        raise StoppedError
    nothing(step, workplace, folder)


def stops_at_once(step: Step, workplace: Workplace, folder: Path) -> None:
    workplace.unfinished(step)
    if step.job:
        raise StoppedError
    nothing(step, workplace, folder)


def made(step: Step, store: Store) -> Manifest:
    make_step(step, Workplace(store))
    return store.manifest(step.kind, step.key)


def test_a_step_has_the_environment_that_made_it_and_its_key_has_not(
    tmp_path: Path, pretend: Pretend
) -> None:
    store = Store(tmp_path)
    there = pretend(threads="64", processor="Another")
    manifest = made(step_of(nothing), store)
    assert manifest.environments == [there]
    pretend(threads="1")
    assert made(step_of(nothing), store) == manifest, "what stands is what was made"


def test_a_resumed_step_has_the_environments_that_it_was_interrupted_in(
    tmp_path: Path, pretend: Pretend
) -> None:
    store, step = Store(tmp_path), step_of(resumable)
    environments = []
    for threads in ("2", "8"):
        environments.append(pretend(threads=threads))
        with pytest.raises(StoppedError):
            made(step, store)
    last = pretend(threads="1")
    assert made(step, store).environments == [last, *environments]
    assert not store.unfinished(step.attempt(store)).exists()


def test_an_environment_that_left_nothing_to_resume_from_took_no_part(
    tmp_path: Path, pretend: Pretend
) -> None:
    store = Store(tmp_path)
    pretend(threads="2")
    step = Step("encode", "x", {}, {}, stops_at_once, 1.0, job=True)
    with pytest.raises(StoppedError):
        made(step, store)
    last = pretend(threads="1")
    again = Step("encode", "x", {}, {}, stops_at_once, 1.0, job=False)
    assert again.key == step.key
    assert made(again, store).environments == [last]


def test_what_an_earlier_version_left_unfinished_has_an_unknown_environment(
    tmp_path: Path, pretend: Pretend
) -> None:
    store, step = Store(tmp_path), step_of(resumable)
    pretend(threads="2")
    with pytest.raises(StoppedError):
        made(step, store)
    (store.unfinished(step.attempt(store)) / "environments.json").unlink()
    last = pretend(threads="1")
    with pytest.raises(StoppedError):
        made(step, store)
    assert made(step, store).environments == [last, {}]


def test_an_input_that_is_not_kept_leaves_its_environment(tmp_path: Path, pretend: Pretend) -> None:
    store = Store(tmp_path)
    before = step_of(nothing, passing=True)
    after = step_of(nothing, {"before": before})
    passing = Passing([before, after], store, Status(store))
    first = pretend(threads="2")
    make_step(before, Workplace(store), kept=False)
    last = pretend(threads="1")
    made(after, store)
    passing.note(after)
    assert not before.exists(store)
    assert store.manifest(after.kind, after.key).environments == [last, first]


def test_a_note_that_cannot_be_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.resume("ab12", {"threads": "1"})
    (folder / "checkpoint").write_text("x")
    (folder / "environments.json").write_text("{")
    with pytest.raises(ArtifactError, match="is corrupt") as caught:
        store.resume("ab12", {"threads": "2"})
    assert f"delete the folder {folder}" in str(caught.value.remedy)


# A run

ARMS: dict[str, Any] = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}


@pytest.fixture
def two_runs(
    xlm_folder: Path, tmp_path: Path, pretend: Pretend
) -> Iterator[tuple[Path, Environment, Environment]]:
    """The baseline was made with 2 threads and another numpy; the arm `text` later, with 1."""
    store = Store(tmp_path / "store")

    def run(arms: dict[str, Any]) -> None:
        few = {"targets": [{"name": "names", "languages": ["de"]}], "comparisons": []}
        study = small_study(xlm_folder, arms=arms, start="plain", **few)
        run_study(study, tmp_path / "out", store)

    first = pretend(threads="2", numpy="2.0.0", commit="aaaa")
    run({"baseline": {}})
    last = pretend(threads="1", commit="bbbb")
    run(ARMS)
    yield tmp_path / "out", first, last


def run_json(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def test_run_json_lists_the_environments_of_the_steps(
    two_runs: tuple[Path, Environment, Environment],
) -> None:
    folder, first, last = two_runs
    content = run_json(folder)
    assert "environment" not in content
    of_steps = [entry for entry in content["environments"] if entry["steps"]]
    assert {json.dumps(e["facts"]) for e in of_steps} == {json.dumps(first), json.dumps(last)}
    assert content["environments"][content["written_in"]]["facts"] == environment()
    for step in content["steps"]:
        (number,) = step["environments"]
        facts = content["environments"][number]["facts"]
        assert facts == (first if step["reused"] else last)
        assert step["arm"] != "text" or facts == last
    places = {entry["facts"]["threads"]: entry for entry in of_steps}
    assert places["1"]["arms"] == ["text"]
    assert places["2"]["arms"] == ["baseline"]
    assert sum(entry["steps"] for entry in of_steps) == len(content["steps"])


def test_a_mixed_run_is_marked(
    two_runs: tuple[Path, Environment, Environment], crosslift: Any
) -> None:
    folder, _, last = two_runs
    assert set(run_json(folder)["differing"]) == {"threads", "numpy"}
    run = RunFolder.read(folder).run
    words = mixed_words(run)
    assert words is not None
    assert "threads (" in words
    assert (
        f"numpy ({' / '.join(dict.fromkeys(e.facts['numpy'] for e in run.environments))})" in words
    )
    assert "commit" not in words
    many = run.model_copy(update={"differing": tuple(run.environments[0].facts)[:9]})
    assert "and 3 more facts. Environment 1: " in str(mixed_words(many))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.index('id="mixed"') < page.index('id="scores"')
    assert words in page
    shown = crosslift("report", folder)
    assert f"mixed environments: {words}" in shown.out
    assert last["numpy"] in shown.out


def test_a_run_of_one_environment_is_not_marked(
    xlm_folder: Path, tmp_path: Path, crosslift: Any
) -> None:
    few = {"targets": [{"name": "names", "languages": ["de"]}], "comparisons": []}
    study = small_study(xlm_folder, arms=ARMS, start="plain", **few)
    folder = tmp_path / "out"
    run_study(study, folder, Store(tmp_path / "store"))
    content = run_json(folder)
    assert content["environments"] == [
        {"facts": environment(), "steps": len(content["steps"]), "arms": ["baseline", "text"]}
    ]
    assert (content["written_in"], content["differing"]) == (0, [])
    assert 'id="mixed"' not in (folder / "report.html").read_text(encoding="utf-8")
    assert "mixed environments" not in crosslift("report", folder).out


def test_manifests_of_an_earlier_version_are_read(xlm_folder: Path, tmp_path: Path) -> None:
    """They name few versions, and no second environment."""
    few = {"targets": [{"name": "names", "languages": ["de"]}], "comparisons": []}
    study = small_study(xlm_folder, arms=ARMS, start="plain", **few)
    store, folder = Store(tmp_path / "store"), tmp_path / "out"
    run_study(study, folder, store)
    kept = ("python", "processor", "torch", "threads")
    for path in store.root.glob(f"*/*/{MANIFEST}"):
        content = json.loads(path.read_text(encoding="utf-8"))
        del content["other_environments"], content["checksum"]
        content["environment"] = {name: content["environment"][name] for name in kept}
        path.write_text(json.dumps(content), encoding="utf-8")
    found = run_study(study, folder, Store(store.root)).run
    assert all(step.reused and step.environments == (0,) for step in found.steps)
    assert set(found.environments[0].facts) == {*kept, "accelerator"}
    assert (found.written_in, found.differing) == (1, ())
    section = environment_section(found)
    rows = {row.fact: row.values for row in section.different}
    assert rows["instructions"] == ("not recorded", environment()["instructions"])
    assert not any(row.changes_numbers for row in section.different)
    assert section.uses[1] == "verdicts and report"
    assert "not recorded" in (folder / "report.html").read_text(encoding="utf-8")


# The report


def change(folder: Path, changes: Callable[[dict[str, Any]], None]) -> str:
    content = run_json(folder)
    changes(content)
    (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    return write_report(folder).read_text(encoding="utf-8")


def test_a_folder_of_an_earlier_version_has_a_report(tmp_path: Path) -> None:
    def earlier(content: dict[str, Any]) -> None:
        facts = content["environments"][0]["facts"]
        for name in ("environments", "written_in", "differing"):
            del content[name]
        content["environment"] = facts | {"threads": "many <b>"}
        for step in content["steps"]:
            del step["environments"]

    page = change(write_sample(tmp_path / "run"), earlier)
    assert "In which environment each step was made was not recorded." in page
    assert "<dt>threads</dt><dd>many &lt;b&gt;</dd>" in page
    assert 'id="mixed"' not in page


def test_a_step_of_an_environment_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    def wrong(content: dict[str, Any]) -> None:
        content["steps"][0]["environments"] = [7]

    with pytest.raises(DataError, match="environment 7 of 1 is named"):
        change(write_sample(tmp_path / "run"), wrong)
