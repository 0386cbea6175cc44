"""`crosslift store`, and the reasons that `crosslift plan` gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_study import small_study

from crosslift.artifacts.store import MANIFEST, Store
from crosslift.errors import UnknownNameError
from crosslift.planning.plan import plan_study
from crosslift.steps.past_plans import past_plans
from crosslift.steps.run import run_plan
from crosslift.steps.store_upkeep import held_in, needed_by

TARGETS = [{"name": "names", "languages": ["de"], "pairs": 20}]


def study_of(encoder: Path, name: str, **changes: Any) -> Any:
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    raw = {"name": name, "seeds": [1], "arms": arms, "targets": TARGETS, "comparisons": []}
    return small_study(encoder, **(raw | changes))


@pytest.fixture
def store(xlm_folder: Path, tmp_path: Path) -> Store:
    """Two studies ran with it: the second shares the baseline of the first."""
    store = Store(tmp_path / "store")
    for name, updates in (("short", 2), ("long", 3)):
        budget = {"updates": updates, "batch_size": 4}
        run_plan(plan_study(study_of(xlm_folder, name, budget=budget)), store)
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
    assert nothing.json == {"store": str(store.root), "deleted": False, "held": []}


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
        content["code"]["crosslift.sources.overlap.find"] = "0"
        del content["checksum"]
        manifest.write_text(json.dumps(content))
    printed = crosslift("plan", path, "--store", store.root).out
    words = " ".join(printed.replace("│", " ").replace("─", " ").split())
    assert "sources.overlap.find differ" in words
    assert f"other code: {len(manifests)}" in words
    assert "`crosslift run --trust-code` takes what other code made as it is." in words
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
