"""`plan` finds what `run` would fail on, with the same words, before anything is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PAIRS = "".join(f"A small red house {i},The house is red and small {i}\n" for i in range(9))
FILES = {
    "wrong.csv": f"first,second\n{PAIRS}",
    "empty.csv": "anchor,positive\n",
    "texts.csv": "body\nSome text\n",
    "captions.csv": "image,text\nabsent.png,A small dog\n",
    "no-pictures/readme.txt": "nothing",
    "tatoeba/tatoeba.deu-eng.deu": "Ein Haus\nEine Katze\n",
    "tatoeba/tatoeba.deu-eng.eng": "A house\nA cat\n",
    "rows/snli_1.0_train.jsonl": '{"sentence1": "a", "label": "neutral"}\n',
    "rows/snli_1.0_dev.jsonl": "",
    "no-rows/snli_1.0_train.jsonl": "",
    "no-rows/snli_1.0_dev.jsonl": "",
    "no-weights/config.json": '{"model_type": "bert"}',
}


def arm(**task: Any) -> dict[str, Any]:
    return {"arms": {"baseline": {}, "other": {"stages": [task]}}}


def start(encoder: str) -> dict[str, Any]:
    return {"starts": {"plain": {"encoder": encoder}}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_study(folder: Path, encoder: Path, changes: dict[str, Any]) -> Path:
    raw: dict[str, Any] = {
        "name": "faulty",
        "question": "Does it run?",
        "seeds": [1, 2],
        "starts": {"plain": {"encoder": str(encoder)}},
        "start": "plain",
        "budget": {"updates": 2, "batch_size": 4},
        "arms": {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        "targets": [{"name": "names", "languages": ["de"]}],
    }
    path = folder / "study.json"
    path.write_text(json.dumps(raw | changes), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (arm(task="text-pairs", data="wrong.csv"), "no column 'anchor'"),
        (arm(task="text-pairs", data="empty.csv"), "empty.csv holds no row"),
        (arm(task="masked-lm", data="texts.csv"), "no column 'text'"),
        (arm(task="image-text", data="captions.csv"), "no picture"),
        (arm(task="image-text", data="no-pictures"), "holds no captions"),
        (arm(task="snli", data="rows"), "no column"),
        (arm(task="snli", data="no-rows"), "no training record in"),
        (arm(task="snli"), "stanfordnlp/snli (plain_text)"),
        (
            arm(task="picture-name", limit=20, options={"tower": "google/vit-base-patch16-224"}),
            "image tower 'google/vit-base-patch16-224' is neither a folder here nor in the hub's",
        ),
        (start("someone/nothing"), "encoder 'someone/nothing' is neither a folder here nor in"),
        (start("FacebookAI/xlm-roberta-base"), "encoder 'FacebookAI/xlm-roberta-base' is neither"),
        (start("no-weights"), "no-weights has no weights"),
        (
            {"targets": [{"name": "tatoeba", "data": "tatoeba", "languages": ["de", "fr"]}]},
            "holds no bitext of fr",
        ),
    ],
)
def test_a_fault_is_found_before_anything_is_made(
    folder: Path, xlm_folder: Path, crosslift: Any, changes: dict[str, Any], words: str
) -> None:
    study = write_study(folder, xlm_folder, changes)
    planned = crosslift("plan", study, "--store", "store")
    assert planned.code == 2
    assert words in planned.err.replace("\n", " ")
    assert "to run" not in planned.out
    run = crosslift("run", study, "--store", "store", "--out", "out")
    assert (run.code, run.err) == (planned.code, planned.err)
    assert not list(Path("store").glob("*/*/manifest.json"))


def test_arms_with_a_fault_are_left_out_on_request(
    folder: Path, xlm_folder: Path, crosslift: Any
) -> None:
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    arms["nli"] = {"stages": [{"task": "snli"}]}
    study = write_study(folder, xlm_folder, {"arms": arms})
    planned = crosslift("plan", study, "--store", "store", "--keep-going", "--json", "plan.json")
    assert planned.code == 0
    assert "left out: arm nli" in planned.out
    rows = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["arms"]
    assert [row["arm"] for row in rows] == ["", "baseline", "text"]
