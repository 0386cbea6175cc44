"""Targets with judgements: settings, pools, a whole study, and the languages of what is found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from small_study import small_study
from typer.testing import CliRunner

from crosslift.analysis.language_bias import bias_of, bias_of_encoder
from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.cli.main import app
from crosslift.errors import DataError, UnknownNameError
from crosslift.results.language_bias import LanguageBias
from crosslift.sources.judged.judged_set import JudgedSet, Pool
from crosslift.targets.all_targets import find_target
from crosslift.targets.evaluate_judged import evaluate_judged
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.protocols import JUDGED
from crosslift.targets.query_outcomes import SideLookups
from crosslift.targets.target_settings import TargetSettings
from tests.samples import judged_samples as samples


def data(folder: Path, **settings: object) -> JudgedData:
    changed = TargetSettings.model_validate({"name": "judged", "data": folder, **settings})
    loaded: JudgedData = find_target("judged").load(changed)
    return loaded


def test_pools_by_setting(tmp_path: Path) -> None:
    folder = samples.mmarco(tmp_path)
    assert data(folder).languages == ("de", "en", "es")
    assert data(folder, pool="en").languages == ("de-en", "en", "es-en")
    mixed = data(folder, pool="mixed")
    assert {len(each.pool.ids) for each in mixed.sets.values()} == {15}
    assert data(folder, pool="en", languages=["es"]).languages == ("es-en",)
    assert data(folder, pool="German").languages == ("de", "en-de", "es-de")


def test_a_pool_or_language_that_is_missing_is_refused(tmp_path: Path) -> None:
    folder = samples.mmarco(tmp_path)
    with pytest.raises(DataError, match="own, mixed, or one of de, en, es"):
        data(folder, pool="fr")
    with pytest.raises(DataError, match="no known language"):
        data(folder, pool="mixd")
    with pytest.raises(UnknownNameError, match="fr"):
        data(folder, languages=["fr"])


def test_queries_without_a_relevant_passage_are_counted(tmp_path: Path) -> None:
    both = samples.beir(tmp_path / "de")
    assert dict(data(tmp_path).left_out) == {"de": {"no relevant passage in the pool": 2}}
    samples.written(both / "qrels" / "test.tsv", "q0\td1\t0\n")
    with pytest.raises(DataError, match="no relevant passage in the pool"):
        data(tmp_path)


def test_two_sets_of_one_language_need_different_pools(tmp_path: Path) -> None:
    for name in ("de", "de-en"):
        samples.beir(tmp_path / name)
    assert data(tmp_path).languages == ("de", "de-en")
    with pytest.raises(DataError, match="two sets of queries in de"):
        data(tmp_path, pool="mixed")


def test_a_part_is_the_first_queries_and_every_passage(tmp_path: Path) -> None:
    whole = data(samples.mmarco(tmp_path), pool="mixed")
    part = whole.part(TargetSettings(name="judged", queries=2))
    assert part is not None and part.words == "first 2 queries"
    first = whole.sets["de"].first(1)
    assert list(first.queries) == ["7"] and first.pool is whole.sets["de"].pool


def test_overlap_and_examples(tmp_path: Path) -> None:
    loaded = data(samples.clir_matrix(tmp_path))
    assert loaded.items_with({"A dog is an animal."}) == {"de-en": {"1"}}
    assert loaded.items_with({"Katze"}) == {"de-en": {"2"}}
    shown = loaded.examples("de-en", "query->passage")
    assert shown.query("1").text == "Hund" and shown.right("1").text == "A dog is an animal."
    assert loaded.of_language("de-en").checksum == loaded.checksum


@pytest.mark.parametrize(
    ("grades", "several"), [({"a": 1, "b": 2}, True), ({"a": 1, "b": 0}, False), ({"b": 2}, False)]
)
def test_a_query_may_have_several_relevant_passages(
    grades: dict[str, float], several: bool
) -> None:
    pool = Pool(("a", "b"), ("one", "two"), ("en", "en"))
    judged = JudgedData({"en": JudgedSet("en", {"q": "query"}, pool, {"q": grades})})
    assert judged.several_right("query->passage") == several


def found(vectors: Mapping[str, list[float]], grades: Mapping[str, float]) -> list[LanguageBias]:
    """The bias of one German query in a pool of passages whose ids begin with their language."""
    names = [name for name in vectors if name != "query"]
    pool = Pool(tuple(names), tuple(names), tuple(name[:2] for name in names))
    judged = JudgedSet("de", {"q": "query"}, pool, {"q": grades})
    sides = SideLookups.of_both(lambda texts: np.array([vectors[t] for t in texts], np.float32))
    ((_, entry),) = evaluate_judged({JUDGED[0]: sides}, JudgedData({"de": judged}))
    assert entry is not None
    rows = pa.table(
        {
            "seed": [0] * len(entry.top),
            "item": ["q"] * len(entry.top),
            "language": ["de"] * len(entry.top),
            "pool_language": list(entry.top),
            "pool": list(entry.pool.values()),
            "top": [float(values[0]) for values in entry.top.values()],
            "found": [float(values[0]) for values in entry.found.values()],
            "closer": [float(values[0]) for values in entry.closer.values()],
        }
    )
    return list(bias_of(rows, entry.protocol))


def test_the_language_bias_of_a_case_by_hand() -> None:
    near, middle, far = [1.0, 0.1], [1.0, 0.5], [0.0, 1.0]
    vectors = {"query": [1.0, 0.0], "de1": near, "en1": middle, "fr1": far, "en2": near}
    vectors |= {f"de{n}": [1.0, 0.6] for n in range(2, 12)}
    grades = {"de1": 2.0, "en1": 2.0, "fr1": 2.0, "en2": 1.0}
    by_language = {entry.pool_language: entry for entry in found(vectors, grades)}
    own, english, french, others = (by_language[n] for n in ("de", "en", "fr", "others"))
    assert (own.pool_share, english.pool_share) == (11 / 14, 2 / 14)
    assert (own.top_share, english.top_share, french.top_share) == pytest.approx((0.8, 0.2, 0))
    assert (english.found_own, english.found, english.behind, english.closer) == (1, 1, 0, 1)
    assert (french.found_own, french.found, french.behind, french.closer) == (1, 0, 1, 1)
    assert (others.found, others.behind) == (0.5, 0.5), "the mean of both"
    assert own.queries == 0 and own.behind is None and english.queries == 1


def test_equal_vectors_show_no_preference() -> None:
    vectors = {name: [1.0, 0.5] for name in ("query", "de1", "en1")}
    by_language = {e.pool_language: e for e in found(vectors, {"de1": 1.0, "en1": 1.0})}
    english = by_language["en"]
    assert (english.behind, english.closer) == (0, 0.5)
    assert english.behind_low is not None and english.behind_low < 0


def test_an_interval_holds_the_true_share_as_often_as_it_says() -> None:
    """The share of a language in the first ten, in samples from queries with a known mean."""
    generator = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        top = generator.binomial(10, generator.beta(2, 2, 60)) / 10
        columns = {"found": [float("nan")] * 120, "closer": [float("nan")] * 120}
        rows = pa.table(
            {
                "item": [f"q{n}" for n in range(60)] * 2,
                "language": ["de"] * 120,
                "protocol": ["p"] * 120,
                "pool_language": ["de"] * 60 + ["en"] * 60,
                "pool": [0.5] * 120,
                "top": [*top, *(1 - top)],
                **columns,
            }
        )
        (own, *_) = bias_of_encoder(rows, "p")
        held += own.top_low <= 0.5 <= own.top_high
    assert 180 <= held <= 199


def test_a_study_has_scores_verdicts_bias_and_a_report(bert_folder: Path, tmp_path: Path) -> None:
    targets = [{"name": "measures", "languages": ["de", "en"], "queries": 8}]
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias", "learning_rate": 0.01}]}}
    starts = {"plain": {"encoder": {"name": str(bert_folder), "precision": "float32"}}}
    settings = {"starts": starts, "start": "plain", "comparisons": []}
    study = small_study(bert_folder, targets=targets, arms=arms, **settings)
    run = run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    assert {(v.target, v.metric) for v in run.verdicts} == {("measures", "ndcg_at_10")}
    metrics = {row.metric for row in run.scores if row.target == "measures"}
    assert metrics == {"ndcg_at_10", "recall_at_100", "mrr_at_10", "map_at_100", "top1_accuracy"}
    entries = json.loads((run.path / "language_bias.json").read_text(encoding="utf-8"))
    assert {(e["arm"], e["seeds"]) for e in entries} == {("baseline", 1), ("text", 2)}
    pooled = {e["pool_language"] for e in entries if e["language"] == "macro"}
    assert {"own", "others", "zh"} <= pooled and len(pooled) == 16
    for entry in entries:
        assert entry["top_low"] <= entry["top_share"] <= entry["top_high"]
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert '<section id="language-bias">' in page and "nDCG at 10" in page


def test_an_encoder_alone_and_the_commands(bert_folder: Path, tmp_path: Path) -> None:
    folder = samples.mmarco(tmp_path / "mmarco")
    target = TargetSettings(name="judged", data=folder, pool="mixed")
    store = Store(tmp_path / "store")
    evaluation = evaluate(str(bert_folder), target, store=store)
    assert evaluation.metric == "ndcg_at_10" and list(evaluation.languages) == ["de", "en", "es"]
    assert {entry.language for entry in evaluation.language_bias} == {"de", "en", "es", "macro"}
    own = evaluate(str(bert_folder), TargetSettings(name="judged", data=folder), store=store)
    assert own.language_bias == () and "language_bias" not in own.to_json()

    options = ["--target", "judged", "--data", str(folder), "--pool", "mixed"]
    command = ["evaluate", str(bert_folder), *options, "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "140"})
    assert result.exit_code == 0, result.output
    assert "behind its own" in result.stdout and "others" in result.stdout
    listed = CliRunner().invoke(app, ["targets", "judged"], env={"COLUMNS": "140"})
    assert "BEIR" in listed.stdout and "crosslift/query->passage" in listed.stdout


def test_sides_have_their_prompts(bert_folder: Path, tmp_path: Path) -> None:
    folder = samples.clir_matrix(tmp_path / "clir")
    store = Store(tmp_path / "store")
    prompts = {"prompt_src": "query: ", "prompt_tgt": "passage: "}
    target = TargetSettings.model_validate({"name": "judged", "data": folder, **prompts})
    evaluation = evaluate(str(bert_folder), target, store=store)
    assert "query: " in str(evaluation.protocol) and "passage: " in str(evaluation.protocol)
