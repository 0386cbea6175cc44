"""The task bitext-distillation: languages are stated, and the teacher's files are part of the key."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_encoder import make_tiny_encoder

from crosslift.errors import StudyError
from crosslift.planning.task_runs import task_run
from crosslift.training.task_settings import MixedTaskSettings

NAME = "bitext-distillation"


def write(folder: Path) -> Path:
    path = folder / "bitext.tsv"
    path.write_text("english\ttranslation\na cat\teine Katze\n")
    return path


def test_the_language_of_translations_is_stated(tmp_path: Path) -> None:
    data = write(tmp_path)
    with pytest.raises(StudyError, match="does not state the language of its translations"):
        task_run(MixedTaskSettings(task=NAME, data=data))
    run = task_run(MixedTaskSettings(task=NAME, data=data, language="de"))
    assert run.labelled_languages == ("de",)  # so the arm needs `zero_shot: false`
    (record,) = run.task.source.train()
    assert record.texts == {"english": "a cat", "translation": "eine Katze"}


def test_the_files_of_a_teacher_or_guide_decide_the_key(tmp_path: Path) -> None:
    data = write(tmp_path)
    (tmp_path / "pairs.tsv").write_text("anchor\tpositive\na\tb\nc\td\n")
    for task, path, option in (
        (NAME, data, "teacher"),
        ("text-pairs", tmp_path / "pairs.tsv", "guide"),
    ):
        facts = []
        for seed in (1, 2):
            folder = tmp_path / f"{task}-{seed}" / "encoder"
            make_tiny_encoder(folder, seed=seed)
            options = {option: str(folder)}
            run = task_run(MixedTaskSettings(task=task, data=path, language="de", options=options))
            run.check_needs()
            whole = run.facts
            facts.append(whole["encoders"][option]["files"])
        assert facts[0] != facts[1]
        moved = tmp_path / f"{task}-moved"
        (tmp_path / f"{task}-2").rename(moved)
        options = {option: str(moved / "encoder")}
        run = task_run(MixedTaskSettings(task=task, data=path, language="de", options=options))
        assert run.facts == whole, "where the files are does not decide the key"
    plain = task_run(MixedTaskSettings(task="text-pairs", data=tmp_path / "pairs.tsv"))
    assert "encoders" not in plain.facts
