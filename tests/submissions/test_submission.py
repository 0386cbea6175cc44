"""A run's answers to all nine tasks of XTREME in the official layout, and their official score."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from labelled_samples import xtreme_folder

from crosslift.api.session import run_study
from crosslift.artifacts.manifest import MANIFEST
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError, DataError
from crosslift.sources.bucc_files import load_bucc
from crosslift.steps.step import Step
from crosslift.studies.reading import study_of
from crosslift.studies.schema import Study
from crosslift.submissions.submission import write_submission
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings
from crosslift.xtreme.benchmark import TASKS, xtreme_task
from crosslift.xtreme.score import score_folder
from crosslift.xtreme.write import (
    english_order,
    write_labels,
    write_line_numbers,
    write_pairs,
    write_tags,
)

WORDS = ("tree", "house", "river", "cloud", "stone", "bread")
LABELLED = [task for task in TASKS if task.group != "retrieval"]


def whole_folder(root: Path) -> Path:
    """Tiny files of all nine tasks in all of XTREME's languages, with test labels."""
    folder = xtreme_folder(root, "all")
    for task in LABELLED:
        sample_language = "fi" if task.folder == "tydiqa" else "de"
        for path in sorted((folder / task.folder).rglob("*")):
            marks = (
                f"-{sample_language}.tsv",
                f".{sample_language}.",
                f"-{sample_language}-question-{sample_language}.",
            )
            if path.is_file() and any(mark in path.name for mark in marks):
                for code in task.languages:
                    name = path.name
                    for mark in marks:
                        name = name.replace(mark, mark.replace(sample_language, code))
                    if not (path.parent / name).exists():
                        shutil.copy(path, path.parent / name)
    for code in xtreme_task("tatoeba").languages:
        place = folder / "tatoeba"
        place.mkdir(exist_ok=True)
        src = "".join(f"{code} {word}\n" for word in WORDS)
        (place / f"tatoeba.{code}-en.{code}").write_text(src, encoding="utf-8")
        (place / f"tatoeba.{code}-en.en").write_text("".join(f"the {w}\n" for w in WORDS))
    for code in xtreme_task("bucc").languages:
        for number, split in enumerate(("dev", "test")):
            write_bucc(folder / "bucc2018", code, split, 10 * number)
    return folder


def write_bucc(place: Path, code: str, split: str, first: int) -> None:
    place.mkdir(exist_ok=True)
    for side in (code, "en"):
        lines = [f"{side}-{first + i:09}\t{side} {split} {w}\n" for i, w in enumerate(WORDS)]
        (place / f"{code}-en.{split}.{side}").write_text("".join(lines), encoding="utf-8")
    gold = [f"{code}-{first + i:09}\ten-{first + i:09}\n" for i in range(3)]
    (place / f"{code}-en.{split}.gold").write_text("".join(gold), encoding="utf-8")


def nine_tasks(encoder: Path, folder: Path) -> Study:
    """One arm on all nine, scored on the test sets."""
    targets: list[dict[str, Any]] = [
        {"name": task.target, "data": str(folder / task.folder)} for task in TASKS
    ]
    for target in targets:
        if target["name"] in ("bucc", "tatoeba"):
            target["protocols"] = ["xtreme"]
        if target["name"] == "xnli":
            target["examples"] = 5  # a submission has them all
    raw = {
        "name": "nine",
        "question": "What does it answer?",
        "seeds": [3],
        "starts": {"plain": {"encoder": {"name": str(encoder), "max_tokens": 64}}},
        "start": "plain",
        "arms": {"baseline": {}},
        "fine_tune": {"budget": {"updates": 2, "batch_size": 4}, "dev_evaluations": 1},
        "targets": targets,
    }
    return study_of(raw)


@pytest.fixture(scope="module")
def submitted(
    tiny_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Path]:
    """The data, the run's folder and the submission."""
    root = tmp_path_factory.mktemp("nine")
    folder = whole_folder(root)
    study = nine_tasks(tiny_folders["xlm-roberta"], folder)
    run_study(study, root / "run", Store(root / "store"))
    write_submission(root / "run", "baseline", root / "submission")
    return folder, root / "run", root / "submission"


