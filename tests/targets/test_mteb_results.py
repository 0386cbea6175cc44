"""Files of results of MTEB, those of a run and published ones; and what a plan says of the tasks."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_study import small_study
from tiny_encoder import make_tiny_encoder

from crosslift.analysis.unchanged_folder import source_of
from crosslift.api.mteb_results import _prompts, write_mteb_results
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.planning.plan_study import plan_study
from crosslift.planning.sizes import size_of_step
from crosslift.sources.mteb_results import published_models
from crosslift.sources.mteb_tasks import load_mteb_task
from crosslift.steps.estimates import SECONDS_PER_UNIT, Estimates
from crosslift.targets.evaluate_mteb import ROLES
from tests.samples import mteb_tasks as samples

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    use = {"pooling": "mean", "prompt": "", "max_tokens": 32}
    return make_tiny_encoder(tmp_path_factory.mktemp("mteb") / "encoder", "xlm-roberta", use=use)


def test_the_facts_of_a_model_name_the_prompts_of_every_task() -> None:
    plain, one = {"prompt": ""}, {"prompt": "all: "}
    two = {"prompt_src": "query: ", "prompt_tgt": "passage: "}
    for readings, prompts in (
        ({"A": plain, "B": plain}, {}),
        ({"A": two, "B": two}, {"query": "query: ", "document": "passage: "}),
        ({"A": plain, "B": two}, {"B-query": "query: ", "B-document": "passage: "}),
        (
            {"A": two, "B": one},
            {"A-query": "query: ", "A-document": "passage: ", "B": "all: "},
        ),
        ({"A": {"prompt_src": "ask: ", "prompt_tgt": ""}}, {"query": "ask: "}),
    ):
        entries: Any = [SimpleNamespace(task=t, reading=r) for t, r in readings.items()]
        for order in (entries, entries[::-1]):
            assert _prompts(order) == prompts


def test_mteb_reads_with_the_prompts_of_the_facts(folder: Path, tmp_path: Path) -> None:
    """The file of the model is written once for all its tasks: `mteb` chooses each task's prompt."""
    from mteb.models.abs_encoder import get_prompt_name
    from mteb.types import PromptType

    prompts = {"prompt_src": "query: ", "prompt_tgt": "passage: "}
    targets = [{"name": "mteb:SmallRetrieval", "languages": ["de"], **prompts}, "mteb:SmallSTS"]
    changes = {"start": "plain", "comparisons": [], "arms": {"baseline": {}}}
    study = small_study(folder, **changes, targets=targets)
    run_study(study, tmp_path / "out", Store(tmp_path / "store"))
    (path, _) = write_mteb_results(tmp_path / "out", tmp_path / "results")
    meta = json.loads((path.parent / "model_meta.json").read_text(encoding="utf-8"))
    written = meta["loader_kwargs"]["model_prompts"]
    retrieval, sts = samples.SmallRetrieval.metadata, samples.SmallSTS.metadata
    names = [get_prompt_name(written, retrieval, PromptType(role)) for role in ROLES[1:]]
    assert [written[name] for name in names] == ["query: ", "passage: "]
    assert get_prompt_name(written, sts, None) is None


def test_published_models_in_all_languages_come_first(tmp_path: Path) -> None:
    task = load_mteb_task("SmallRetrieval")
    scores = {"whole": {"de": 0.4, "zh": 0.3}, "best": {"de": 0.5, "zh": 0.3}, "part": {"de": 0.9}}
    scores |= {"broken": {"de": 0.6, "zh": math.nan}, "nothing": {"de": math.nan}}
    for model, of_model in scores.items():
        place = tmp_path / f"me__{model}" / "1"
        place.mkdir(parents=True)
        entries = [
            {"hf_subset": s, "languages": ["deu-Latn"], "main_score": v, "ndcg_at_10": v}
            for s, v in of_model.items()
        ]
        content = {"dataset_revision": "7", "task_name": task.name, "mteb_version": "2.0.0"}
        content |= {"scores": {"test": entries}, "evaluation_time": 1.0}
        (place / f"{task.name}.json").write_text(json.dumps(content), encoding="utf-8")
    rows = published_models(tmp_path, task)
    assert [row.model for row in rows] == ["me/best", "me/whole", "me/part", "me/broken"]
    assert dict(rows[-1].scores) == {"de": 0.6}


def test_changed_published_results_change_the_run_folder(folder: Path, tmp_path: Path) -> None:
    name = "mteb:SmallSTS"
    changes = {"start": "plain", "comparisons": [], "arms": {"baseline": {}}, "seeds": [1]}
    store = Store(tmp_path / "store")
    run_study(small_study(folder, **changes, targets=[name]), tmp_path / "out", store)
    (file,) = write_mteb_results(tmp_path / "out", tmp_path / "results")
    published = {"name": name, "published": str(tmp_path / "results")}
    study = small_study(folder, **changes, targets=[published])

    def source() -> str:
        return source_of(plan_study(study), store, (), None)

    before = source()
    assert before == source()
    text = file.read_text(encoding="utf-8")
    content = json.loads(text)
    content["scores"]["test"][0]["main_score"] = 0.123
    file.write_text(json.dumps(content), encoding="utf-8")
    assert source() != before
    file.write_text(text, encoding="utf-8")
    assert source() == before


def test_a_plan_knows_that_the_step_loads_an_encoder_and_encodes(
    folder: Path, tmp_path: Path
) -> None:
    target = {"name": "mteb:SmallSTS", "languages": ["de"]}
    changes = {"start": "plain", "comparisons": [], "arms": {"baseline": {}}}
    plan = plan_study(small_study(folder, **changes, targets=[target, "names"]))
    first: dict[str, Any] = {step.kind: step for step in plan.steps()}
    memory = {
        kind: size_of_step(first[kind]).memory or 0 for kind in ("evaluate", "encode", "mteb")
    }
    assert memory["evaluate"] < memory["encode"] < memory["mteb"]
    unit = {kind: SECONDS_PER_UNIT[kind] for kind in ("mteb", "encode", "evaluate")}
    assert unit["mteb"] == pytest.approx(unit["encode"] + unit["evaluate"])
    assert Estimates(Store(tmp_path)).total([first["mteb"]]) > 0
