"""Studies run whole: artifacts shared, nothing done twice, killed runs that end the same."""

from __future__ import annotations

import collections
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hub_stand_in import TOKEN, running_hub
from huggingface_hub import ModelCard, constants
from PIL import Image
from small_study import SCRATCH, small_study

from crosslift.api.export import export_arm
from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.cli.main import app
from crosslift.errors import (
    ArtifactError,
    EncoderError,
    StudyError,
    TrainingError,
    UnknownNameError,
)
from crosslift.planning.plan_study import plan_study
from crosslift.results.group_effect import GroupEffect
from crosslift.results.result_record import read_json_file, write_json_file
from crosslift.results.run_folder import RunFolder, read_outcomes
from crosslift.results.score_rows import CurvePoint, Score, table_of
from crosslift.results.sensitivity import SENSITIVITY_FILE, Sensitivity
from crosslift.steps import make_step as making
from crosslift.targets.target_settings import TargetSettings

KILLED_EVERY = 29
"""Passages of a watched moment between two kills; see `kill_driver`."""


@pytest.fixture(scope="module")
def finished(
    xlm_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Store, RunFolder]:
    """An unbroken run of the small study."""
    base = tmp_path_factory.mktemp("run")
    store = Store(base / "store")
    return base / "out", store, run_study(small_study(xlm_folder), base / "out", store)


def scores(out: Path) -> dict[tuple[Any, ...], tuple[float, int]]:
    rows = pq.read_table(out / "results.parquet").to_pylist()
    keys = ("arm", "seed", "target", "language", "protocol", "subset", "metric")
    return {tuple(row[k] for k in keys): (row["value"], row["n"]) for row in rows}


def weights(store: Store) -> dict[str, bytes]:
    return {
        f"{path.parent.name}/{path.name}": path.read_bytes()
        for path in sorted(store.root.glob("train/*/*.safetensors"))
    }


