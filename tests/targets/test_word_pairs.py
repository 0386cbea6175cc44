"""The task on word pairs and its targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError, UnknownNameError
from crosslift.planning.task_runs import task_run
from crosslift.sources.lexicons.lexicon import folded
from crosslift.sources.record import Bitext
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.query_outcomes import SideLookups, evaluate_bitexts
from crosslift.targets.target_settings import TargetSettings
from crosslift.tasks.all_tasks import find_task, needs_data, task_names
from crosslift.training.task_settings import MixedTaskSettings


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 pairs; one word in ten has two translations, and one translation in ten belongs to two
    words."""
    generator = np.random.default_rng(0)
    letters = np.array(list("abcdefghijk"))

    def word() -> str:
        return "".join(generator.choice(letters, 6))

    pairs = [(word(), word()) for _ in range(300)]
    pairs += [(pairs[i][0], word()) for i in range(0, 300, 10)]
    pairs += [(word(), pairs[i][1]) for i in range(5, 300, 10)]
    path = tmp_path_factory.mktemp("lexicons") / "swh-eng.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    return path


def words_of(bitexts: Any) -> set[str]:
    return {folded(w) for b in bitexts.values() for side in (b.src, b.tgt) for w in side}


def load(name: str, data: Path, **settings: Any) -> BitextData:
    loaded = find_target(name).load(TargetSettings(name=name, data=data, **settings))
    assert isinstance(loaded, BitextData)
    return loaded


def test_control_words_are_never_trained_on(lexicon: Path) -> None:
    task = find_task("word-pairs", lexicon)
    records = task.source.train()
    trained = {folded(text) for record in records for text in record.texts.values()}
    control = load("word-pairs", lexicon)
    assert not trained & words_of(control.bitexts)
    assert words_of(load("word-pairs-trained", lexicon).bitexts) <= trained
    assert task.source.dev() == []
    assert task.languages == ("sw",)
    assert {record.language for record in records} == {"sw"}


def test_what_is_left_out_of_training_is_counted(lexicon: Path) -> None:
    """All 360 pairs are single words; of two lines that are added neither is a pair of them."""
    before = task_run(MixedTaskSettings(task="word-pairs", data=lexicon))
    records, left_out = before.train(Store(lexicon.parent / "store"))
    assert left_out == {"control pairs": 360 - len(records)}
    path = lexicon.parent / "more" / "swh-eng.tsv"
    path.parent.mkdir()
    added = "radio\tradio\nmti mkubwa\ttree\n"
    path.write_text(lexicon.read_text(encoding="utf-8") + added, encoding="utf-8")
    again = task_run(MixedTaskSettings(task="word-pairs", data=path))
    assert again.train(Store(lexicon.parent / "store"))[1] == {
        "the same in both languages": 1,
        "of several words": 1,
        **left_out,
    }


def test_pairs_of_one_word_are_of_one_group(lexicon: Path) -> None:
    records = find_task("word-pairs", lexicon).source.train()
    by_word: dict[str, set[str]] = {}
    for record in records:
        for text in record.texts.values():
            by_word.setdefault(text, set()).add(record.group)
    assert all(len(groups) == 1 for groups in by_word.values())
    assert len({record.group for record in records}) < len(records)


def test_each_word_of_a_target_appears_once(lexicon: Path) -> None:
    for name in ("word-pairs", "word-pairs-trained"):
        for bitext in load(name, lexicon).bitexts.values():
            assert len(set(bitext.src)) == len(set(bitext.tgt)) == len(bitext.src)
            assert bitext.items == bitext.tgt


