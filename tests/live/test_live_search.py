"""What the arms find in the run's targets, in your texts and in your pictures."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from live_server import PAGE, TARGETS, TEXTS, Answer, Running, png
from PIL import Image
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.errors import ArtifactError
from crosslift.live.app import LiveSearch
from crosslift.live.arms import open_run
from crosslift.live.encoders import ArmEncoders, TextQuery
from crosslift.live.options import LiveOptions
from crosslift.live.own_pools import pool_of_file
from crosslift.live.search import search
from crosslift.live.server import open_live
from crosslift.live.target_pools import pools_of_targets
from crosslift.results.run_folder import RunFolder
from tests.samples.mteb_tasks import SmallSTS

NAMES = "names:texts"


def names_of(answer: Answer, arm: str) -> list[str]:
    """The texts or names that an arm found, best first."""
    (hits,) = [each["hits"] for each in answer.json["arms"] if each["arm"] == arm]
    items = [answer.json["items"][str(place)] for place in hits]
    return [item["text"] or item["name"] for item in items]


def test_the_pools_are_those_of_the_run_and_your_own(server: Running) -> None:
    facts = server.ask("/api/live").json
    pools = {pool["id"]: pool for pool in facts["pools"]}
    assert list(pools) == [NAMES, "pictures:texts", "pictures:pictures", "corpus", "images"]
    assert set(pools[NAMES]["languages"]) == {"ar", "de", "en"}
    assert pools["corpus"]["size"] == len(set(TEXTS)) and not pools["corpus"]["languages"]
    assert pools["images"]["size"] == 2, "a broken picture, or one outside of the folder, counts"
    assert "broken.png" in pools["images"]["notes"][0]
    assert [arm["name"] for arm in facts["arms"]] == ["baseline", "text", "image"]
    assert [arm["pictures"] for arm in facts["arms"]] == [False, False, True]


def test_an_arm_finds_what_it_found_in_the_run(live: LiveSearch) -> None:
    """The vectors are those of the run, and a query is read as the run reads it."""
    folder = RunFolder.read(live.run.folder.path)
    protocol = folder.target("names").protocol
    rows = folder.outcomes.to_arrow().to_pylist()
    asked = [
        row
        for row in rows
        if (row["target"], row["protocol"], row["language"]) == ("names", protocol, "de")
        and row["arm"] == "image"
    ][:40]
    (loaded,) = [each for name, each in live.run.targets.items() if name == "names"]
    english = set(loaded.data.bitexts["de"].tgt)
    pool = live.pools[NAMES]
    same = 0
    for row in asked:
        result = search(TextQuery(row["query_text"]), pool, live.encoders, 100, ("en",))
        (hits,) = [each for each in result.arms if each.arm == "image"]
        texts = [pool.candidates[place].text for place in hits.places]
        same += next(text for text in texts if text in english) == row["retrieved_text"]
    assert len(asked) == 40 and same >= 36, "vectors of single texts differ in their last bits"


def test_a_text_finds_itself_in_your_file(server: Running) -> None:
    for text in set(TEXTS):
        answer = server.search(text, "corpus", count=1)
        assert {names_of(answer, arm)[0] for arm in ("baseline", "text", "image")} == {text}
        item = next(iter(answer.json["items"].values()))
        assert item["scores"]["baseline"] == pytest.approx(1, abs=0.01)
        assert item["ranks"] == {"baseline": 1, "text": 1, "image": 1} and not item["languages"]


def test_a_language_limits_the_candidates(server: Running) -> None:
    answer = server.search("Haus", NAMES, languages=["ar"], count=20)
    assert answer.json["searched"] < server.ask("/api/live").json["pools"][0]["size"]
    assert all("ar" in item["languages"] for item in answer.json["items"].values())
    assert server.search("Haus", NAMES, languages=["xx"]).status == 400


def test_every_hit_has_its_rank_in_every_arm(server: Running, live: LiveSearch) -> None:
    answer = server.search("Katze", NAMES, count=15).json
    for hits in answer["arms"]:
        ranks = [answer["items"][str(place)]["ranks"] for place in hits["hits"]]
        assert [rank[hits["arm"]] for rank in ranks] == sorted(rank[hits["arm"]] for rank in ranks)
        assert all(set(rank) == {"baseline", "text", "image"} for rank in ranks)
    by_arm = {hits["arm"]: set(hits["hits"]) for hits in answer["arms"]}
    shared = {hits["arm"]: hits["shared"] for hits in answer["arms"]}
    assert shared == {
        "baseline": None,
        "text": len(by_arm["text"] & by_arm["baseline"]),
        "image": len(by_arm["image"] & by_arm["baseline"]),
    }


def test_only_arms_with_an_image_tower_search_pictures(server: Running) -> None:
    answer = server.search("red", "images")
    assert [hits["arm"] for hits in answer.json["arms"]] == ["image"]
    assert answer.json["missing"] == dict.fromkeys(("baseline", "text"), "no image tower")
    assert sorted(names_of(answer, "image")) == ["inner/blue & white.png", "red.png"]


@pytest.mark.parametrize("pool", ["images", "pictures:texts", "corpus", "pictures:pictures"])
def test_a_picture_is_a_query(server: Running, pool: str) -> None:
    headers = {"content-type": "image/png"}
    answer = server.ask(f"/api/search/picture?pool={pool}&count=3", png(), headers)
    assert answer.status == 200 and [hits["arm"] for hits in answer.json["arms"]] == ["image"]
    if pool == "images":
        item = answer.json["items"][str(answer.json["arms"][0]["hits"][0])]
        assert item["name"] == "red.png" and item["scores"]["image"] == pytest.approx(1, abs=1e-4)


def test_a_picture_is_shown_small(server: Running) -> None:
    for item in server.search("red", "images").json["items"].values():
        answer = server.ask(f"/{item['picture']}")
        assert answer.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(answer.body)).size == (192, 192)
    assert server.ask("/api/picture/images/2").status == 404
    assert server.ask("/api/picture/corpus/0").status == 404


def test_what_is_shown_comes_as_csv(server: Running) -> None:
    shown = server.search("ein Hund", "corpus", count=3)
    answer = server.search("ein Hund", "corpus", accept="text/csv", count=3)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    for arm in ("baseline", "text", "image"):
        assert [row["text"] for row in rows if row["arm"] == arm] == names_of(shown, arm)
    first = rows[3]
    assert (first["arm"], first["rank"], first["query"]) == ("text", "1", "ein Hund")
    assert first["rank in baseline"] == "1" and float(first["score in baseline"]) > 0.9


def test_a_table_of_texts_names_their_languages(live: LiveSearch, tmp_path) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [("Hund", "de"), ("dog", "en"), ("Hund", "nl"), ("?", None)]
    lines = (json.dumps({"text": text, "language": code}) for text, code in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    pool = pool_of_file(live.run, path, live.encoders, Silent())
    languages = {each.text: each.languages for each in pool.candidates}
    assert languages == {"Hund": ("de", "nl"), "dog": ("en",), "?": ()}


def test_vectors_that_the_store_lacks_are_made_once(live: LiveSearch) -> None:
    """The arm without a target in the run: nothing of it is trained again."""
    store = live.run.store
    trained = {path: path.stat().st_mtime_ns for path in store.root.glob("train/*/*.safetensors")}
    encoded = store.root / "encode"
    begun: list[str] = []

    class Noted(Silent):
        def begin(self, work) -> None:
            begun.append(work.name)

    gone = sorted(encoded.iterdir())[0]
    content = {path.name: path.read_bytes() for path in gone.iterdir()}
    for path in gone.iterdir():
        path.unlink()
    gone.rmdir()
    pools_of_targets(live.run, live.encoders, Noted())
    assert len(begun) == 1 and begun[0].startswith("encode: ")
    assert (gone / "vectors.npy").read_bytes() == content["vectors.npy"]
    assert trained == {
        path: path.stat().st_mtime_ns for path in store.root.glob("train/*/*.safetensors")
    }


def test_arms_whose_weights_are_gone_are_named(run_of_arms: Path, tmp_path: Path) -> None:
    run = RunFolder.read(run_of_arms)
    store = Path(shutil.copytree(run.run.store, tmp_path / "store"))
    (image,) = [arm.run for arm in open_run(run_of_arms).arms if arm.name == "image"]
    for step in image.stage_steps:
        shutil.rmtree(store / step.kind / step.key)
    live = open_run(run_of_arms, Store(store))
    assert [arm.name for arm in live.arms] == ["baseline", "text"]
    assert list(live.missing) == ["image"] and "no artifact" in live.missing["image"]
    shutil.rmtree(store / "train")
    with pytest.raises(ArtifactError, match="can search: baseline: no artifact"):
        open_run(run_of_arms, Store(store))


def test_the_memory_of_every_prompt_counts(
    live: LiveSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An arm that reads queries with two prompts keeps two encoders; equal readings share one."""
    one_each = 2 * sum(arm.run.encoder.weight_bytes for arm in live.run.arms)
    free = SimpleNamespace(available=2 * one_each)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    pool = live.pools[NAMES]
    prompt = live.run.arms[0].run.encoder.settings.prompt
    same = replace(pool, prompts=SidePrompts(prompt_src=prompt, prompt_tgt="passage: "))
    other = replace(pool, prompts=SidePrompts(prompt_src="query: "))
    for pools, apart in (((pool, same), True), ((pool, other), False)):
        encoders = ArmEncoders(live.run.arms, live.run.store)
        encoders.load(pools, Silent())
        assert encoders.apart is apart
    plain, prompted = (search(TextQuery("Hund"), p, encoders, 10) for p in (pool, other))
    assert plain == search(TextQuery("Hund"), pool, live.encoders, 10) != prompted