def test_outcomes_come_with_the_texts_of_queries_and_answers(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    run = finished[2]
    table = run.outcomes.to_arrow()
    plain = read_outcomes(run.path)
    assert table.select(plain.column_names).equals(plain)
    frame = table.to_pandas()
    of_texts = frame[frame.target != "pictures"]
    assert of_texts[["query_text", "right_text", "retrieved_text"]].notna().all(axis=None)
    certain = of_texts[(of_texts.top1_accuracy == 1) & (of_texts.retrieved == of_texts["item"])]
    assert len(certain) and (certain.right_text == certain.retrieved_text).all()
    pictures = frame[(frame.target == "pictures") & frame.protocol.str.endswith("text->picture")]
    assert len(pictures) and pictures.query_text.notna().all()
    assert pictures[["right_text", "retrieved_text"]].isna().all(axis=None)


def test_the_first_of_the_five_best_answers_is_the_retrieved_one(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    run = finished[2]
    found, texts = run.found_answers, pq.read_table(run.path / "texts.parquet").to_pandas()
    assert found is not None
    keys = ["arm", "seed", "target", "protocol", "language", "item"]
    outcomes = run.outcomes.to_arrow().select([*keys, "retrieved"]).to_pandas()
    both = outcomes.merge(found.to_pandas(), on=keys)
    assert len(both) == len(outcomes) == len(found)
    assert (both.answers.str[0] == both.retrieved).all()
    assert both.scores.map(lambda scores: (scores[:-1] >= scores[1:]).all()).all()
    assert set(both.answers.map(len)) == {5}
    named = set(texts[texts.role == "retrieved"][[*keys[2:5], "item"]].itertuples(index=False))
    for row in both.iloc[:: len(both) // 50].itertuples():
        assert len(set(row.answers)) == 5
        assert {(row.target, row.protocol, row.language, name) for name in row.answers} <= named
    pictures = texts[texts.picture.notna()]
    assert set(pictures.target) == {"pictures"} and pictures.text.isna().all()
    of_english = texts[(texts.protocol == "crosslift/xx->en") & (texts.role != "query")]
    assert set(of_english.text_language) == {"en"}


def test_a_map_has_the_same_contents_for_every_arm_of_a_start(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    run = finished[2]
    rows = pq.read_table(run.path / "projections.parquet").to_pandas()
    texts = pq.read_table(run.path / "texts.parquet").to_pandas()
    known = set(zip(texts.text_language, texts.text, strict=True))
    for target, of_target in rows.groupby("target", observed=True):
        arms = [of_arm for _, of_arm in of_target.groupby("arm", observed=True, sort=False)]
        assert "plain" not in {of_arm.arm.iloc[0] for of_arm in arms}  # of another start
        assert target == "pictures" or arms[0].arm.iloc[0] == "baseline"
        for of_arm in arms:
            contents = of_arm[["text_language", "text", "picture"]].astype(object)
            first = arms[0][["text_language", "text", "picture"]].astype(object)
            assert contents.fillna("").values.tolist() == first.fillna("").values.tolist()
            assert all(
                len(set(near)) == 10 and i not in near for i, near in enumerate(of_arm.neighbours)
            )
            assert all((np.diff(far) >= 0).all() for far in of_arm.distances)
        shown = of_target[of_target.text.notna()]
        assert set(zip(shown.text_language, shown.text, strict=True)) <= known
    assert set(rows.target) == {"names", "gettext", "pictures"}
    assert rows[rows.target == "pictures"].picture.notna().any()


def test_pictures_of_a_run_have_small_copies(finished: tuple[Path, Store, RunFolder]) -> None:
    run = finished[2]
    small = pq.read_table(run.path / "thumbnails.parquet").to_pylist()
    texts = pq.read_table(run.path / "texts.parquet")
    named = set(texts["picture"].drop_null().to_pylist())
    assert {row["picture"] for row in small} == named and {row["target"] for row in small} == {
        "pictures"
    }
    sizes = [Image.open(io.BytesIO(row["image"])).size for row in small]
    assert set(sizes) == {(96, 96)}


def test_the_folder_says_what_the_texts_of_each_target_are(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    facts = json.loads((finished[0] / "run.json").read_text(encoding="utf-8"))
    texts = {target["name"]: target["texts"] for target in facts["targets"]}
    assert texts == {"names": "words", "gettext": "sentences", "pictures": "words"}


def test_the_folder_is_written_as_it_is_read(
    finished: tuple[Path, Store, RunFolder], tmp_path: Path
) -> None:
    out, _, folder = finished
    write_json_file(tmp_path / "run.json", folder.run)
    write_json_file(tmp_path / "verdicts.json", folder.verdicts)
    write_json_file(tmp_path / "examples.json", folder.examples)
    groups = read_json_file(out / "groups.json", tuple[GroupEffect, ...])
    write_json_file(tmp_path / "groups.json", groups)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    assert table_of(folder.scores, Score).equals(pq.read_table(out / "results.parquet"))
    assert table_of(folder.curves, CurvePoint).equals(pq.read_table(out / "curves.parquet"))


def test_the_folder_holds_every_row_once(finished: tuple[Path, Store, RunFolder]) -> None:
    out, _, folder = finished
    rows = pq.read_table(out / "results.parquet").to_pylist()
    score_of = scores(out)
    assert len(rows) == len(score_of)
    assert {row["study"] for row in rows} == {"small"}
    assert all(n > 0 for _, n in score_of.values())
    assert all(0 <= row["value"] <= 1 for row in rows if row["metric"] != "median_rank")
    ranks = [row["value"] for row in rows if row["metric"] == "median_rank"]
    assert ranks and all(1 <= rank <= 400 for rank in ranks)
    arms = {arm.name: arm for arm in folder.run.arms}
    assert arms["image-shuffled"].role == "control"
    assert arms["plain"].role == "reference"
    assert arms["text"].budget.updates == 3
    assert arms["text"].budget.examples == 18
    assert arms["baseline"].budget.updates == 0
    assert (out / "results.csv").read_text(encoding="utf-8").count("\n") == len(rows) + 1


def test_macro_is_the_unweighted_mean_of_the_languages(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    score_of = scores(finished[0])
    facts = ("gettext", "crosslift/xx->en", "all", "top1_accuracy")

    def value(language: str) -> float:
        target, protocol, subset, metric = facts
        return score_of["text", 1, target, language, protocol, subset, metric][0]

    assert value("macro") == pytest.approx((value("de") + value("he")) / 2, abs=1e-12)


def test_verdicts_are_of_the_direction_that_a_target_asks_for(
    finished: tuple[Path, Store, RunFolder], xlm_folder: Path, tmp_path: Path
) -> None:
    target = {"name": "names", "languages": ["de", "ar"], "direction": "both"}
    out = tmp_path / "out"
    folder = run_study(small_study(xlm_folder, targets=[target]), out, finished[1])
    assert {verdict.protocol for verdict in folder.verdicts} == {"crosslift/both"}
    assert folder.run.targets[0].protocol == "crosslift/both"
    score_of = scores(out)
    for measure in ("top1_accuracy", "mrr"):
        mean, forward, backward = (
            score_of["text", 1, "names", "de", f"crosslift/{way}", "all", measure][0]
            for way in ("both", "xx->en", "en->xx")
        )
        assert mean == pytest.approx((forward + backward) / 2)


def test_outcomes_give_the_scores(finished: tuple[Path, Store, RunFolder]) -> None:
    out = finished[0]
    rows = [
        row
        for row in pq.read_table(out / "outcomes.parquet").to_pylist()
        if (row["arm"], row["seed"], row["target"]) == ("image", 2, "names")
        and (row["language"], row["protocol"]) == ("ar", "crosslift/en->xx")
    ]
    score_of = scores(out)
    facts = ("image", 2, "names", "ar", "crosslift/en->xx")
    for subset, rows_of_subset in (("all", rows), ("clean", [row for row in rows if row["clean"]])):
        mean = np.mean([row["reciprocal_rank"] for row in rows_of_subset])
        assert score_of[(*facts, subset, "mrr")] == (
            pytest.approx(float(mean)),
            len(rows_of_subset),
        )


def test_an_arm_with_locked_text_shares_the_baselines_vectors(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    score_of = scores(finished[0])
    of_arm = {
        arm: {
            key[2:]: value for key, value in score_of.items() if key[0] == arm and key[2] == "names"
        }
        for arm in ("baseline", "image-locked", "text")
    }
    assert of_arm["image-locked"] == of_arm["baseline"]
    assert of_arm["text"] != of_arm["baseline"]


def test_arms_share_the_steps_of_their_common_prefix(xlm_folder: Path) -> None:
    plan = plan_study(small_study(xlm_folder))
    steps = plan.steps()
    assert len({step.key for step in steps}) == len(steps)
    kinds = collections.Counter(step.kind for step in steps)
    assert kinds["train"] == 1 + 2 * 4  # the start once, then two seeds of four arms
    place = {step.key: i for i, step in enumerate(steps)}
    assert all(place[i.key] < place[s.key] for s in steps for i in s.inputs.values())


@pytest.mark.parametrize(
    ("arm", "setting"),
    [
        ("text", {"task": "name-alias", "learning_rate": 1e-3}),
        ("text", {"task": "name-alias", "dropout": 0.3}),
        ("image", {"task": "picture-name", **SCRATCH, "frozen_layers": 1}),
    ],
)
def test_a_changed_setting_changes_the_keys_of_its_arm_alone(
    xlm_folder: Path, arm: str, setting: dict[str, Any]
) -> None:
    before = small_study(xlm_folder)
    arms = before.model_dump(mode="json", exclude_none=True)["arms"]
    arms[arm]["stages"] = [setting]
    after = small_study(xlm_folder, arms=arms)
    keys = [
        {
            (r.arm, r.seed, target, language): step.key
            for r in plan_study(study).runs
            for target, steps in r.evaluations.items()
            for language, step in steps.items()
        }
        for study in (before, after)
    ]
    changed = {name[0] for name in keys[0] if keys[0][name] != keys[1][name]}
    assert changed == {arm}


def test_a_second_run_makes_nothing(
    finished: tuple[Path, Store, RunFolder],
    xlm_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, store, _ = finished

    def fail(*_: object) -> None:
        raise RuntimeError("a step was made again")

    monkeypatch.setattr(making, "make_step", fail)
    run_study(small_study(xlm_folder), tmp_path / "again", store)
    assert scores(tmp_path / "again") == scores(out)


def test_another_store_gives_the_same_bytes(
    finished: tuple[Path, Store, RunFolder], xlm_folder: Path, tmp_path: Path
) -> None:
    out, store, _ = finished
    other = Store(tmp_path / "store")
    run_study(small_study(xlm_folder), tmp_path / "out", other)
    assert weights(other) == weights(store)
    assert scores(tmp_path / "out") == scores(out)


def test_a_run_killed_again_and_again_ends_with_the_same_numbers(
    finished: tuple[Path, Store, RunFolder], xlm_folder: Path, tmp_path: Path
) -> None:
    out, store, _ = finished
    driver = Path(__file__).parents[1] / "samples" / "kill_driver.py"
    places = [str(p) for p in (xlm_folder, tmp_path / "store", tmp_path / "out")]
    subprocess.run([sys.executable, driver, *places, str(KILLED_EVERY)], check=True, timeout=500)
    killed = collections.Counter((tmp_path / "out.kills").read_text(encoding="utf-8").split())
    assert killed.total() >= 8
    assert killed["flush"] >= 1
    assert scores(tmp_path / "out") == scores(out)
    assert weights(Store(tmp_path / "store")) == weights(store)


def test_a_step_that_fails_loses_nothing_before_it(
    xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small_study(xlm_folder)
    arms = study.model_dump(mode="json", exclude_none=True)["arms"]
    arms["image"]["stages"] = [
        {"task": "picture-name", **SCRATCH, "head_learning_rate": 1e30, "dev_evaluations": 0}
    ]
    store = Store(tmp_path / "store")
    with pytest.raises(TrainingError, match=r"is (nan|inf)"):
        run_study(small_study(xlm_folder, arms=arms), tmp_path / "out", store)
    made = [step for step in plan_study(study).steps() if step.exists(store)]
    labels = {step.label for step in made}
    assert "name-alias, seed 1" in labels
    assert "name-alias, seed 2" not in labels, "all arms run with one seed before the next"


def test_a_corrupt_artifact_is_reported_and_only_it_is_made_again(
    xlm_folder: Path, tmp_path: Path
) -> None:
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    study = small_study(xlm_folder, arms=arms, comparisons=[])
    store = Store(tmp_path / "store")
    run_study(study, tmp_path / "out", store)
    victim = next(store.root.glob("evaluate/*/outcomes.parquet"))
    victim.write_bytes(victim.read_bytes()[:-7])
    with pytest.raises(ArtifactError, match="corrupt") as caught:
        run_study(study, tmp_path / "out", Store(store.root))
    assert str(victim.parent) in str(caught.value.remedy)
    for path in victim.parent.iterdir():
        path.unlink()
    victim.parent.rmdir()
    folder = run_study(study, tmp_path / "out", Store(store.root))
    assert sum(not step.reused for step in folder.run.steps) == 1


def test_evaluate_reads_the_same_as_the_run(
    finished: tuple[Path, Store, RunFolder], xlm_folder: Path
) -> None:
    out, store, _ = finished
    target = TargetSettings(name="names", languages=("de", "ar"))
    evaluation = evaluate(str(xlm_folder), target, direction="en->xx", store=store)
    expected = scores(out)
    for language in ("de", "ar"):
        facts = ("plain", 0, "names", language, "crosslift/en->xx", "all", "mrr")
        assert evaluation.languages[language]["mrr"] == pytest.approx(expected[facts][0], abs=1e-12)
        assert evaluation.languages[language]["n"] == 400
    assert evaluation.protocol["direction"] == "en->xx"
    assert evaluation.protocol["pooling"] == "mean"
    with pytest.raises(UnknownNameError, match="direction"):
        evaluate(str(xlm_folder), target, direction="text->picture", store=store)
    with pytest.raises(StudyError, match="image tower"):
        evaluate(str(xlm_folder), "pictures", store=store)


def test_an_exported_arm_encodes_as_it_was_measured(
    finished: tuple[Path, Store, RunFolder], tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    from crosslift.targets.names import NAMES
    from crosslift.targets.query_outcomes import SideLookups, evaluate_bitexts

    out, _, _ = finished
    place = export_arm(out, "text", tmp_path / "model", seed=2)
    model = SentenceTransformer(str(place), device="cpu")
    data = NAMES.load(TargetSettings(name="names", languages=("de",)))
    sides = SideLookups.of_both(lambda texts: model.encode(list(texts)))
    outcomes = next(evaluate_bitexts({NAMES.protocols[0]: sides}, data))
    facts = ("text", 2, "names", "de", "crosslift/xx->en", "all", "mrr")
    assert outcomes.score("mrr") == pytest.approx(scores(out)[facts][0], abs=2e-3)
    card = (place / "README.md").read_text(encoding="utf-8")
    assert "crosslift/xx->en" in card
    with pytest.raises(StudyError, match="not empty"):
        export_arm(out, "text", place)
    with pytest.raises(UnknownNameError, match="arm"):
        export_arm(out, "txt", tmp_path / "other")
    with pytest.raises(UnknownNameError, match="seed"):
        export_arm(out, "text", tmp_path / "other", seed=7)


def test_an_arm_is_pushed_with_its_card(
    finished: tuple[Path, Store, RunFolder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, _, _ = finished
    place = tmp_path / "model"
    with running_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        arguments = [
            "export",
            str(out),
            "text",
            str(place),
            "--seed",
            "2",
            "--push",
            "team/encoder",
        ]
        arguments += ["--private", "--precision", "bfloat16", "--json", str(tmp_path / "out.json")]
        app(arguments, standalone_mode=False)
        printed = "".join(capsys.readouterr())
    repository = hub.repositories["team/encoder"]
    assert repository.private
    paths = [path for path in place.rglob("*") if path.is_file()]
    assert repository.files == {p.relative_to(place).as_posix(): p.read_bytes() for p in paths}
    assert TOKEN not in printed
    assert f"{hub.url}/team/encoder" in printed.replace("\n", "")
    card = ModelCard.load(place / "README.md")
    assert 'SentenceTransformer("team/encoder")' in card.text
    by_config = {r.dataset_config: r for r in card.data.eval_results if r.dataset_type == "names"}
    facts = ("text", 2, "names", "de", "crosslift/xx->en", "all", "top1_accuracy")
    assert by_config["de"].metric_value == pytest.approx(scores(out)[facts][0], abs=1e-6)
    assert "Against the study's baseline, better in" in card.text
    (record,) = [json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))]
    assert record["url"] == f"{hub.url}/team/encoder"
    assert record["precision"] == "bfloat16"
    with pytest.raises(StudyError, match="private without a repository"):
        export_arm(out, "text", tmp_path / "other", private=True)
    with pytest.raises(EncoderError, match="no namespace"):
        export_arm(out, "text", tmp_path / "other", push="encoder")
    assert not (tmp_path / "other").exists()


def test_weights_that_the_run_does_not_report_are_not_exported(
    finished: tuple[Path, Store, RunFolder], tmp_path: Path
) -> None:
    out, store, folder = finished
    shutil.copytree(out, tmp_path / "run")
    digests = {step.key: step.digest for step in folder.run.steps}
    assert all(store.manifest(s.kind, s.key).digest == digests[s.key] for s in folder.run.steps)
    path = tmp_path / "run" / "run.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    (stage,) = [
        s for s in facts["steps"] if (s["kind"], s["arm"], s["seed"]) == ("train", "text", 2)
    ]
    stage["digest"] = "0" * 32
    path.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(ArtifactError, match=f"its digest is {digests[stage['key']]}") as caught:
        export_arm(tmp_path / "run", "text", tmp_path / "model", seed=2)
    assert caught.value.expected == f"the artifact with the digest {'0' * 32}"
    assert "run the study again" in str(caught.value.remedy)
    assert not (tmp_path / "model").exists()
    export_arm(tmp_path / "run", "text", tmp_path / "first", seed=1)
    for step in facts["steps"]:
        del step["digest"]
    path.write_text(json.dumps(facts), encoding="utf-8")
    export_arm(tmp_path / "run", "text", tmp_path / "model", seed=2)


def test_overlap_is_reported_and_clean_scores_leave_it_out(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    out, _, folder = finished
    rows = pq.read_table(out / "outcomes.parquet").to_pylist()
    unclean = {row["target"] for row in rows if not row["clean"]}
    reported = {o.target for o in folder.run.overlap if o.exact + o.near}
    assert unclean == reported
    assert {(o.task, o.target) for o in folder.run.overlap} == {
        (task, target)
        for task in ("gettext-mlm", "name-alias", "picture-name")
        for target in ("names", "gettext", "pictures")
    }


def test_other_methods_use_the_metric_of_the_verdict(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    """Pictures are judged by recall at 10, which is not the metric of their protocol."""
    out, _, folder = finished
    verdicts = {(v.arm, v.against, v.target): v for v in folder.verdicts if v.subset == "all"}
    judged = set()
    for entry in read_json_file(out / SENSITIVITY_FILE, tuple[Sensitivity, ...]):
        verdict = verdicts[entry.arm, entry.against, entry.target]
        by_protocol = {each.protocol: each for each in entry.protocols}
        again = by_protocol[verdict.protocol]
        assert again.metric == entry.metric == verdict.metric
        assert (again.effect, again.low, again.high) == (verdict.effect, verdict.low, verdict.high)
        assert len({each.metric for each in entry.protocols}) == 1
        judged.add(verdict.metric)
    assert judged == {"recall_at_10", "top1_accuracy"}


def test_verdicts_cover_declared_and_baseline_comparisons(
    finished: tuple[Path, Store, RunFolder],
) -> None:
    out, _, folder = finished
    comparisons = {(v.family, v.arm, v.against, v.target) for v in folder.verdicts}
    assert ("declared", "image", "image-shuffled", "pictures") in comparisons
    assert ("vs-baseline", "text", "baseline", "gettext") in comparisons
    assert not any("plain" in entry[1:3] for entry in comparisons)
    for verdict in folder.verdicts:
        assert verdict.against in verdict.sentence
        assert verdict.low <= verdict.effect <= verdict.high
        assert verdict.p <= verdict.p_corrected <= 1
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {(g["arm"], g["control"]) for g in facts["gains"]} == {("image", "image-shuffled")}
