"""`crosslift store`, and the reasons that `crosslift plan` gives."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_study import small_study

from crosslift.artifacts.manifest import MANIFEST
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.errors import UnknownNameError
from crosslift.planning.plan_study import plan_study
from crosslift.steps.past_plans import note_plan, past_plans
from crosslift.steps.run import run_plan
from crosslift.steps.step import Step, Workplace
from crosslift.steps.store_upkeep import Pruning, held_in, needed_by, prune, unneeded_by

TARGETS = [{"name": "names", "languages": ["de"], "pairs": 20}]


def study_of(encoder: Path, name: str, **changes: Any) -> Any:
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    raw = {"name": name, "seeds": [1], "arms": arms, "targets": TARGETS, "comparisons": []}
    return small_study(encoder, **(raw | changes))


@pytest.fixture(scope="module")
def finished_store(xlm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies ran with it: the second shares the baseline of the first."""
    store = Store(tmp_path_factory.mktemp("finished") / "store")
    for name, updates in (("short", 2), ("long", 3)):
        budget = {"updates": updates, "batch_size": 4}
        run_plan(plan_study(study_of(xlm_folder, name, budget=budget)), store)
    return store.root


@pytest.fixture
def store(finished_store: Path, tmp_path: Path) -> Store:
    """A copy of the finished store, with unfinished work."""
    store = Store(shutil.copytree(finished_store, tmp_path / "store"))
    (store.root / "unfinished" / "0123-45").mkdir(parents=True)
    (store.root / "unfinished" / "0123-45" / "checkpoint").write_bytes(b"x" * 50)
    return store


def test_everything_is_listed_with_its_studies(crosslift: Any, store: Store) -> None:
    told = crosslift("store", "list", "--store", store.root, "--json", "-").json
    kinds = {held["kind"] for held in told["held"]}
    assert kinds == {"train", "encode", "evaluate", "diagnose", "overlap", "unfinished"}
    users = {tuple(held["studies"]) for held in told["held"] if held["kind"] == "train"}
    assert users == {("long",), ("short",), ("long", "short")}
    (left,) = [held for held in told["held"] if held["kind"] == "unfinished"]
    assert (left["key"], left["bytes"], left["studies"]) == ("0123", 50, [])
    printed = crosslift("store", "list", "--store", store.root).out
    assert "unfinished" in printed and "50 B" in printed and "no study" in printed


def test_pruning_shows_first_and_deletes_what_no_named_study_used(
    crosslift: Any, store: Store, xlm_folder: Path
) -> None:
    before = {(held.kind, held.key) for held in held_in(store)}
    shown = crosslift("store", "prune", "short", "--store", store.root)
    assert shown.code == 0 and "nothing is deleted: answer yes, or give --yes" in shown.out
    assert {(held.kind, held.key) for held in held_in(store)} == before
    told = crosslift("store", "prune", "short", "--store", store.root, "--yes", "--json", "-").json
    assert told["deleted"]
    gone = {(held["kind"], held["key"]) for held in told["held"]}
    left = {(held.kind, held.key) for held in held_in(store)}
    assert (left, gone & left) == (before - gone, set())
    assert ("unfinished", "0123") in gone
    assert {key for _, key in left} <= needed_by(store, ["short"])
    budget = {"updates": 2, "batch_size": 4}
    _, records = run_plan(plan_study(study_of(xlm_folder, "short", budget=budget)), store)
    assert all(record.reused for record in records)
    nothing = crosslift("store", "prune", "short", "--store", store.root, "--yes", "--json", "-")
    left_alone = {"held": [], "in_use": [], "needed": []}
    assert nothing.json == {"store": str(store.root), "deleted": False, **left_alone}


def pruned(store: Store, *studies: str) -> Pruning:
    return prune(store, unneeded_by(store, studies), studies)