def test_a_task_of_mteb_is_not_searched(xlm_folder: Path, tmp_path: Path) -> None:
    targets = [{"name": "mteb:SmallSTS", "languages": ["de"]}, *TARGETS[:1]]
    assert SmallSTS.metadata.name == "SmallSTS", "mteb finds it by its class"
    arms: dict[str, Any] = {"baseline": {}}
    changes = {"start": "plain", "comparisons": [], "arms": arms, "targets": targets}
    run_study(small_study(xlm_folder, **changes), tmp_path / "out", Store(tmp_path / "store"))
    live = open_live(LiveOptions(tmp_path / "out"), PAGE, None, Silent())
    live.close()
    assert list(live.pools) == [NAMES]
    assert [note for note in live.notes if "its scoring chooses the texts" in note] == [*live.notes]
    assert len(live.notes) == 1


def test_one_encoder_for_all_arms_finds_the_same(live: LiveSearch) -> None:
    """Where the memory has no room for all of them, one is changed from arm to arm."""
    shared = ArmEncoders(live.run.arms, live.run.store)
    shared.apart = False
    pool = live.pools[NAMES]
    for text in ("Hund", "قطة"):
        apart = search(TextQuery(text), pool, live.encoders, 10)
        assert search(TextQuery(text), pool, shared, 10) == apart
