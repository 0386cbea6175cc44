"""Studies of several tasks: mixtures, paths, several starts, translated data, arms that fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from dataset_samples import SAMPLES, write_sample
from labelled_samples import xtreme_folder
from small_study import SCRATCH, small_study
from tiny_translators import FAMILIES, fake  # noqa: F401  (a fixture)

from crosslift.api.export import export_arm
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.errors import DataError, StudyError
from crosslift.planning.plan_study import plan_study
from crosslift.steps.step import Step
from crosslift.studies.reading import StudyFileError, parse_study, read_study, study_of
from crosslift.studies.schema import Study
from crosslift.xtreme.benchmark import TASKS

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = [{"name": "names", "languages": ["de", "ar"]}]
PAIRS = "anchor\tpositive\na cat\tcats\nthe dog\tdogs\nrain\tit rains\na hill\thills\n"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.tsv"
    path.write_text(PAIRS, encoding="utf-8")
    return path


def study(encoder: Path, arms: dict[str, Any], **changes: Any) -> Study:
    """Two seeds of some arms and a baseline, from the encoder as it is, measured on names."""
    raw = {"start": "plain", "targets": NAMES, "comparisons": [], "arms": {"baseline": {}, **arms}}
    return small_study(encoder, **{**raw, **changes})


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def one(step: Step, steps: list[Step]) -> bool:
    return sum(each.key == step.key for each in steps) == 1


# Mixtures and paths


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, xlm_folder: Path) -> tuple[Study, Path, Store]:
    base = tmp_path_factory.mktemp("mixed")
    tasks = [
        {"task": "name-alias", "weight": 0.5},
        {"task": "picture-name", **SCRATCH, "weight": 0.5},
    ]
    arms = {
        "mixed": {"stages": [{"tasks": tasks, "mixing": {"batches": "interleaved"}}]},
        "locked": {"stages": [{"task": "picture-name", **SCRATCH, "text_side": "locked"}]},
    }
    targets = [*NAMES, {"name": "pictures", "languages": ["en", "fa"]}]
    asked = study(xlm_folder, arms, targets=targets, interpolate=[0.5])
    store = Store(base / "store")
    run_study(asked, base / "run", store)
    return asked, base / "run", store


def test_a_mixture_trains_both_tasks_and_its_tower_is_scored(mixed: Any) -> None:
    _, folder, _ = mixed
    curves = pq.read_table(folder / "curves.parquet").to_pylist()
    shares = [r for r in curves if r["arm"] == "mixed" and r["metric"] == "share"]
    assert {(r["task"], r["value"]) for r in shares} == {("name-alias", 0.5), ("picture-name", 0.5)}
    stage = next(a for a in read(folder, "run.json")["arms"] if a["name"] == "mixed")["stages"][0]
    assert [(t["task"], t["form"], t["examples"]) for t in stage["tasks"]] == [
        ("name-alias", "text-pairs", 9),
        ("picture-name", "image-text", 9),
    ]
    assert stage["tasks"][0]["settings"] == {"weight": 0.5}
    assert stage["settings"]["mixing"]["batches"] == "interleaved"
    results = pq.read_table(folder / "results.parquet").to_pylist()
    assert {r["arm"] for r in results if r["target"] == "pictures"} == {"mixed", "locked"}


def test_the_path_begins_at_the_start_and_ends_at_the_end(mixed: Any) -> None:
    asked, folder, _ = mixed
    found = read(folder, "interpolation.json")
    assert {entry["arm"] for entry in found} == {"mixed"}, "a locked encoder has no path"
    of_names = {e["share"]: e for e in found if e["target"] == "names"}
    assert sorted(of_names) == [0.0, 0.5, 1.0]
    rows = pq.read_table(folder / "results.parquet").to_pylist()

    def macro(arm: str) -> list[float]:
        return [
            r["value"]
            for r in rows
            if (r["arm"], r["target"], r["language"], r["subset"], r["metric"], r["protocol"])
            == (arm, "names", "macro", "all", "top1_accuracy", of_names[0.0]["protocol"])
        ]

    assert of_names[0.0]["seeds"] == pytest.approx(macro("baseline"))
    assert of_names[1.0]["seeds"] == pytest.approx(macro("mixed"))
    assert of_names[0.0]["effect"] is None
    end = of_names[1.0]
    assert end["effect"] == pytest.approx(end["score"] - of_names[0.0]["score"])
    assert end["low"] <= end["effect"] <= end["high"]
    assert end["p_corrected"] >= end["p"]
    verdict = next(
        v for v in read(folder, "verdicts.json") if (v["arm"], v["target"]) == ("mixed", "names")
    )
    assert verdict["effect"] == pytest.approx(end["effect"])
    assert asked.path_of(asked.arms["mixed"]) == (0.0, 0.5, 1.0)


def keys(evaluations: dict[str, Step]) -> set[str]:
    return {step.key for step in evaluations.values()}


def test_the_ends_of_a_path_cost_nothing_and_a_second_run_nothing_at_all(mixed: Any) -> None:
    asked, folder, store = mixed
    plan = plan_study(asked)
    run = next(r for r in plan.runs if r.arm == "mixed")
    baseline = next(r for r in plan.runs if r.arm == "baseline")
    ends = [keys(run.evaluations["names"]), keys(baseline.evaluations["names"])]
    assert [keys(run.path[share]["names"]) for share in (1.0, 0.0)] == ends
    assert keys(run.path[0.5]["names"]).isdisjoint(ends[0] | ends[1])
    steps = plan.steps()
    assert all(one(step, steps) for of in run.path[0.5].values() for step in of.values())
    assert all(step.exists(store) for step in steps)
    again = run_study(asked, folder.parent / "again", store)
    assert all(step.reused for step in again.run.steps)
    assert read(again.path, "interpolation.json") == read(folder, "interpolation.json")


def test_half_of_the_way_is_the_mean_of_the_weights(mixed: Any, xlm_folder: Path) -> None:
    from crosslift.steps.step import Workplace

    asked, _, store = mixed
    run = next(r for r in plan_study(asked).runs if r.arm == "mixed")
    workplace = Workplace(store)
    name = "encoder.layer.1.output.dense.weight"

    def weight(share: float) -> Any:
        encoder = run.encoder.part_of_the_way(share, 0).load(workplace)
        return dict(encoder.model.named_parameters())[name].detach().float()

    start, half, end = weight(0.0), weight(0.5), weight(1.0)
    assert (start - end).abs().max() > 0
    near = (half - (start + end) / 2).abs() <= 2**-8 * end.abs() + 1e-6  # bfloat16
    assert near.all()


# Several starts


def test_arms_are_compared_with_the_untouched_arm_of_their_own_start(
    xlm_folder: Path, tmp_path: Path
) -> None:
    arms = {
        "text": {"stages": [{"task": "name-alias"}]},
        "other": {"start": "mlm"},
        "text-other": {"start": "mlm", "stages": [{"task": "name-alias"}]},
    }
    asked = study(xlm_folder, arms)
    assert [asked.baseline_of(n) for n in asked.arms] == ["baseline", "baseline", "other", "other"]
    run_study(asked, tmp_path / "run", Store(tmp_path / "store"))
    verdicts = read(tmp_path / "run", "verdicts.json")
    assert {(v["arm"], v["against"]) for v in verdicts} == {
        ("text", "baseline"),
        ("text-other", "other"),
    }
    arms_told = {
        a["name"]: (a["role"], a["baseline"]) for a in read(tmp_path / "run", "run.json")["arms"]
    }
    assert arms_told["other"] == ("baseline", "other")
    assert arms_told["text-other"] == ("trained", "other")


# Guards and options, through a study


def test_guards_and_options_reach_the_training(
    xlm_folder: Path, tmp_path: Path, pairs: Path
) -> None:
    guarded = {
        "task": "text-pairs",
        "data": str(pairs),
        "options": {"temperature": 0.1},
        "lora": {"rank": 2},
        "distillation": {"texts": 20, "batch_size": 4},
    }
    asked = study(xlm_folder, {"guarded": {"stages": [guarded]}}, seeds=[1])
    folder = run_study(asked, tmp_path / "run", Store(tmp_path / "store")).path
    curves = pq.read_table(folder / "curves.parquet").to_pylist()
    assert {r["task"] for r in curves} == {"text-pairs", "distillation"}
    stage = next(a for a in read(folder, "run.json")["arms"] if a["name"] == "guarded")["stages"][0]
    assert stage["settings"]["lora"]["rank"] == 2
    assert stage["settings"]["lora"]["alpha"] == 32.0, "nested settings are told whole"
    assert stage["tasks"][0]["settings"] == {"options": {"temperature": 0.1}}
    exported = export_arm(folder, "guarded", tmp_path / "model")
    mine = load_encoder(EncoderSettings(name=str(exported), precision="float32"))
    plain = load_encoder(EncoderSettings(name=str(xlm_folder), precision="float32"))
    assert (encode(mine, ["a cat"]) != encode(plain, ["a cat"])).any()


def test_every_setting_is_part_of_the_key(xlm_folder: Path, pairs: Path) -> None:
    def key(**settings: Any) -> str:
        stage = {"task": "text-pairs", "data": str(pairs), **settings}
        plan = plan_study(study(xlm_folder, {"a": {"stages": [stage]}}, seeds=[1]))
        return next(r for r in plan.runs if r.arm == "a").stage_steps[0].key

    changed = [
        {},
        {"options": {"temperature": 0.1}},
        {"limit": 2},
        {"lora": {}},
        {"lora": {"rank": 3}},
        {"l2_sp": 0.1},
        {"distillation": {}},
        {"distillation": {"weight": 2.0}},
        {"layer_decay": 0.9},
        {"accumulation": 2},
        {"cached_texts": 2},
        {"cached_tokens": 64},
        {"gradient_checkpointing": True},
        {"schedule": "cosine"},
        {"prompt_src": "query: "},
        {"prompt_tgt": "query: "},
    ]
    assert len({key(**settings) for settings in changed}) == len(changed)
    assert key() == key()


def test_limits_take_the_same_records_for_every_seed(xlm_folder: Path, pairs: Path) -> None:
    from crosslift.planning.task_runs import task_run
    from crosslift.training.task_settings import MixedTaskSettings

    def taken(**settings: Any) -> list[str]:
        asked = MixedTaskSettings(task="text-pairs", data=pairs, **settings)
        return [r.id for r in task_run(asked).train(Store(Path("unused")))[0]]

    assert taken(limit=2) == taken(limit=2)
    assert len(taken(limit=2)) == 2
    assert set(taken(limit=2)) < set(taken())
    assert taken(limit=99) == taken()


# Translated data


def test_a_study_trains_on_translated_data(
    xlm_folder: Path, tmp_path: Path, pairs: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("fake")()
    translated = {"engine": "apertium", "to": ["es", "ca"]}
    arms = {
        "english": {"stages": [{"task": "text-pairs", "data": str(pairs)}]},
        "both": {
            "zero_shot": False,
            "stages": [{"task": "text-pairs", "data": str(pairs), "translate": translated}],
        },
    }
    asked = study(xlm_folder, arms, seeds=[1])
    store = Store(tmp_path / "store")
    folder = run_study(asked, tmp_path / "run", store).path
    told = {a["name"]: a["stages"] for a in read(folder, "run.json")["arms"]}
    assert told["english"][0]["tasks"][0]["train"] == 4
    assert told["both"][0]["tasks"][0]["train"] == 12
    steps = plan_study(asked).steps()
    assert sum(step.kind == "translate" for step in steps) == 1
    assert {t for _, t in plan_study(asked).overlaps} == {"names"}
    assert len(plan_study(asked).overlaps) == 2, "translated texts are compared with targets, too"


# Arms that fail


def broken(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "broken.tsv"
    path.write_text("anchor\tpositive\na cat\t \n", encoding="utf-8")
    return {"stages": [{"task": "text-pairs", "data": str(path)}]}


@pytest.mark.parametrize("missing", [False, True], ids=["a row", "the file"])
def test_the_rest_of_a_study_goes_on_if_asked_to(
    xlm_folder: Path, tmp_path: Path, pairs: Path, missing: bool
) -> None:
    arms = {
        "good": {"stages": [{"task": "text-pairs", "data": str(pairs)}]},
        "bad": broken(tmp_path),
        "bad-control": {**broken(tmp_path), "control_of": "good"},
    }
    if missing:
        (tmp_path / "broken.tsv").unlink()
    compared = [{"arm": "good", "against": "bad"}, {"arm": "good", "against": "baseline"}]
    asked = study(xlm_folder, arms, seeds=[1], comparisons=compared)
    store = Store(tmp_path / "store")
    with pytest.raises(DataError, match=r"broken\.tsv"):
        run_study(asked, tmp_path / "run", store)
    folder = run_study(asked, tmp_path / "run", store, keep_going=True).path
    facts = read(folder, "run.json")
    assert [a["name"] for a in facts["arms"]] == ["baseline", "good"]
    assert [f["arm"] for f in facts["failed"]] == ["bad", "bad-control"]
    assert "broken.tsv" in facts["failed"][0]["error"]
    verdicts = {(v["arm"], v["against"]) for v in read(folder, "verdicts.json")}
    assert verdicts == {("good", "baseline")}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Left out" in page
    assert "broken.tsv" in page
    (tmp_path / "broken.tsv").write_text(PAIRS, encoding="utf-8")
    whole = run_study(asked, tmp_path / "run", store)
    assert [a.name for a in whole.run.arms] == ["baseline", "good", "bad", "bad-control"]


def test_a_study_without_its_baseline_does_not_go_on(xlm_folder: Path, tmp_path: Path) -> None:
    asked = study(
        xlm_folder, {"text": {"stages": [{"task": "name-alias"}]}, "baseline": broken(tmp_path)}
    )
    with pytest.raises(DataError, match=r"broken\.tsv"):
        run_study(asked, tmp_path / "run", Store(tmp_path / "store"), keep_going=True)


def test_the_command_names_what_was_left_out(
    crosslift: Any, xlm_folder: Path, tmp_path: Path, pairs: Path
) -> None:
    arms = {
        "good": {"stages": [{"task": "text-pairs", "data": str(pairs)}]},
        "bad": broken(tmp_path),
    }
    raw = study(xlm_folder, arms, seeds=[1]).model_dump(mode="json", exclude_defaults=True)
    import yaml

    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    kept = ["--store", tmp_path / "store"]
    assert crosslift("run", path, "--out", tmp_path / "run", *kept).code == 2
    done = crosslift("run", path, "--out", tmp_path / "run", "--keep-going", *kept)
    assert done.code == 0
    assert "left out: arm bad" in done.out
    assert "broken.tsv" in done.out


# What a study file may not say


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("{tasks: [{task: mnli, weight: 0.5}, {task: qqp, weight: 0.4}]}", "they sum to 0.9"),
        ("{tasks: [mnli, qqq]}", "tasks[1]: found 'qqq', expected the name of a task"),
        ("{task: masked-lm}", "the path of a file of records"),
        ("{tasks: [{task: ccg}]}", "tasks[0].data: found nothing"),
        ("{task: gettext-mlm, options: {whole_word: true}}", "Did you mean 'whole_words'?"),
        ("{task: mnli, distillation: {task: nope}}", "distillation.task: found 'nope'"),
        ("{task: mnli, early_stop: {}}", "Did you mean 'early_stopping'?"),
        ("{tasks: [{task: mnli, wait: 1}, qqp]}", "Did you mean 'weight'?"),
        ("{task: mnli, translate: {engine: apertium}}", "translate.to: found nothing"),
        ("{task: mnli, schedule: cosin}", "'linear', 'cosine' or 'constant'"),
    ],
)
def test_a_study_file_with_a_faulty_stage(stage: str, told: str) -> None:
    text = (
        "name: x\nquestion: y\nstarts: {s: {encoder: embedded}}\nstart: s\n"
        f"budget: {{updates: 1}}\narms:\n  baseline: {{}}\n  a:\n    stages:\n      - {stage}\n"
        "targets: [names]\n"
    )
    with pytest.raises(StudyFileError) as caught:
        parse_study(text)
    assert told in str(caught.value)
    assert "line 10" in str(caught.value)


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ({"task": "gettext-mlm", "cached_texts": 4}, "cached_texts with task"),
        ({"task": "gettext-mlm", "cached_tokens": 4}, "reads tokens, not vectors"),
        ({"task": "gettext-mlm", "control": "placebo-labels"}, "has no control"),
        ({"task": "picture-name", **SCRATCH, "heads": "kept"}, "a stage before it"),
        ({"task": "name-alias", "hub": "a/b@c"}, "hub: a/b@c"),
        ({"task": "image-text", "hub": "a/b"}, "no revision"),
        ({"task": "gettext-mlm", "keep_best": True}, "without dev records"),
        ({"task": "gettext-mlm", "prompt_src": "query: "}, "does not tell queries from passages"),
        ({"task": "gettext-mlm", "early_stopping": {}}, "without dev records"),
        (
            {"task": "gettext-mlm", "translate": {"engine": "apertium", "to": ["es"]}},
            "no English records",
        ),
    ],
)
def test_settings_that_do_not_fit_the_task(
    xlm_folder: Path, stage: dict[str, Any], told: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("fake")()
    with pytest.raises(StudyError, match=told) as caught:
        plan_study(study(xlm_folder, {"a": {"stages": [stage]}}))
    assert caught.value.remedy


def test_pairs_of_a_target_are_the_first_ones_and_said(xlm_folder: Path, tmp_path: Path) -> None:
    some = [{"name": "gettext", "languages": ["de", "he"], "pairs": 20}]
    run = run_study(study(xlm_folder, {}, targets=some), tmp_path / "run", Store(tmp_path / "s"))
    assert {s.n for s in run.scores if s.language == "de" and s.subset == "all"} == {20}
    assert "first 20 pairs" in run.run.targets[0].title
    whole = plan_study(
        study(xlm_folder, {}, targets=[{"name": "gettext", "languages": ["de", "he"]}])
    )
    part = plan_study(study(xlm_folder, {}, targets=some))
    scored = [keys(plan.runs[0].evaluations["gettext"]) for plan in (whole, part)]
    assert scored[0].isdisjoint(scored[1])
    few = plan_study(study(xlm_folder, {}, targets=[{"name": "pictures", "pairs": 20}]))
    assert "first 20 pictures" in few.targets["pictures"].target.title
    with pytest.raises(StudyError, match="sentences"):
        plan_study(study(xlm_folder, {}, targets=[{"name": "gettext", "sentences": 20}]))


# The studies that are shipped


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_is_valid_and_has_a_runnable_header(path: Path) -> None:
    asked = read_study(path)
    assert asked.name == path.stem
    header = path.read_text(encoding="utf-8").partition("\nname:")[0]
    for word in ("Hardware:", "Time:", f"Command: crosslift run studies/{path.name}"):
        assert word in header


def nine_tasks(folder: Path) -> dict[str, Path]:
    """Tiny files of the nine tasks, in the formats they are published in."""
    found = {}
    for name in ("anli-plus", "mnli", "qqp", "squad-2.0", "squad-1.1", "hellaswag", "ccg"):
        found[name] = write_files(folder / name, name)
    for name in ("cosmos-qa", "commonsense-qa"):
        found[name] = write_files(folder / name, name)
    return found


def write_files(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True)
    parts = ("anli", "mnli", "snli") if name == "anli-plus" else (name,)
    for part in parts:
        write_sample(folder, SAMPLES[part][0].files)
    return folder


def small_phang(encoder: Path, translator: Path, folder: Path) -> Study:
    """The study with a tiny encoder, tiny files and budgets, one seed and few languages."""
    data = nine_tasks(folder)
    wikipedia = folder / "wikipedia"
    wikipedia.mkdir()
    for code in ("de", "sw"):
        lines = "\n".join(
            f"{code} paragraph number {n} with quite some words in it, and more" for n in range(6)
        )
        (wikipedia / f"{code}.txt").write_text(lines, encoding="utf-8")
    data["wikipedia-mlm"] = wikipedia
    raw = read_study(STUDIES / "phang2020.yaml").model_dump(mode="json", exclude_defaults=True)
    raw["starts"] = {"xlm-roberta-large": {"encoder": str(encoder)}}
    raw |= {"seeds": [1], "budget": {"updates": 1, "batch_size": 4}}
    raw |= {"targets": NAMES, "expected": []}
    for arm in raw["arms"].values():
        if "hidden_state" in arm:
            arm["hidden_state"] = 1
        for stage in arm.get("stages", ()):
            stage.pop("budget", None)
            for task in stage["tasks"]:
                task["data"] = str(data[task["task"]])
                if "translate" in task:
                    engine = {"engine": "apertium"}
                    if task["task"] == "mnli":  # it says one word: choices and marks would be lost
                        engine = {"engine": "seq2seq", "model": str(translator)}
                    task["translate"] = {"to": ["es"], "keep_english": False, **engine}
    return study_of(raw)


def test_phang_2020_runs_at_tiny_size(
    xlm_folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("fake")()
    translator = FAMILIES["nllb"](tmp_path / "translator")
    asked = small_phang(xlm_folder, translator, tmp_path / "data")
    assert len(asked.arms) == 1 + 10 + 11 + 10 + 10 + 8
    run = run_study(asked, tmp_path / "run", Store(tmp_path / "store"))
    assert {score.arm for score in run.scores} == set(asked.arms)
    mixed = run.arm("multi-task-with-mlm").stages[0]
    assert len(mixed.tasks) == 10
    mlm = run.arm("mnli-with-mlm").stages[0].tasks
    assert [task.task for task in mlm] == ["mnli", "wikipedia-mlm"]


def test_phang_2020_on_all_nine_targets_at_tiny_size(xlm_folder: Path, tmp_path: Path) -> None:
    """Two of its arms, on tiny files of every target, with its own settings of phase three."""
    raw = read_study(STUDIES / "phang2020.yaml").model_dump(mode="json", exclude_defaults=True)
    raw["starts"] = {"xlm-roberta-large": {"encoder": {"name": str(xlm_folder), "max_tokens": 48}}}
    raw |= {"seeds": [1], "budget": {"updates": 1, "batch_size": 4}}
    raw |= {"arms": {n: raw["arms"][n] for n in ("baseline", "mnli")}}
    raw |= {"comparisons": [], "expected": []}
    raw["arms"]["mnli"]["stages"][0]["tasks"][0]["data"] = str(
        write_files(tmp_path / "mnli", "mnli")
    )
    folder = xtreme_folder(tmp_path, "all")
    assert {target["name"] for target in raw["targets"]} == {task.target for task in TASKS}
    targets = [t for t in raw["targets"] if t["name"] not in ("tatoeba", "bucc")]
    for target in targets:
        target |= {"data": str(folder / target["name"])}
        for settings in (target.get("fine_tune"), raw["fine_tune"]):
            if settings:
                settings |= {"budget": {"updates": 1, "batch_size": 4}, "dev_evaluations": 1}
    raw["targets"] = [*targets, *NAMES]
    run_study(study_of(raw), tmp_path / "run", Store(tmp_path / "store"))
    table = json.loads((tmp_path / "run" / "xtreme.json").read_text(encoding="utf-8"))
    assert [row["arm"] for row in table["rows"]] == ["baseline", "mnli"]
    cells = table["rows"][1]["cells"]
    assert {"xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa"} <= set(cells)
    assert {"classification", "tagging", "qa", "all"} <= set(cells)
    missing = next(g["missing"] for g in table["groups"] if g["name"] == "all")
    assert missing == ["BUCC", "Tatoeba"]


def test_phang_2020_is_planned_without_the_hub(tmp_path: Path) -> None:
    """Nothing is fetched: pinned revisions are enough for keys."""
    asked = read_study(STUDIES / "phang2020.yaml")
    ccg = write_files(tmp_path / "ccg", "ccg")
    raw = asked.model_dump(mode="json", exclude_defaults=True)
    raw |= {"targets": NAMES, "expected": []}
    for arm in raw["arms"].values():
        for stage in arm.get("stages", ()):
            for task in stage["tasks"]:
                if task["task"] == "ccg":
                    task["data"] = str(ccg)
    plan = plan_study(study_of(raw))
    assert len(plan.runs) == 1 + 3 * 38 + 1 + 3 * 10
    kinds = {step.kind for step in plan.steps()}
    assert kinds == {"overlap", "translate", "train", "encode", "evaluate", "diagnose"}