def write_gold(folder: Path, to: Path) -> None:
    """The label folder of the data."""
    for task in LABELLED:
        settings = TargetSettings(name=task.target, data=folder / task.folder, split="test")
        data = find_target(task.target).load(settings)
        assert isinstance(data, LabelledData)
        for code, records in data.tests.items():
            if task.layout == "labels":
                write_labels(to, task.folder, code, [str(r.label) for r in records])
            elif task.layout == "tags":
                write_tags(to, task.folder, code, [r.tags for r in records])
            else:
                write_questions(to / task.folder / task.file_name(code), list(records))
    for code in xtreme_task("tatoeba").languages:
        order = english_order([f"the {word}" for word in WORDS])
        write_line_numbers(to, "tatoeba", code, order.tolist())
    for code in xtreme_task("bucc").languages:
        split = load_bucc(folder / "bucc2018", code, "test")
        pairs = [(split.src_ids[i], split.tgt_ids[j]) for i, j in split.gold or ()]
        write_pairs(to, "bucc2018", code, pairs)


def write_questions(path: Path, records: list[Any]) -> None:
    paragraphs = [
        {
            "context": r.texts["passage"],
            "qas": [
                {
                    "id": r.id,
                    "question": r.texts["question"],
                    "answers": [
                        {"text": r.texts["passage"][a:b], "answer_start": a} for a, b in r.spans
                    ],
                }
            ],
        }
        for r in records
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")


def test_the_official_score_of_a_submission_is_that_of_the_run(
    submitted: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    folder, run, submission = submitted
    write_gold(folder, tmp_path)
    scores = score_folder(submission, tmp_path).to_json()
    table = json.loads((run / "xtreme.json").read_text(encoding="utf-8"))
    cells = table["rows"][0]["cells"]
    for task in LABELLED:
        if task.target == "xnli":
            continue  # the run scored a part
        cell = cells[task.target]
        accuracy = scores[task.folder]
        for ours, official in (
            *(("accuracy", "accuracy"), ("tag_f1", "f1"), ("entity_f1", "f1")),
            *(("answer_f1", "f1"), ("exact_match", "exact_match")),
        ):
            if ours in cell["details"]:
                expected = accuracy[f"avg_{official}"] / 100
                assert cell["details"][ours] == pytest.approx(expected, abs=1e-6), task.target
    assert cells["qa"]["score"] == pytest.approx(scores["qa"] / 100, abs=1e-6)
    assert cells["tagging"]["score"] == pytest.approx(scores["tagging"] / 100, abs=1e-6)
    accuracy = scores["tatoeba"]["avg_accuracy"] / 100
    assert cells["tatoeba"]["score"] == pytest.approx(accuracy, abs=1e-6)
    assert cells["bucc"]["score"] == pytest.approx(scores["bucc2018"]["avg_f1"] / 100, abs=1e-6)
    assert 0 < accuracy < 1  # an order that is not the official one would show
    remarks = {row["target"]: row["remark"] for row in table["columns"]}
    assert "our own definition" not in remarks["tatoeba"]


def test_every_task_and_language_has_a_file(submitted: tuple[Path, Path, Path]) -> None:
    files = {p.relative_to(submitted[2]).as_posix() for p in submitted[2].rglob("*.*")}
    expected = {
        f"{task.folder}/{task.file_name(code)}" for task in TASKS for code in task.languages
    }
    assert files == expected
    first = (submitted[2] / "xnli" / "test-sw.tsv").read_text(encoding="utf-8").split()
    assert len(first) == 8  # all of them, though the study scored five


class RecordingListener(Silent):
    """Remembers what was made."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def begin(self, step: Step) -> None:
        self.kinds.append(step.kind)


def test_up_to_date_steps_are_not_trained_again(
    submitted: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    listener = RecordingListener()
    tasks = ["xnli", "udpos", "bucc", "tatoeba"]
    write_submission(submitted[1], "baseline", tmp_path / "again", None, tasks, listener)
    assert "train" not in listener.kinds
    again = {p.relative_to(tmp_path / "again").as_posix() for p in tmp_path.rglob("test-*")}
    assert {name.split("/")[0] for name in again} == {"xnli", "udpos", "bucc2018", "tatoeba"}
    for name in again:
        assert (tmp_path / "again" / name).read_bytes() == (submitted[2] / name).read_bytes()


def made_by_other_code(store: Store, kind: str) -> list[str]:
    """Makes every artifact of a kind look as if other code had made it: their keys."""
    paths = [*store.root.glob(f"{kind}/*/{MANIFEST}"), *store.root.glob(f"traces/{kind}/*.json")]
    for path in paths:
        content = json.loads(path.read_text())
        content["code"]["crosslift.training.rates"] = "0" * 16
        del content["checksum"]
        path.write_text(json.dumps(content))
    return [json.loads(path.read_text())["key"] for path in paths]


@pytest.fixture
def trained(
    tiny_folders: dict[str, Path], submitted: tuple[Path, Path, Path], tmp_path: Path
) -> tuple[Path, Store]:
    """A run's folder and store: an arm with a stage, fine-tuned for one target."""
    raw = nine_tasks(tiny_folders["xlm-roberta"], submitted[0]).model_dump(
        mode="json", exclude_unset=True
    )
    stage = {"task": "name-alias", "budget": {"updates": 2, "batch_size": 4}}
    arms = {"baseline": {}, "text": {"stages": [stage]}}
    few = [target for target in raw["targets"] if target["name"] in ("xnli", "tatoeba")]
    store = Store(tmp_path / "store")
    run_study(study_of(raw | {"arms": arms, "targets": few}), tmp_path / "run", store)
    return tmp_path / "run", store


def test_what_other_code_made_is_trained_again_or_taken_and_named(
    crosslift: Any, trained: tuple[Path, Store], tmp_path: Path
) -> None:
    run, store = trained
    keys = made_by_other_code(store, "train")
    predict = ("xtreme", "predict", run, "text")
    options = ("--tasks", "xnli,tatoeba", "--json", "-")
    trusted = crosslift(*predict, tmp_path / "trusted", *options, "--trust-code")
    assert trusted.code == 0
    others = trusted.json["other_code"]
    assert [step["kind"] for step in others] == ["train"] * 2, "the stage and the fine-tuning"
    assert {step["key"] for step in others} < set(keys), "the baseline has a fine-tuning, too"
    assert {tuple(step["modules"]) for step in others} == {("crosslift.training.rates",)}
    assert "Made by other code than this submission: " in trusted.err
    assert "training.rates" in trusted.err
    listener = RecordingListener()
    again = write_submission(run, "text", tmp_path / "again", None, ["xnli", "tatoeba"], listener)
    assert listener.kinds.count("train") == 2 and again.other_code == []
    for path in again.files:
        name = path.relative_to(tmp_path / "again")
        assert path.read_bytes() == (tmp_path / "trusted" / name).read_bytes()


def test_answers_of_weights_that_the_run_does_not_report_are_refused(
    trained: tuple[Path, Store], tmp_path: Path
) -> None:
    run, _ = trained
    facts = json.loads((run / "run.json").read_text())
    (stage,) = [
        step
        for step in facts["steps"]
        if (step["kind"], step["arm"]) == ("train", "text") and "fine-tuning" not in step["label"]
    ]
    stage["digest"] = "0" * 32
    (run / "run.json").write_text(json.dumps(facts))
    with pytest.raises(ArtifactError, match="made again since, and its digest is") as caught:
        write_submission(run, "text", tmp_path / "new", tasks=["tatoeba"])
    assert caught.value.expected == f"the artifact with the digest {'0' * 32}"
    assert not (tmp_path / "new").exists()


def test_a_language_that_is_missing_is_named_and_nothing_written(
    submitted: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    lost = submitted[0] / "pawsx" / "test-ko.tsv"
    content = lost.read_bytes()
    lost.unlink()
    try:
        with pytest.raises(DataError, match="PAWS-X lacks ko"):
            write_submission(submitted[1], "baseline", tmp_path / "new", tasks=["udpos", "pawsx"])
    finally:
        lost.write_bytes(content)
    assert not (tmp_path / "new").exists()


def test_bucc_without_test_files_is_refused(
    submitted: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    place = submitted[0] / "bucc2018"
    lost = [place / f"fr-en.test.{side}" for side in ("fr", "en", "gold")]
    contents = [path.read_bytes() for path in lost]
    for path in lost:
        path.unlink()
    try:
        with pytest.raises(DataError, match="has no test split of fr"):
            write_submission(submitted[1], "baseline", tmp_path / "new", tasks=["bucc"])
    finally:
        for path, content in zip(lost, contents, strict=True):
            path.write_bytes(content)
