"""Tasks of MTEB as targets: scores against `mteb` alone, outcomes, languages, local data, errors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_study import small_study
from tiny_encoder import make_tiny_encoder

from crosslift.api.compare import compare
from crosslift.api.mteb_results import write_mteb_results
from crosslift.api.session import evaluate, outcomes_of_encoder, run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import DataError, UnknownNameError
from crosslift.reports.comparison_tables import markdown
from crosslift.sources.mteb_tasks import _named, load_mteb_task
from crosslift.targets.all_targets import TARGETS, find_target
from crosslift.targets.target_settings import TargetSettings
from tests.samples import mteb_tasks as samples

pytestmark = pytest.mark.filterwarnings("ignore")
ITEMS = (
    *(samples.SmallSTS, samples.SmallBitext, samples.SmallParallel),
    *(samples.SmallRetrieval, samples.SmallClassification),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    use = {"pooling": "mean", "prompt": "", "max_tokens": 32}
    return make_tiny_encoder(tmp_path_factory.mktemp("mteb") / "encoder", "xlm-roberta", use=use)


def alone(folder: Path, task: Any) -> dict[str, float]:
    """Subset -> main score, as `mteb` computes it with sentence-transformers."""
    import mteb
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    result = mteb.evaluate(
        model,
        task().filter_eval_splits(["test"]),
        cache=None,
        co2_tracker=False,
        show_progress_bar=False,
    )
    ((of_task,),) = (result.task_results,)
    return {each["hf_subset"]: each["main_score"] for each in of_task.scores["test"]}


@pytest.mark.parametrize("task", samples.TASKS, ids=lambda task: task.metadata.name)
def test_the_score_is_that_of_mteb_alone(task: Any, folder: Path, tmp_path: Path) -> None:
    encoder = EncoderSettings(name=str(folder), precision="float32")
    name = task.metadata.name
    ours = evaluate(encoder, f"mteb:{name}", store=Store(tmp_path / "store"))
    subsets = load_mteb_task(name).subsets
    theirs = alone(folder, task)
    assert {subsets[code]: scores["mteb_score"] for code, scores in ours.languages.items()} == (
        pytest.approx(theirs, abs=1e-5)
    )
    by_item = all(scores["n"] > 1 for scores in ours.languages.values())
    assert by_item == (task in ITEMS)
    assert all(("no interval is over items" in note) != by_item for note in ours.notes.values())
    assert (ours.protocol["prompt"], ours.protocol["max_tokens"]) == ("", 32)


def test_outcomes_are_those_of_items(folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    table, _ = outcomes_of_encoder(str(folder), TargetSettings(name="mteb:SmallRetrieval"), store)
    assert set(table["item"].to_pylist()) == {f"{s}:q{i}" for s in ("de", "zh") for i in range(12)}
    assert table["mteb_score"].to_pylist() == table["ndcg_at_10"].to_pylist()
    table, _ = outcomes_of_encoder(str(folder), TargetSettings(name="mteb:SmallParallel"), store)
    assert len(set(table["item"].to_pylist())) == len(samples.PAIRS), "one cluster a row"
    table, _ = outcomes_of_encoder(
        str(folder), TargetSettings(name="mteb:SmallClassification"), store
    )
    thirds = np.array(table["mteb_score"].to_pylist()) * samples.SmallClassification.n_experiments
    np.testing.assert_allclose(thirds, thirds.round(), atol=1e-5)


def test_prompts_of_queries_and_documents(folder: Path, tmp_path: Path) -> None:
    store, name = Store(tmp_path / "store"), "mteb:SmallRetrieval"
    plain = evaluate(str(folder), name, store=store)
    prompts = {"prompt_src": "query: ", "prompt_tgt": "passage: "}
    prompted = evaluate(str(folder), TargetSettings(name=name, **prompts), store=store)
    assert {key: prompted.protocol[key] for key in prompts} == prompts
    assert prompted.macro["mteb_score"] != plain.macro["mteb_score"]


def test_a_study_has_intervals_and_the_scores_of_mteb(folder: Path, tmp_path: Path) -> None:
    targets = [{"name": "mteb:SmallRetrieval", "languages": ["de"]}, "mteb:SmallClustering"]
    study = small_study(
        folder,
        arms={"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        start="plain",
        comparisons=[],
        targets=targets,
    )
    run = run_study(study, tmp_path / "out", Store(tmp_path / "store"))
    verdicts = {verdict.target: verdict for verdict in run.verdicts}
    assert verdicts["mteb:SmallRetrieval"].metric == "mteb_score"
    assert verdicts["mteb:SmallRetrieval"].n_queries == 12
    assert verdicts["mteb:SmallClustering"].n_queries == 1
    entries = json.loads((tmp_path / "out" / "mteb.json").read_text(encoding="utf-8"))
    assert {(e["arm"], e["seed"], e["task"], e["outcomes"]) for e in entries} == {
        (arm, seed, task, kind)
        for arm, seeds in (("baseline", (0,)), ("text", (1, 2)))
        for seed in seeds
        for task, kind in (("SmallRetrieval", "item"), ("SmallClustering", "subset"))
    }
    assert entries[0]["reading"]["max_tokens"] == 32
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "main score of MTEB" in page
    assert "without outcomes of single items" in page
    assert_mteb_loads(tmp_path / "out", tmp_path / "results", entries)
    assert_published(folder, tmp_path, study)


def assert_mteb_loads(run: Path, out: Path, entries: list[dict[str, Any]]) -> None:
    """`mteb` loads the files that are written of a run, with the scores that it computed."""
    from mteb.cache import ResultCache
    from mteb.models import ModelMeta
    from mteb.results import TaskResult

    files = write_mteb_results(run, out, namespace="me")
    assert len(files) == 6
    for file in files:
        result = TaskResult.from_disk(file)
        seed = int(file.parent.name.removeprefix("seed-"))
        arm = file.parent.parent.name.rpartition("-")[2]
        (entry,) = (
            e for e in entries if (e["task"], e["arm"], e["seed"]) == (result.task_name, arm, seed)
        )
        ((scored,),) = result.scores.values()
        assert scored["main_score"] == pytest.approx(entry["scores"]["main_score"], abs=1e-6)
        assert scored["languages"] == entry["languages"]
        content = (file.parent / "model_meta.json").read_text(encoding="utf-8")
        meta = ModelMeta.model_validate_json_resolved(content)
        assert (meta.name, meta.max_tokens) == (f"me/small-{arm}", 32)
        cached = ResultCache(out).load_task_result(result.task_name, meta)
        assert cached is not None and cached.scores == result.scores
    assert len(write_mteb_results(run, out, arm="text")) == 4
    with pytest.raises(UnknownNameError, match="arm 'texts'"):
        write_mteb_results(run, out, arm="texts")


def assert_published(folder: Path, tmp_path: Path, study: Any) -> None:
    """Another run shows what a run has written for `mteb` beside its arms."""
    results, store = tmp_path / "results", Store(tmp_path / "store")
    meta = results / "results" / "me__small-text" / "seed-1" / "model_meta.json"
    changed = json.loads(meta.read_text(encoding="utf-8"))
    changed["loader_kwargs"] = {"model_prompts": {"query": "ask: "}}
    meta.write_text(json.dumps(changed), encoding="utf-8")
    target, *others = study.targets
    models = ("me/small-text",)
    beside = target.model_copy(update={"published": results, "published_models": models})
    again = study.model_copy(update={"targets": (beside, *others)})
    run = run_study(again, tmp_path / "beside", store)
    rows = run.target("mteb:SmallRetrieval").published
    assert [(row.model, row.revision, row.prompts) for row in rows if row.prompts] == [
        ("me/small-text", "seed-1", 'query: "ask: "')
    ]
    assert len(rows) == 2 and not run.target("mteb:SmallClustering").published
    page = (tmp_path / "beside" / "report.html").read_text(encoding="utf-8")
    assert "Published scores" in page and "ask: " in page and "not stated" in page
    compared = compare(f"{run.path}:baseline", f"{run.path}:text")
    assert "Published: me/small-text, revision seed-1" in markdown(compared)
    shown = evaluate(str(folder), beside, store=store)
    assert len(shown.published) == 2
    as_they_are = compare(str(folder), str(folder), beside, store)
    assert as_they_are.targets[0].published == rows
    assert "Published: me/small-text, revision seed-1" in markdown(as_they_are)
    missing = beside.model_copy(update={"published_models": ("me/other",)})
    with pytest.raises(UnknownNameError, match="'me/other'"):
        evaluate(str(folder), missing, store=store)
    with pytest.raises(DataError, match="has no result of MTEB's task"):
        evaluate(str(folder), beside.model_copy(update={"published": folder}), store=store)


# Names, languages, data


def test_a_target_is_declared_by_its_prefix() -> None:
    assert "mteb:Anything" in TARGETS and "mteb:" not in TARGETS
    assert not any(name.startswith("mteb:") for name in TARGETS)
    assert find_target("mteb:Anything") is find_target("mteb:Anything")
    with pytest.raises(UnknownNameError, match="did you mean 'SmallSTS'"):
        load_mteb_task("SmalSTS")
    with pytest.raises(UnknownNameError, match="STSBenchmark"):
        load_mteb_task("STSBenchmrk")


def test_languages_of_subsets() -> None:
    assert _named({"default": ["eng-Latn"]}) == {"en": "default"}
    assert _named({"zh-CN": ["cmn-Hans"], "zh-TW": ["cmn-Hant"]}) == {
        "zh": "zh-CN",
        "zh-Hant": "zh-TW",
    }
    assert _named({"en": ["eng-Latn"], "en-ext": ["eng-Latn"]}) == {"en": "en", "en-ext": "en-ext"}
    assert _named({"all": ["eng-Latn", "deu-Latn", "fra-Latn"]}) == {"all": "all"}


def test_languages_and_splits_that_are_missing() -> None:
    assert set(load_mteb_task("SmallSTS", languages=["de"]).subsets) == {"de", "de-en"}
    assert set(load_mteb_task("SmallSTS", languages=["de-en"]).subsets) == {"de-en"}
    with pytest.raises(UnknownNameError, match="language of MTEB's task SmallSTS 'sw'"):
        load_mteb_task("SmallSTS", languages=["sw"])
    with pytest.raises(UnknownNameError, match="split of MTEB's task SmallRetrieval 'train'"):
        load_mteb_task("SmallRetrieval", split="train")
    data = find_target("mteb:SmallRetrieval").load(TargetSettings(name="mteb:SmallRetrieval"))
    assert dict(data.unread) == {"split dev": "test is scored"}


def test_texts_that_were_trained_on_are_known() -> None:
    data = find_target("mteb:SmallRetrieval").load(TargetSettings(name="mteb:SmallRetrieval"))
    assert data.items_with({"red"})["de"] == {"de:q0"}
    assert data.items_with({samples.PAIRS[0]})["zh"] == {
        f"zh:q{samples.WORDS.index(word)}" for word in samples.PAIRS[0].split()
    }
    changed = data.of_language("zh").checksum
    assert changed != data.of_language("de").checksum
    assert changed == data.of_language("zh").checksum


class Published(samples.AbsTaskSTS):
    """A task whose data `mteb` loads by `datasets`."""

    metadata = samples.metadata("PublishedSTS", "STS", "cosine_spearman", {"de": ["deu-Latn"]})


def test_a_local_copy_of_the_dataset(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    rows = [
        {"sentence1": a, "sentence2": b, "score": i % 5}
        for i, (a, b) in enumerate(zip(samples.PAIRS[:20], samples.PAIRS[2:22], strict=True))
    ]
    content = "\n".join(map(json.dumps, rows))
    (copy / "de.jsonl").write_text(content, encoding="utf-8")
    configs = "configs:\n- config_name: de\n  data_files:\n  - {split: test, path: de.jsonl}\n"
    (copy / "README.md").write_text(f"---\n{configs}---\n", encoding="utf-8")
    target = TargetSettings(name="mteb:PublishedSTS", data=copy)
    ours = evaluate(str(folder), target, store=Store(tmp_path / "store"))
    assert ours.languages["de"]["n"] == 20
    with pytest.raises(DataError, match="cannot be loaded") as error:
        load_mteb_task("PublishedSTS", tmp_path / "nothing")
    assert "--data DIR" in str(error.value)


def test_without_the_hub() -> None:
    with pytest.raises(DataError, match="nobody/none of the hub, cannot be loaded") as error:
        load_mteb_task("PublishedSTS")
    assert "connect to the hub, or give a local copy" in str(error.value)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, crosslift: Any) -> None:
    monkeypatch.setitem(sys.modules, "mteb.get_tasks", None)
    ended = crosslift("evaluate", "embedded", "--target", "mteb:STS17")
    assert ended.code != 0
    assert "Next: `pip install 'crosslift[mteb]'`" in ended.err and "Expected" not in ended.err


def test_pictures_and_aggregates_are_refused() -> None:
    with pytest.raises(DataError, match="image"):
        load_mteb_task("XM3600T2IRetrieval")
    with pytest.raises(DataError, match="aggregate of MTEB's tasks"):
        load_mteb_task("CQADupstackRetrieval")


def test_the_command(folder: Path, tmp_path: Path, crosslift: Any) -> None:
    store = ("--store", tmp_path / "store", "--json", "-")
    ended = crosslift("evaluate", folder, "--target", "mteb:SmallSTS", "--languages", "de", *store)
    assert set(ended.json["languages"]) == {"de", "de-en"}
    out = ("--out", tmp_path / "results", "--json", "-")
    ended = crosslift("mteb", tmp_path, *out)
    assert ended.code != 0 and "run.json" in ended.err
    ended = crosslift("evaluate", folder, "--target", "mteb:SmallSTS", "--pairs", 5)
    assert "which is a task of MTEB" in ended.err