def test_cosines_of_pairs_and_of_random_pairs() -> None:
    """Worked by hand. Vectors a (1, 0), b (0, 1); A (1, 0), B (0.6, 0.8): the pairs have cosines 1 and
    0.8; with the other's partner a has 0.6 and b 0, A has 0 and B 0.6."""
    rows = {"a": (1.0, 0.0), "b": (0.0, 1.0), "A": (2.0, 0.0), "B": (0.6, 0.8)}
    bitext = Bitext("sw", ("a", "b"), ("A", "B"), ("A", "B"))
    protocols = find_target("word-pairs").protocols

    def lookup(texts: Any) -> Any:
        return np.array([rows[text] for text in texts], np.float32)

    data = BitextData({"sw": bitext}, words=True)
    by_protocol = {
        o.protocol: o
        for o in evaluate_bitexts(dict.fromkeys(protocols, SideLookups.of_both(lookup)), data)
    }
    forth, back = by_protocol["crosslift/xx->en"], by_protocol["crosslift/en->xx"]
    assert forth.values["pair_cosine"] == pytest.approx([1.0, 0.8])
    assert forth.values["pair_margin"] == pytest.approx([1.0 - 0.6, 0.8 - 0.0])
    assert back.values["pair_margin"] == pytest.approx([1.0 - 0.0, 0.8 - 0.6])
    assert forth.score("pair_margin") == pytest.approx(0.6)
    plain = BitextData({"sw": bitext})
    (first, *_) = evaluate_bitexts(dict.fromkeys(protocols, SideLookups.of_both(lookup)), plain)
    assert "pair_cosine" not in first.values


def test_a_language_with_few_pairs_is_a_gap(tmp_path: Path, lexicon: Path) -> None:
    (tmp_path / "swh-eng.tsv").write_bytes(lexicon.read_bytes())
    few = "".join(f"gair{i}x{i}\tword{i}y{i}\n" for i in range(60))
    (tmp_path / "cym-eng.tsv").write_text(few, encoding="utf-8")
    loaded = load("word-pairs", tmp_path)
    assert list(loaded.bitexts) == ["sw"]
    assert "pairs of words (20 needed)" in loaded.gaps["cy"]
    with pytest.raises(DataError, match="larger lexicons"):
        load("word-pairs", tmp_path, languages=("cy",))


def test_what_is_refused(lexicon: Path) -> None:
    assert "word-pairs" in task_names()
    assert needs_data("word-pairs")
    with pytest.raises(StudyError, match="has no data"):
        find_task("word-pairs")
    with pytest.raises(StudyError, match="knows its columns"):
        find_task("word-pairs", lexicon, {"anchor": "word"})
    with pytest.raises(UnknownNameError, match="option of the text-pairs task"):
        find_task("word-pairs", lexicon, options={"hidden_stat": 2})
    with pytest.raises(DataError, match="has no data"):
        find_target("word-pairs").load(TargetSettings(name="word-pairs"))


def test_a_study_injects_words(lexicon: Path, xlm_folder: Path, tmp_path: Path) -> None:
    """From pairs to the report: an arm that is not zero-shot, its control words, the cosines."""
    stage = {
        "task": "word-pairs",
        "data": str(lexicon),
        "lora": {"rank": 2},
        "options": {"hidden_state": 1, "loss": "triplet", "hard_negatives": "string"},
    }
    arms: dict[str, Any] = {
        "baseline": {},
        "inject": {"zero_shot": False, "stages": [stage]},
    }
    targets = [{"name": n, "data": str(lexicon)} for n in ("word-pairs", "word-pairs-trained")]
    study = small_study(xlm_folder, arms=arms, targets=targets, comparisons=[], start="plain")
    folder = run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    arm = next(arm for arm in folder.run.arms if arm.name == "inject")
    assert (arm.zero_shot, arm.languages) == (False, ("sw",))
    assert arm.stages[0].settings["lora"]["modules"] is None
    rows = pq.read_table(tmp_path / "run" / "results.parquet").to_pylist()
    metrics = {row["metric"] for row in rows if row["target"] == "word-pairs"}
    assert {"top1_accuracy", "pair_cosine", "pair_margin"} <= metrics
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "control words" in page
    assert "cosine over random pairs" in page


def test_an_arm_that_learns_words_says_so(lexicon: Path, xlm_folder: Path, tmp_path: Path) -> None:
    arms: dict[str, Any] = {
        "baseline": {},
        "inject": {"stages": [{"task": "word-pairs", "data": str(lexicon)}]},
    }
    study = small_study(
        xlm_folder,
        arms=arms,
        targets=[{"name": "word-pairs", "data": str(lexicon)}],
        comparisons=[],
        start="plain",
    )
    with pytest.raises(StudyError, match="learns from word-pairs in sw"):
        run_study(study, tmp_path / "run", Store(tmp_path / "store"))
