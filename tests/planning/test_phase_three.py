"""Phase three: fine-tuned on English, answered in every language, scored, shown, submitted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from executed_modules import modules_outside_their_code
from labelled_samples import xtreme_folder
from small_study import SCRATCH
from tiny_encoder import load_tiny

from crosslift.analysis.collect import Gathered
from crosslift.analysis.write_run_folder import write_run_folder
from crosslift.api.session import evaluate
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError, UnknownNameError
from crosslift.forms.classification import Classification
from crosslift.forms.span_qa import SpanQA
from crosslift.forms.tagging import Tagging
from crosslift.making.answer import answers_in, labelled_alike, pairs_in
from crosslift.metrics.answers import question_scores
from crosslift.metrics.tags import chunk_counts, chunk_scores
from crosslift.planning.phase_three import check_parallel
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.results.run_folder import RunFolder
from crosslift.sources.record import Record
from crosslift.steps.before_run import missing_steps
from crosslift.steps.passing import Passing
from crosslift.steps.run import run_plan
from crosslift.steps.status import Status
from crosslift.steps.step import Step
from crosslift.studies.reading import StudyFileError, study_of
from crosslift.studies.schema import Study
from crosslift.submissions.submission import write_submission
from crosslift.targets.all_targets import find_target
from crosslift.targets.evaluate_labelled import evaluate_answers
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings

TARGETS = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa")


def study(encoder: Path, data: Path, **changes: Any) -> Study:
    """Two arms on some targets of labelled examples, and one of retrieval."""
    raw: dict[str, Any] = {
        "name": "phase-three",
        "question": "Does it transfer?",
        "seeds": [1, 2],
        "starts": {"plain": {"encoder": {"name": str(encoder), "max_tokens": 64}}},
        "start": "plain",
        "budget": {"updates": 2, "batch_size": 4},
        "arms": {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        "fine_tune": {"budget": {"updates": 3, "batch_size": 4}, "dev_evaluations": 1},
        "targets": [
            *({"name": name, "data": str(data / name)} for name in ("xnli", "udpos")),
            {"name": "xquad", "data": str(data / "xquad"), "english": str(data / "squad")},
            {"name": "gettext", "languages": ["de"]},
        ],
    }
    return study_of(raw | changes)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xtreme_folder(tmp_path_factory.mktemp("xtreme"))


@pytest.fixture(scope="module")
def ran(
    tiny_folders: dict[str, Path], data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Store, Path]:
    """A run of the study: its plan, store and folder."""
    root = tmp_path_factory.mktemp("ran")
    targets = [
        {"name": "xnli", "data": str(data / "xnli"), "generalised": True, "split": "dev"},
        {"name": "udpos", "data": str(data / "udpos"), "split": "dev"},
        {"name": "xquad", "data": str(data / "xquad"), "english": str(data / "squad")},
        {"name": "gettext", "languages": ["de"]},
    ]
    plan = plan_study(study(tiny_folders["xlm-roberta"], data, targets=targets))
    store = Store(root / "store")
    with modules_outside_their_code() as outside:
        done, records = run_plan(plan, store)
    assert {"train", "answer", "evaluate"} <= set(outside) and not any(outside.values()), outside
    write_run_folder(done, store, records, root / "run")
    return done, store, root / "run"


def test_every_arm_and_seed_is_tuned_and_the_baseline_measured_once(
    ran: tuple[Plan, Store, Path],
) -> None:
    plan, _, _ = ran
    tuned = {(run.arm, run.seed): set(run.fine_tuned) for run in plan.runs if run.fine_tuned}
    every = {"xnli", "udpos", "xquad"}
    assert tuned == {(arm, seed): every for arm in ("baseline", "text") for seed in (1, 2)}
    retrieval = [(run.arm, run.seed) for run in plan.runs if "gettext" in run.evaluations]
    assert retrieval == [("baseline", 0), ("text", 1), ("text", 2)]


def test_answers_are_the_ones_that_are_scored(ran: tuple[Plan, Store, Path]) -> None:
    plan, store, _ = ran
    run = next(run for run in plan.runs if (run.arm, run.seed) == ("text", 2))
    table = Gathered(plan, store).results.to_pylist()
    scores = {
        (row["target"], row["language"], row["metric"]): row["value"]
        for row in table
        if (row["arm"], row["seed"], row["subset"]) == ("text", 2, "all")
    }
    for target in ("xnli", "udpos", "xquad"):
        loaded = plan.targets[target].data
        assert isinstance(loaded, LabelledData)
        given = answers_in(run.fine_tuned[target].answers, store)
        assert set(given) == set(loaded.tests)
        for language, records in loaded.tests.items():
            expected = by_hand(target, language, records, given[language])
            for metric, value in expected.items():
                assert scores[target, language, metric] == pytest.approx(value, abs=1e-6)


def by_hand(
    target: str, language: str, records: tuple[Record, ...], given: list[Any]
) -> dict[str, float]:
    if target == "xnli":
        return {"accuracy": np.mean([r.label == g for r, g in zip(records, given, strict=True)])}
    if target == "udpos":
        gold = [record.tags for record in records]
        return {"tag_f1": chunk_scores(chunk_counts(given, gold)).f1}
    pairs = []
    for record, answer in zip(records, given, strict=True):
        right = [record.texts["passage"][a:b] for a, b in record.spans]
        assert answer in record.texts["passage"]
        pairs.append(question_scores(answer, right, language, "squad"))
    return {"exact_match": np.mean(pairs, axis=0)[0], "answer_f1": np.mean(pairs, axis=0)[1]}


def test_the_table_says_what_the_results_say(ran: tuple[Plan, Store, Path]) -> None:
    folder = ran[2]
    table = json.loads((folder / "xtreme.json").read_text(encoding="utf-8"))
    rows = {row["arm"]: row["cells"] for row in table["rows"]}
    assert list(rows) == ["baseline", "text"]
    results = pq.read_table(folder / "results.parquet").to_pylist()
    for target, metric in (("xnli", "accuracy"), ("udpos", "tag_f1"), ("xquad", "answer_f1")):
        macro = [
            row["value"]
            for row in results
            if (row["arm"], row["target"], row["language"]) == ("text", target, "macro")
            and (row["metric"], row["subset"]) == (metric, "all")
        ]
        assert len(macro) == 2
        assert rows["text"][target]["score"] == pytest.approx(np.mean(macro), abs=1e-6)
        gap = rows["text"][target]["score"] - rows["baseline"][target]["score"]
        assert rows["text"][target]["effect"] == pytest.approx(gap, abs=1e-6)
        assert rows["baseline"][target]["effect"] is None
    questions = rows["text"]["xquad"]["details"]
    official = (questions["answer_f1"] + questions["exact_match"]) / 2
    parts = [rows["text"]["xnli"]["score"], rows["text"]["udpos"]["score"], official]
    assert rows["text"]["all"]["score"] == pytest.approx(np.mean(parts), abs=1e-6)
    groups = {group["name"]: group for group in table["groups"]}
    assert "PAWS-X" in groups["classification"]["missing"]
    assert len(groups["all"]["missing"]) == 6
    gaps = {(g["arm"], g["target"]): g for g in table["transfer_gaps"]}
    found = gaps["text", "xnli"]
    by_language = {
        row["language"]: row["score"]
        for row in table["languages"]
        if (row["arm"], row["target"]) == ("text", "xnli")
    }
    others = [score for language, score in by_language.items() if language != "en"]
    assert found["gap"] == pytest.approx(by_language["en"] - np.mean(others), abs=1e-6)
    assert found["effect"] == pytest.approx(found["gap"] - gaps["baseline", "xnli"]["gap"])
    columns = {column["target"]: column for column in table["columns"]}
    assert columns["xnli"]["split"] == "dev"
    assert columns["xnli"]["fine_tune"]["updates"] == 3
    assert "held out" in columns["xnli"]["selection"]


def test_two_languages_at_once(ran: tuple[Plan, Store, Path]) -> None:
    plan, store, folder = ran
    loaded = plan.targets["xnli"].data
    assert isinstance(loaded, LabelledData)
    run = next(run for run in plan.runs if run.fine_tuned)
    step = run.fine_tuned["xnli"].generalised
    assert step is not None
    languages, correct = pairs_in(step, store)
    assert languages == list(loaded.tests)
    size = len(next(iter(loaded.tests.values())))
    assert correct.shape == (len(languages), len(languages), size)
    given = answers_in(run.fine_tuned["xnli"].answers, store)
    for place, (language, records) in enumerate(loaded.tests.items()):
        right = [r.label == g for r, g in zip(records, given[language], strict=True)]
        assert correct[place, place].tolist() == right
    matrices = json.loads((folder / "generalised.json").read_text(encoding="utf-8"))
    assert [m["arm"] for m in matrices] == ["baseline", "text"]
    matrix = np.array(matrices[1]["matrix"])
    assert matrices[1]["same"] == pytest.approx(np.diag(matrix).mean())
    assert matrices[1]["mixed"] == pytest.approx(matrix[~np.eye(len(matrix), dtype=bool)].mean())
    gap = matrices[1]["mixed"] - matrices[0]["mixed"]
    assert matrices[1]["effect"] == pytest.approx(gap)


def test_the_report_and_the_run_folder_are_whole(ran: tuple[Plan, Store, Path]) -> None:
    _, _, folder = ran
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="xtreme"' in page
    assert 'id="generalised"' in page
    RunFolder.read(folder)


def test_targets_of_one_english_set_share_their_tuning(
    tiny_folders: dict[str, Path], data: Path
) -> None:
    squad = str(data / "squad")
    targets = [{"name": n, "data": str(data / n), "english": squad} for n in ("xquad", "mlqa")]
    plan = plan_study(study(tiny_folders["xlm-roberta"], data, targets=targets))
    for run in plan.runs:
        keys = {each.tuned.key for each in run.fine_tuned.values()}
        assert len(keys) <= 1
    steps = [step for step in plan.steps() if step.kind == "train" and "fine-tuning" in step.label]
    assert len(steps) == 4  # two arms, two seeds


def test_a_locked_arm_is_tuned_as_the_baseline_is(
    tiny_folders: dict[str, Path], data: Path
) -> None:
    arms = {
        "baseline": {},
        "locked": {"stages": [{"task": "picture-name", **SCRATCH, "text_side": "locked"}]},
    }
    plan = plan_study(study(tiny_folders["xlm-roberta"], data, arms=arms))
    keys = {
        arm: {r.fine_tuned["xnli"].tuned.key for r in plan.runs if r.arm == arm and r.fine_tuned}
        for arm in arms
    }
    assert keys["baseline"] == keys["locked"]


def test_weights_that_are_not_kept_are_made_again_only_when_asked_for(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    tuning = {"budget": {"updates": 2, "batch_size": 4}, "keep_weights": False}
    whole = study(tiny_folders["xlm-roberta"], data, fine_tune=tuning, arms={"baseline": {}})
    store = Store(tmp_path / "store")
    plan = plan_study(whole)
    done, records = run_plan(plan, store)
    tuned = [each.tuned for run in plan.runs for each in run.fine_tuned.values()]
    assert tuned and not any(step.exists(store) for step in tuned)
    assert not list((store.root / "train").glob("*/encoder.safetensors"))
    assert missing_steps(plan.steps(), store, Status(store)) == []
    _, second = run_plan(plan, store)
    assert [record.reused for record in second] == [True] * len(second)
    write_run_folder(done, store, records, tmp_path / "run")

    kept = study(
        tiny_folders["xlm-roberta"],
        data,
        arms={"baseline": {}},
        fine_tune={**tuning, "keep_weights": True},
    )
    same = plan_study(kept)
    assert [s.key for s in same.steps()] == [s.key for s in plan.steps()]  # no part of any key
    shutil.rmtree(store.place("answer", plan.runs[-1].fine_tuned["xnli"].answers.key))
    wanted = missing_steps(plan.steps(), store, Status(store))
    assert [step.kind for step in wanted] == ["train", "answer", "evaluate"]
    _, third = run_plan(plan, store)
    again = [record.step.kind for record in third if not record.reused]
    assert again == ["train", "answer"], "the same answers have the same scores"
    assert not any(step.exists(store) for step in tuned)


def tuned_steps(plan: Plan) -> list[Step]:
    return [each.tuned for run in plan.runs for each in run.fine_tuned.values()]


def passing_plan(encoder: Path, data: Path, *, keep: bool, targets: Any = None) -> Plan:
    """A baseline on one target, whose fine-tuned weights are kept or not."""
    tuning = {"budget": {"updates": 1, "batch_size": 4}, "keep_weights": keep}
    asked = targets or [{"name": "udpos", "data": str(data / "udpos")}]
    arms = {"baseline": {}}
    return plan_study(study(encoder, data, fine_tune=tuning, arms=arms, targets=asked))


def test_a_run_that_was_stopped_before_the_weights_went_clears_them(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    plan = passing_plan(tiny_folders["xlm-roberta"], data, keep=False)
    with monkeypatch.context() as stopped:
        stopped.setattr(Store, "discard", lambda *_: None)
        run_plan(plan, store)
    assert all(step.exists(store) for step in tuned_steps(plan))
    run_plan(plan, store)
    assert not any(step.exists(store) for step in tuned_steps(plan))


def test_weights_that_another_study_keeps_stay(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    store, encoder = Store(tmp_path / "store"), tiny_folders["xlm-roberta"]
    kept = passing_plan(encoder, data, keep=True)
    run_plan(kept, store)
    run_plan(passing_plan(encoder, data, keep=False), store)
    assert all(step.exists(store) for step in tuned_steps(kept))


def test_weights_that_are_gone_when_they_are_read_are_made_again(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another process on the same store took them out in between."""
    store = Store(tmp_path / "store")
    plan = passing_plan(tiny_folders["xlm-roberta"], data, keep=False)
    lost = []
    note = Passing.note

    def losing(self: Passing, step: Step) -> None:
        note(self, step)
        if step.passing and step.exists(store) and not lost:
            lost.append(step.key)
            store.discard(step.kind, step.key)

    monkeypatch.setattr(Passing, "note", losing)
    _, records = run_plan(plan, store)
    assert lost
    assert {"answer", "evaluate"} <= {record.step.kind for record in records}
    assert not any(step.exists(store) for step in tuned_steps(plan))


