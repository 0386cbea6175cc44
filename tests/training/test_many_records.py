"""Training on records in a file: the same numbers, draws and weights as on a list, resumed or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import alone, everything_trained, load_tiny

from crosslift.encoders import token_sequences
from crosslift.encoders.token_sequences import TokenSequences
from crosslift.forms.equal_numbers import equal_numbers
from crosslift.forms.form import Column, FormOptions, Split
from crosslift.making.task_run import TaskRun
from crosslift.sources import stored_records
from crosslift.sources.record import Record
from crosslift.sources.stored_records import StoredRecords
from crosslift.tasks.controls import controlled, placebo
from crosslift.tasks.own_files import task_of_file
from crosslift.training.budget import Budget
from crosslift.training.loop import Stage, train
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

WORDS = ("cat", "dog", "rain", "hill", "seven", "old", "running", "over", "the")


def write_pairs(folder: Path) -> Path:
    """Sixty pairs: some with negatives, equal anchors, groups, and two languages."""
    generator = np.random.default_rng(5)
    rows = ["anchor\tpositive\tnegative\tgroup\tlanguage"]
    for number in range(60):
        a, p, n = (" ".join(generator.choice(WORDS, int(size))) for size in (3, 5, 2))
        group, language = "g" if number % 9 == 0 else "", ("en", "de")[number % 4 == 0]
        rows.append("\t".join([a, p, n if number % 3 else "", group, language]))
    path = folder / "pairs.tsv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, records are in files and so are token ids."""
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))

    def begin() -> None:
        monkeypatch.setattr(stored_records, "MOST_IN_MEMORY", 0)
        monkeypatch.setattr(stored_records, "_ROWS", 7)
        monkeypatch.setattr(token_sequences, "MOST_IN_MEMORY", 0)
        monkeypatch.setattr(token_sequences, "_AT_ONCE", 50)

    return begin


def run_of(path: Path, **settings: Any) -> TaskRun:
    task = task_of_file("text-pairs", path, {})
    return TaskRun(MixedTaskSettings(task="text-pairs", **settings), task)


def test_everything_made_of_the_records_is_the_same(tmp_path: Path, stored: Any) -> None:
    path = write_pairs(tmp_path)

    def everything() -> list[Sequence[Record]]:
        run, some = run_of(path), run_of(path, limit=20)
        records, (limited, _) = run.task.source.train(), some.train(None)  # type: ignore[arg-type]
        single = controlled(run.task, "same-updates-no-task").source.train()
        return [records, limited, single, placebo(records, run.task.form, 3)]

    as_lists = everything()
    facts = run_of(path).facts
    stored()
    as_files = everything()
    assert all(isinstance(records, list) for records in (as_lists[0], *as_lists[2:]))
    assert all(isinstance(records, StoredRecords) for records in (as_files[0], *as_files[2:]))
    assert [list(each) for each in as_files] == [list(each) for each in as_lists]
    assert run_of(path).facts == facts  # of which the keys of steps are made
    assert len(as_files[1]) == 20


FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "pairs": ("bert", {}),
    "pairs of groups": ("bert", {"one_of_a_group": True, "hard_negatives": "string"}),
    "texts": ("xlm-roberta", {"language_temperature": 2.0}),
    "whole words": ("xlm-roberta", {"whole_words": True}),
}


def trained(
    kind: str, folder: Path, path: Path, options: dict[str, Any], stop: int | None = None
) -> dict[str, torch.Tensor]:
    """Every weight after six updates; stopped and resumed after some of them, if asked."""
    name = "text-pairs" if kind.startswith("pairs") else "masked-lm"
    columns = {} if name == "text-pairs" else {"text": "positive"}
    task = task_of_file(name, path, columns)
    form = task.form.changed(options).open()
    checkpoint = folder / f"{stop}-{len(list(folder.iterdir()))}" / "checkpoint.safetensors"
    checkpoint.parent.mkdir()

    def part(report: Callable[[float], None]) -> dict[str, torch.Tensor]:
        encoder = load_tiny(folder.parent / "tiny")
        options = FormOptions(False, "own", 1)
        opened = form.open(encoder, Split(task.source.train()), Split([]), options)
        settings = StageSettings(task=name, learning_rate=1e-3)
        stage = Stage(settings, Budget(updates=6, batch_size=8), 1, checkpoint, report)
        changed, _ = train(stage, alone(opened, name, 1), encoder)
        return everything_trained(changed, opened, encoder)

    def interrupt(share: float) -> None:
        if stop is not None and share >= stop / 6:
            raise KeyboardInterrupt

    if stop is not None:
        with pytest.raises(KeyboardInterrupt):
            part(interrupt)
        assert checkpoint.is_file()
    return part(lambda _: None)


@pytest.mark.parametrize("kind", FORMS)
def test_training_is_the_same_bit_for_bit_and_resumes(
    tmp_path: Path, tiny_folders: Any, stored: Any, kind: str
) -> None:
    model, options = FORMS[kind]
    (tmp_path / "tiny").symlink_to(tiny_folders[model])
    (tmp_path / "work").mkdir()
    path = write_pairs(tmp_path)
    from_list = trained(kind, tmp_path / "work", path, options)
    stored()
    for stop in (None, 3):
        from_file = trained(kind, tmp_path / "work", path, options, stop)
        assert from_file.keys() == from_list.keys()
        assert all(torch.equal(from_file[name], from_list[name]) for name in from_list)


def test_token_ids_lie_in_memory_or_in_a_file(tmp_path: Path, stored: Any) -> None:
    sequences = [list(range(size)) for size in (3, 0, 60, 1, 70, 2)]
    in_memory = TokenSequences(sequences)
    stored()
    in_file = TokenSequences(sequences)
    assert isinstance(in_file._flat, np.memmap)
    assert not isinstance(in_memory._flat, np.memmap)
    for each in (in_memory, in_file):
        assert [ids.tolist() for ids in each] == sequences
        assert [each[row].tolist() for row in range(-6, 6)] == sequences * 2
        assert [ids.tolist() for ids in each[1:5]] == sequences[1:5]
        assert each[2].dtype == np.int64
    assert not any((tmp_path / "home").iterdir())
    assert list(TokenSequences([])) == []


def test_equal_numbers_count_by_first_occurrence() -> None:
    generator = np.random.default_rng(0)
    texts = [f"text {number}" for number in generator.integers(0, 300, 1000)]
    numbers: dict[str, int] = {}
    expected = [numbers.setdefault(text, len(numbers)) for text in texts]
    assert equal_numbers(iter(texts)).tolist() == expected
    assert equal_numbers([]).tolist() == []


def test_a_column_reads_what_is_asked_of_it() -> None:
    records = [Record(str(i), {"text": f"t{i}"}) for i in range(5)]
    texts = Column(records, "text")
    assert list(texts) == [texts[i] for i in range(5)] == texts[:]
    assert texts[1:3] == ["t1", "t2"]
