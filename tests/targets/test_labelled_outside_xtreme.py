"""Labelled targets outside XTREME: a row for each, from its published files to its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from dataset_samples import write_sample

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.errors import DataError, StudyError
from crosslift.forms.forward import all_vectors
from crosslift.forms.multiple_choice import MultipleChoice
from crosslift.sources.record import Record
from crosslift.studies.reading import study_of
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings


@dataclass(frozen=True)
class Outside:
    """A target and a sample of its files.

    Args:
        name: of the target.
        languages: number of languages that it measures.
        metric: the primary one.
        task: of the fine-tuning.
        files: path -> content, of the target's own folder, in Estonian and Swahili.
        english: path -> content, of the English training set.
        test: the second record that is scored in Swahili.
    """

    name: str
    languages: int
    metric: str
    task: str
    files: Mapping[str, str]
    english: Mapping[str, str]
    test: Record


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def causes(language: str, split: str, count: int) -> str:
    """Examples as XCOPA publishes them."""
    return lines(
        [
            {
                "premise": f"{language} {split} {n}: it rains.",
                "choice1": f"{language} clouds {n}.",
                "choice2": f"{language} wet streets {n}.",
                "question": "effect" if n % 2 else "cause",
                "label": n % 2,
                "idx": n,
                "changed": False,
            }
            for n in range(count)
        ]
    )


def social(count: int) -> str:
    """Examples as Social IQa publishes them."""
    return lines(
        [
            {
                "context": f"The man with the {n} dogs went out in the rain.",
                "question": "What will he want to do next?",
                "answerA": "sit in the sun",
                "answerB": f"dry the {n} dogs",
                "answerC": "sell the rain",
                "correct": "ABC"[n % 3],
            }
            for n in range(count)
        ]
    )


ROWS = (
    Outside(
        name="xcopa",
        languages=11,
        metric="accuracy",
        task="social-iqa",
        files={
            f"data/{code}/{split}.{code}.jsonl": causes(code, split, count)
            for code in ("et", "sw")
            for split, count in (("val", 3), ("test", 5))
        },
        english={
            "socialIQa_v1.4_trn.jsonl": social(12),
            "socialIQa_v1.4_dev.jsonl": social(3),
        },
        test=Record(
            "1",
            {"context": "sw test 1: it rains.", "question": "What happened as a result?"},
            language="sw",
            choices=("sw clouds 1.", "sw wet streets 1."),
            answer=1,
        ),
    ),
)


@pytest.fixture(params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Outside:
    outside: Outside = request.param
    return outside


def load(row: Outside, folder: Path, **settings: Any) -> LabelledData:
    data, english = folder / row.name, folder / "english"
    write_sample(data, row.files)
    write_sample(english, row.english)
    target_settings = TargetSettings(name=row.name, data=data, english=english, **settings)
    loaded = find_target(row.name).load(target_settings)
    assert isinstance(loaded, LabelledData)
    return loaded


def test_the_published_files_are_read(row: Outside, tmp_path: Path) -> None:
    data = load(row, tmp_path)
    target = find_target(row.name)
    assert (len(target.languages or ()), target.metric) == (row.languages, row.metric)
    (protocol,) = target.protocols
    assert (protocol.id, protocol.reproduces) == ("crosslift/zero-shot", None)
    assert (data.languages, data.split, data.labelled) == (("et", "sw"), "test", True)
    assert len(data.gaps) == row.languages - 2
    assert data.tests["sw"][1] == row.test
    assert data.task.name == row.task
    assert "held out of training" in data.selection
    train, dev = data.task.source.train(), data.task.source.dev()
    assert dev and not {r.id for r in train} & {r.id for r in dev}
    assert set(row.test.choices) <= set(data.distinct_texts())
    assert data.items_with({row.test.choices[0]}) == {"et": set(), "sw": {row.test.id}}
    assert load(row, tmp_path, split="dev").split == "dev"


def test_an_arm_is_fine_tuned_and_scored(
    row: Outside, tiny_folders: dict[str, Path], tmp_path: Path
) -> None:
    data = load(row, tmp_path)
    study = study_of(
        {
            "name": "outside",
            "question": "Does it transfer?",
            "seeds": [1],
            "starts": {"plain": {"encoder": str(tiny_folders["xlm-roberta"])}},
            "start": "plain",
            "arms": {"baseline": {}},
            "fine_tune": {"budget": {"updates": 2, "batch_size": 4}},
            "targets": [
                {
                    "name": row.name,
                    "data": str(tmp_path / row.name),
                    "english": str(tmp_path / "english"),
                }
            ],
        }
    )
    out = tmp_path / "out"
    run_study(study, out, Store(tmp_path / "store"))
    outcomes = pq.read_table(out / "outcomes.parquet").to_pylist()
    records = {(code, r.id): r for code, of in data.tests.items() for r in of}
    assert {(each["language"], each["item"]) for each in outcomes} == set(records)
    for each in outcomes:
        record = records[each["language"], each["item"]]
        assert each["retrieved"] in record.choices
        assert each[row.metric] == (each["retrieved"] == record.right)
    results = pq.read_table(out / "results.parquet").to_pylist()
    scores = {r["language"]: r["value"] for r in results if r["subset"] == "all"}
    assert set(scores) == {"et", "sw", "macro"}
    right = [each[row.metric] for each in outcomes if each["language"] == "sw"]
    assert scores["sw"] == pytest.approx(sum(right) / len(right))
    examples = json.loads((out / "examples.json").read_text(encoding="utf-8"))
    example = next(e for e in examples if row.test.texts["context"] in e["query_text"])
    assert example["gold_text"] == row.test.right
    assert example["answers"][0]["text"] in row.test.choices
    assert not (out / "xtreme.json").exists()
    assert find_target(row.name).title in (out / "report.html").read_text(encoding="utf-8")


def test_choices_are_counted_record_by_record(tiny_folders: dict[str, Path]) -> None:
    encoder = load_encoder(EncoderSettings(name=str(tiny_folders["xlm-roberta"])))
    form = MultipleChoice(context="context", question="question", choices=3)
    head = form.head(encoder, seed=5)
    records = [
        Record(str(n), {"context": f"rain {n}", "question": "why"}, choices=choices)
        for n, choices in enumerate([("a", "bb b"), ("c", "d d", "ee"), ("sun", "f")])
    ]
    alone = []
    for record in records:
        with torch.inference_mode():
            scores = head(all_vectors(encoder, form.sequences(encoder, [record])))
        assert scores.shape == (len(record.choices), 1)
        alone.append(record.choices[int(scores.argmax())])
    assert form.answers(encoder, head, records) == alone
    assert form.cut(encoder, records) == {"choices without an end": 0}
    long = Record("long", {"context": "rain " * 600, "question": "why"}, choices=("a", "b"))
    assert form.cut(encoder, [*records, long]) == {"choices without an end": 2}


def test_a_question_of_another_kind_is_refused(tmp_path: Path) -> None:
    (row,) = (each for each in ROWS if each.name == "xcopa")
    files = {name: text.replace("effect", "reason") for name, text in row.files.items()}
    write_sample(tmp_path, files)
    with pytest.raises(DataError, match=r"row 2.*'question' holds .*reason"):
        find_target("xcopa").load(TargetSettings(name="xcopa", data=tmp_path))


def test_a_task_with_another_number_of_choices_is_refused(tmp_path: Path) -> None:
    (row,) = (each for each in ROWS if each.name == "xcopa")
    with pytest.raises(StudyError, match="multiple-choice with 3 choices"):
        load(row, tmp_path, english_task="hellaswag")