def test_one_target_that_keeps_its_weights_keeps_those_it_shares(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    squad = str(data / "squad")
    budget = {"updates": 1, "batch_size": 4}
    targets = [
        {"name": name, "data": str(data / name), "english": squad}
        | {"fine_tune": {"budget": budget, "keep_weights": keep}}
        for name, keep in (("xquad", False), ("mlqa", True))
    ]
    store = Store(tmp_path / "store")
    plan = passing_plan(tiny_folders["xlm-roberta"], data, keep=False, targets=targets)
    run_plan(plan, store)
    assert all(step.exists(store) for step in tuned_steps(plan))


def test_a_locked_text_side_trains_the_head_alone(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    tuning = {"budget": {"updates": 1, "batch_size": 4}, "text_side": "locked"}
    targets = [{"name": "udpos", "data": str(data / "udpos")}]
    plan = plan_study(
        study(
            tiny_folders["xlm-roberta"],
            data,
            fine_tune=tuning,
            arms={"baseline": {}},
            targets=targets,
        )
    )
    store = Store(tmp_path / "store")
    run_plan(plan, store)
    for run in plan.runs:
        if run.fine_tuned:
            assert answers_in(run.fine_tuned["udpos"].answers, store)


def test_examples_without_labels_are_answered_and_named(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    targets = [
        {"name": "udpos", "data": str(data / "udpos"), "split": "test"},
        {"name": "xnli", "data": str(data / "xnli")},
    ]
    store = Store(tmp_path / "store")
    plan = plan_study(
        study(tiny_folders["xlm-roberta"], data, arms={"baseline": {}}, targets=targets)
    )
    done, records = run_plan(plan, store)
    write_run_folder(done, store, records, tmp_path / "run")
    table = json.loads((tmp_path / "run" / "xtreme.json").read_text(encoding="utf-8"))
    assert [column["target"] for column in table["columns"]] == ["xnli"]
    groups = {group["name"]: group["missing"] for group in table["groups"]}
    assert "UD-POS (no labels)" in groups["all"]
    run = next(run for run in plan.runs if run.fine_tuned)
    assert answers_in(run.fine_tuned["udpos"].answers, store)["de"]
    alone = study(tiny_folders["xlm-roberta"], data, arms={"baseline": {}}, targets=targets[:1])
    with pytest.raises(StudyError, match="no target of the study has labels"):
        plan_study(alone)


def test_what_does_not_go_through_whole_is_counted(tiny_folders: dict[str, Path]) -> None:
    encoder = load_tiny(tiny_folders["xlm-roberta"], max_tokens=12, prompt="")
    short, long = "cat", "b" * 30
    words = [Record("0", words=(short,)), Record("1", words=(*([short] * 9), long))]
    found = Tagging(tags=("a", "b")).cut(encoder, words)
    assert found == {"sentences cut between words": 1, "words without their end": 1}
    pairs = [
        Record(str(n), {"text": text, "pair": "x"}) for n, text in enumerate((short, long, "cat"))
    ]
    form = Classification(pair="pair", labels=("a", "b"))
    assert form.cut(encoder, pairs) == {"texts without their end": 1}
    assert Classification(labels=("a", "b")).cut(encoder, pairs) == {"texts without their end": 1}
    asked = [
        Record("0", {"question": "x", "passage": "rain"}),
        Record("1", {"question": long, "passage": "rain " * 9}),
    ]
    expected = {"passages in several windows": 1, "questions without their end": 1}
    assert SpanQA().cut(encoder, asked) == expected


def test_a_study_without_a_budget_of_fine_tuning_is_refused(
    tiny_folders: dict[str, Path], data: Path
) -> None:
    with pytest.raises(StudyFileError, match="fine_tune"):
        study(tiny_folders["xlm-roberta"], data, fine_tune={"learning_rate": 1e-5})
    own = {"name": "udpos", "data": str(data / "udpos")}
    own["fine_tune"] = {"budget": {"updates": 1, "batch_size": 2}}
    study(tiny_folders["xlm-roberta"], data, fine_tune={}, targets=[own])


def test_settings_of_labelled_examples_on_others_are_refused(
    tiny_folders: dict[str, Path], data: Path
) -> None:
    for setting in ({"examples": 5}, {"split": "dev"}, {"generalised": True}):
        targets = [{"name": "gettext", "languages": ["de"], **setting}]
        with pytest.raises(StudyError, match=next(iter(setting))):
            plan_study(study(tiny_folders["xlm-roberta"], data, targets=targets))
    targets = [{"name": "udpos", "data": str(data / "udpos"), "pairs": 5}]
    with pytest.raises(StudyError, match="`examples` takes a part"):
        plan_study(study(tiny_folders["xlm-roberta"], data, targets=targets))


def test_a_part_of_the_examples_says_so(tiny_folders: dict[str, Path], data: Path) -> None:
    targets = [{"name": "udpos", "data": str(data / "udpos"), "examples": 3, "split": "dev"}]
    plan = plan_study(study(tiny_folders["xlm-roberta"], data, targets=targets))
    loaded = plan.targets["udpos"]
    assert "first 3 examples of each language" in loaded.target.title
    assert "dev" in loaded.target.title
    assert isinstance(loaded.data, LabelledData)
    assert {len(records) for records in loaded.data.tests.values()} == {3}


def test_an_encoder_alone_cannot_answer(tiny_folders: dict[str, Path], data: Path) -> None:
    asked = TargetSettings(name="udpos", data=data / "udpos")
    with pytest.raises(StudyError, match="fine-tuned"):
        evaluate(str(tiny_folders["xlm-roberta"]), asked)


def test_another_english_task_in_the_place_of_its_own(
    tiny_folders: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    mrpc = tmp_path / "mrpc"
    mrpc.mkdir()
    header = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
    rows = "".join(
        f"{n % 2}\t{n}\t{n + 100}\tThe man number {n} is here .\tHe is the man number {n} .\n"
        for n in range(12)
    )
    (mrpc / "msr_paraphrase_train.txt").write_text(header + rows, encoding="utf-8")
    asked = TargetSettings(
        name="pawsx",
        data=data / "pawsx",
        english_task="mrpc",
        english=mrpc,
        english_labels={"equivalent": "1", "not-equivalent": "0"},
    )
    found = find_target("pawsx").load(asked)
    assert isinstance(found, LabelledData)
    assert {record.label for record in found.task.source.train()} == {"0", "1"}
    assert "mrpc" in found.task.name
    assert found.task.source.dev()
    assert "fine-tuned on mrpc" in found.remark
    assert not {r.id for r in found.task.source.dev()} & {r.id for r in found.task.source.train()}
    wrong = asked.model_copy(update={"english_labels": {}})
    with pytest.raises(StudyError, match="english_labels"):
        find_target("pawsx").load(wrong)
    other = asked.model_copy(update={"english_task": "sick-relatedness"})
    with pytest.raises(StudyError, match="classification"):
        find_target("pawsx").load(other)


def test_answers_without_a_partner_are_refused() -> None:
    target = find_target("udpos")
    record = Record("0", words=("a", "b"), tags=("NOUN", "VERB"))
    tests = {"de": (record,)}
    whole = LabelledData(None, tests, "dev", True, "", checksum="")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="0 answers to 1 examples in de"):
        list(evaluate_answers(target.protocols, whole, {}))


def test_pairs_in_two_languages_must_be_translations() -> None:
    def pair(label: str) -> Record:
        return Record("0", {"text": "a", "pair": "b"}, label=label)

    def held(tests: dict[str, list[Record]], labelled: bool = True) -> LabelledData:
        return LabelledData(None, tests, "dev", labelled, "", checksum="")  # type: ignore[arg-type]

    check_parallel("xnli", held({"en": [pair("x")], "de": [pair("x")]}))
    assert labelled_alike({"en": [pair("x"), pair("x")], "de": [pair("y"), pair("x")]}) == [1]
    with pytest.raises(DataError, match="2 examples in de, 1 in en"):
        check_parallel("xnli", held({"en": [pair("x")], "de": [pair("x"), pair("x")]}))
    with pytest.raises(StudyError, match="no pairs of texts"):
        check_parallel("udpos", held({"en": [Record("0", words=("a",))]}))
    with pytest.raises(StudyError, match="no labels"):
        check_parallel("xnli", held({"en": [pair("x")], "de": [pair("x")]}, labelled=False))
    with pytest.raises(StudyError, match="in en alone"):
        check_parallel("xnli", held({"en": [pair("x")]}))


def test_what_a_submission_lacks_is_named(ran: tuple[Plan, Store, Path], tmp_path: Path) -> None:
    folder, to = ran[2], tmp_path / "all"
    with pytest.raises(StudyError, match="does not measure pawsx, panx"):
        write_submission(folder, "text", to)
    with pytest.raises(UnknownNameError):
        write_submission(folder, "nobody", to)
    with pytest.raises(UnknownNameError):
        write_submission(folder, "text", to, seed=7)
    with pytest.raises(DataError, match="XNLI lacks ar"):
        write_submission(folder, "text", to, tasks=["xnli"])
    assert not to.exists()  # nothing was written