@contextlib.contextmanager
def another_process(code: str, root: Path) -> Iterator[None]:
    """Runs code until it prints a line, keeps it alive for the block, and kills it."""
    code = (
        f"import sys, time; from pathlib import Path; {code}; print(1, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "1\n"
        yield
    finally:
        process.kill()
        process.communicate()


STORE = "from crosslift.artifacts.store import Store; store = Store(Path(sys.argv[1]))"


@pytest.mark.parametrize(
    "use",
    ["lock = store.lock('{key}'); lock.acquire()", "u = store.using(['{key}']); u.__enter__()"],
)
def test_what_another_process_makes_or_uses_stays(crosslift: Any, store: Store, use: str) -> None:
    (training,) = [h for h in unneeded_by(store, ["short"]) if h.kind == "train"]
    with another_process(f"{STORE}; {use.format(key=training.key)}", store.root):
        told = crosslift("store", "prune", "short", "--store", store.root, "--yes")
        assert told.code == 0
        assert "1 in use, stays: another process makes or uses it" in told.out
        assert training.path.is_dir()
        again = crosslift("store", "prune", "short", "--store", store.root, "--yes", "--json", "-")
        assert [held["key"] for held in again.json["in_use"]] == [training.key]
        assert (again.json["deleted"], again.json["held"]) == (False, [])
    assert [held.key for held in pruned(store, "short").deleted] == [training.key]
    assert not training.path.exists()


def test_a_run_notes_what_it_uses_until_it_ends(xlm_folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    plan = plan_study(study_of(xlm_folder, "short"))
    seen: list[bool] = []

    class Looking(Silent):
        def end(self, step: Step, seconds: float) -> None:
            with Store(store.root).keys_in_use() as keys:
                seen.append(keys == {each.key for each in plan.steps()})

    run_plan(plan, store, Looking())
    assert seen and all(seen)
    with store.keys_in_use() as keys:
        assert keys == frozenset()
    assert not list((store.root / "running").iterdir())


def test_what_is_asked_for_while_the_user_decides_stays(store: Store, xlm_folder: Path) -> None:
    unneeded = unneeded_by(store, ["short"])
    budget = {"updates": 3, "batch_size": 4}  # as the study `long`, under the name `short`
    note_plan(plan_study(study_of(xlm_folder, "short", budget=budget)), store)
    pruning = prune(store, unneeded, ["short"])
    assert {held.kind for held in pruning.needed} >= {"train", "encode", "evaluate"}
    assert [held.kind for held in pruning.deleted] == ["unfinished"]
    assert all(held.path.exists() for held in pruning.needed)


def test_what_an_arm_needed_before_it_could_not_be_planned_stays(
    store: Store, xlm_folder: Path
) -> None:
    needed = needed_by(store, ["short"])
    arms = {"baseline": {}, "text": {"start": "gone", "stages": [{"task": "name-alias"}]}}
    broken = study_of(
        xlm_folder,
        "short",
        arms=arms,
        starts={
            "mlm": small_study(xlm_folder).starts["mlm"].model_dump(),
            "gone": {"encoder": "/no"},
        },
        budget={"updates": 2, "batch_size": 4},
    )
    plan = plan_study(broken, keep_going=True)
    assert list(plan.failures) == ["text"]
    for _ in range(2):
        run_plan(plan, store, keep_going=True)
        assert needed_by(store, ["short"]) == needed
    whole = study_of(xlm_folder, "short", arms={"baseline": {}}, budget=broken.budget)
    note_plan(plan_study(whole), store)
    assert needed_by(store, ["short"]) < needed, "an arm that is taken out is not needed"


def test_unfinished_work_of_other_code_is_pruned(
    store: Store, xlm_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(xlm_folder, "short", budget={"updates": 2, "batch_size": 4})
    (training,) = plan_study(study).runs[-1].stage_steps
    mine = Workplace(store).unfinished(training)
    (mine / "checkpoint").write_text("x")
    other = mine.with_name(f"{training.key}-other")
    shutil.copytree(mine, other)
    note = json.loads((other / ".attempt.json").read_text())
    note["code"]["crosslift.training.rates"] = "0" * 16
    (other / ".attempt.json").write_text(json.dumps(note))
    inputs = mine.with_name(f"{training.key}-inputs")
    shutil.copytree(mine, inputs)
    note = json.loads((inputs / ".attempt.json").read_text())
    assert len(note["inputs"]) == len(training.inputs) > 0
    note["inputs"][0][2] = "another digest"
    (inputs / ".attempt.json").write_text(json.dumps(note))
    earlier = mine.with_name(f"{training.key}-earlier")
    earlier.mkdir()
    useless = [held.path for held in held_in(store) if held.useless]
    assert set(useless) == {other, inputs, earlier, store.root / "unfinished" / "0123-45"}
    pruned(store, "short")
    assert list((store.root / "unfinished").iterdir()) == [mine]


def test_what_a_killed_process_left_of_a_writing_or_a_deletion_is_pruned(store: Store) -> None:
    (training,) = [h for h in unneeded_by(store, ["short"]) if h.kind == "train"]
    key = next(iter(needed_by(store, ["short"])))
    for name in (f".{key}.0123.draft", f".{training.key}.deleted", f"..{key}.discarded.deleted"):
        (store.root / "train" / name).mkdir()
        (store.root / "train" / name / "weights").write_bytes(b"x" * 9)
    remnants = [held for held in held_in(store) if held.kind == "remnant"]
    assert sorted(held.key for held in remnants) == sorted([key, key, training.key])
    assert {held.size for held in remnants} == {9}
    pruned(store, "short")
    assert not list((store.root / "train").glob(".*"))


def test_files_that_vanish_while_they_are_listed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held_in(store)
    lost = [held for held in before if held.kind in ("train", "unfinished")]
    original = Path.stat

    def vanishing(path: Path, **settings: Any) -> Any:
        if (path.suffix == ".json" and path.parent == lost[0].path) or path == lost[1].path:
            raise FileNotFoundError(errno.ENOENT, "gone", str(path))
        return original(path, **settings)

    monkeypatch.setattr(Path, "stat", vanishing)
    after = {held.path: held for held in held_in(store)}
    assert {held.path for held in before} - set(after) == {lost[1].path}
    assert 0 < after[lost[0].path].size < lost[0].size
    monkeypatch.undo()
    shutil.rmtree(lost[0].path)
    prune(store, before, ["short"])


def test_a_study_that_never_ran(crosslift: Any, store: Store) -> None:
    with pytest.raises(UnknownNameError, match="unknown study of the store 'shart'"):
        needed_by(store, ["long", "shart"])
    told = crosslift("store", "prune", "shart", "--store", store.root, "--yes")
    assert told.code == 2 and "did you mean 'short'?" in told.err
    assert [plan.study for plan in past_plans(store)] == ["long", "short"]


def test_a_damaged_note_of_a_study_is_no_study(store: Store) -> None:
    first, _ = sorted((store.root / "studies").iterdir())
    first.write_text("{")
    assert len(past_plans(store)) == 1
    assert held_in(store)


def test_every_checksum_is_verified(crosslift: Any, store: Store) -> None:
    whole = crosslift("store", "verify", "--store", store.root, "--json", "-")
    assert whole.code == 0 and whole.json["damaged"] == []
    vectors = sorted(store.root.glob("encode/*/vectors.npy"))[0]
    content = bytearray(vectors.read_bytes())
    content[-1] ^= 1
    vectors.write_bytes(bytes(content))
    manifest = sorted(store.root.glob(f"diagnose/*/{MANIFEST}"))[0]
    manifest.write_text("{")
    told = crosslift("store", "verify", "--store", store.root, "--json", "-")
    assert told.code == 1
    assert told.json["whole"] == whole.json["whole"] - 2
    paths = {row["path"] for row in told.json["damaged"]}
    assert paths == {str(vectors.parent), str(manifest.parent)}
    assert "is corrupt" in told.err and "cannot be read" in told.err


def test_an_empty_store(crosslift: Any, tmp_path: Path) -> None:
    assert (
        crosslift("store", "list", "--store", tmp_path / "none", "--json", "-").json["held"] == []
    )
    told = crosslift("store", "verify", "--store", tmp_path / "none", "--json", "-").json
    assert (told["whole"], told["damaged"]) == (0, [])


def test_the_plan_says_why_each_step_would_run(
    crosslift: Any, store: Store, xlm_folder: Path, tmp_path: Path
) -> None:
    study = study_of(xlm_folder, "short", budget={"updates": 4, "batch_size": 4})
    path = tmp_path / "short.yaml"
    path.write_text(yaml.safe_dump(json.loads(study.model_dump_json(exclude_unset=True))))
    told = crosslift("plan", path, "--store", store.root, "--json", "-").json
    training = [step for step in told["steps"] if step["kind"] == "train" and step["reason"]]
    assert [(step["reason"], step["why"]) for step in training] == [
        ("settings changed", "settings changed: budget.updates 2 -> 4")
    ]
    assert all(step["up_to_date"] == (step["reason"] is None) for step in told["steps"])
    manifests = list(store.root.glob(f"overlap/*/{MANIFEST}"))
    for manifest in manifests:
        content = json.loads(manifest.read_text())
        content["code"]["crosslift.sources.overlap.find_overlaps"] = "0"
        del content["checksum"]
        manifest.write_text(json.dumps(content))
    printed = crosslift("plan", path, "--tree", "--store", store.root).out
    words = " ".join(printed.replace("│", " ").replace("─", " ").split())
    assert "sources.overlap.find_overlaps differ" in words
    assert f"other code: {len(manifests)}" in words
    assert "`crosslift run --trust-code` uses artifacts that other code made." in words
    trusted = crosslift("plan", path, "--store", store.root, "--trust-code", "--json", "-").json
    assert not [step for step in trusted["steps"] if step["reason"] == "other code"]


def test_folders_of_other_things_are_no_artifacts(crosslift: Any, store: Store) -> None:
    for name in ("photos/holiday", "train/notes"):
        (store.root / name).mkdir(parents=True)
        (store.root / name / "a.txt").write_text("mine")
    assert not [held for held in held_in(store) if held.path.name in ("holiday", "notes")]
    assert crosslift("store", "verify", "--store", store.root).code == 0
    crosslift("store", "prune", "short", "--store", store.root, "--yes")
    assert (store.root / "photos" / "holiday" / "a.txt").is_file()
    assert (store.root / "train" / "notes" / "a.txt").is_file()
