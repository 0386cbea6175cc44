"""`crosslift mine`: from two files to scored pairs, the same after any number of interruptions.

As a program (see `test_a_killed_job_writes_the_same_bytes`) it mines again and again, killed at one
moment after another, until a try ends.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import load_tiny

from crosslift.artifacts import files
from crosslift.artifacts.progress import Phase, Silent
from crosslift.artifacts.store import Store
from crosslift.cli import mining
from crosslift.cli.main import main
from crosslift.cli.mining import threshold_words
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import ArtifactError, DataError
from crosslift.mining import blocks as mining_blocks
from crosslift.mining.forecast import choose_search, memory_of
from crosslift.mining.job import mine_files, plan_of_files
from crosslift.mining.mining_settings import MiningSettings
from crosslift.mining.threshold import StandIns, calibrate_on_gold, stand_ins
from crosslift.retrieval.margin_mining import MinedPairs
from crosslift.retrieval.margin_mining import mine as mine_neighbours
from crosslift.retrieval.search import BothNeighbours, Neighbours

COLOURS = ["red", "green", "blue", "small", "big", "old", "new", "grey"]
THINGS = ["cat", "dog", "fish", "tree", "house", "river", "hill", "runs", "sleeps"]


def texts(count: int, seed: int) -> list[str]:
    """Distinct sentences of made-up grammar."""
    generator = np.random.default_rng(seed)
    distinct: dict[str, None] = {}
    while len(distinct) < count:
        distinct[" ".join(generator.choice(COLOURS + THINGS, generator.integers(3, 8)))] = None
    return list(distinct)


SRC = texts(50, 1)
TGT = [*SRC[10:], *texts(25, 2)]
"""40 texts of src in the same words, and others."""


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "src.txt").write_text("\n".join(SRC) + "\n", encoding="utf-8")
    (tmp_path / "tgt.txt.gz").write_bytes(gzip.compress("\r\n".join(TGT).encode()))
    return tmp_path / "src.txt", tmp_path / "tgt.txt.gz"


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mining_blocks, "BLOCK", 16)


class Outcome:
    """The output of the command and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def mine(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sides: tuple[Path, Path],
    xlm_folder: Path,
    tmp_path: Path,
) -> Any:
    def give(*options: object, **changed: object) -> Outcome:
        defaults = {
            "src": sides[0],
            "tgt": sides[1],
            "model": xlm_folder,
            "out": tmp_path / "o.tsv",
        }
        options_of_values = [
            part for name, value in (defaults | changed).items() for part in (f"--{name}", value)
        ]
        arguments = ["crosslift", "mine", "--precision", "float32", *options_of_values, *options]
        monkeypatch.setattr(sys, "argv", [str(part) for part in arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return give


def rows(path: Path) -> list[tuple[float, str, str]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    header, *lines = text.decode().removesuffix("\n").split("\n")
    assert header == "score\tsrc\ttgt"
    cells = [line.split("\t") for line in lines if line]
    return [(float(score), src, tgt) for score, src, tgt in cells]


def settings_of(sides: tuple[Path, Path], model: Path, out: Path, **more: Any) -> MiningSettings:
    encoder = EncoderSettings(name=str(model), precision="float32")
    return MiningSettings(src=sides[0], tgt=sides[1], model=encoder, out=out, **more)


def test_pairs_and_scores_are_those_of_brute_force(
    mine: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    done = mine("--k", 3)
    assert done.code == 0, done.err
    encoder = load_tiny(xlm_folder)
    x, y = (encode(encoder, side).astype(np.float64) for side in (SRC, TGT))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    cosines = x @ y.T
    ours = -np.sort(-cosines, axis=1)[:, :3].mean(axis=1)
    theirs = -np.sort(-cosines, axis=0)[:3].mean(axis=0)
    margins = cosines / ((ours[:, None] + theirs) / 2)
    near = np.argsort(-cosines, axis=1)[:, :3]
    near_back = np.argsort(-cosines, axis=0)[:3].T
    forward = {(i, near[i][margins[i, near[i]].argmax()]) for i in range(len(SRC))}
    backward = {(near_back[j][margins[near_back[j], j].argmax()], j) for j in range(len(TGT))}
    free_src, free_tgt, expected = set(range(len(SRC))), set(range(len(TGT))), []
    for i, j in sorted(forward | backward, key=lambda pair: -margins[pair]):
        if i in free_src and j in free_tgt:
            free_src.remove(i)
            free_tgt.remove(j)
            expected.append((SRC[i], TGT[j], margins[i, j]))
    written = rows(tmp_path / "o.tsv")
    assert [row[1:] for row in written] == [row[:2] for row in expected]
    np.testing.assert_allclose([row[0] for row in written], [row[2] for row in expected], rtol=1e-6)
    assert [row[0] for row in written] == sorted((row[0] for row in written), reverse=True)


def test_the_json_has_counts_threshold_and_timings(mine: Any, tmp_path: Path) -> None:
    outcome = mine("--json", "-", "--margin", "absolute", "--threshold", 0.999).json
    assert set(outcome) == {
        *("model", "reading", "settings", "sides", "search", "threshold", "pairs", "plan"),
        *("scores", "seconds"),
    }
    assert outcome["sides"]["src"]["lines"] == outcome["sides"]["src"]["mined"] == 50
    assert outcome["sides"]["tgt"]["mined"] == 65
    assert outcome["search"] == {"kind": "exact", "recall": None}
    assert outcome["threshold"]["source"] == "given"
    pairs = outcome["pairs"]
    assert pairs["mined"] == pairs["written"] + pairs["below_threshold"]
    assert pairs["rows"] == len(rows(tmp_path / "o.tsv"))
    assert set(outcome["seconds"]) == {"reading", "encoding", "searching", "pairing"}
    assert outcome["reading"]["pooling"] == "mean"
    same = [row for row in rows(tmp_path / "o.tsv") if row[1] == row[2]]
    assert len(same) == 40
    assert min(row[0] for row in same) >= 0.999


def test_reading_options_and_retrieval_change_the_pairs(mine: Any, tmp_path: Path) -> None:
    plain = mine("--json", "-", "--retrieval", "forward").json
    assert plain["pairs"]["written"] == 50
    options = ("--pooling", "first_token", "--hidden-state", 1, "--prompt", "q: ", "--overwrite")
    other = mine("--json", "-", "--retrieval", "backward", *options).json
    assert other["pairs"]["written"] == 65
    reading = other["reading"]
    assert (reading["pooling"], reading["hidden_state"], reading["prompt"]) == (
        "first_token",
        1,
        "q: ",
    )
    assert other["plan"]["to_encode"] == 115  # vectors of the other reading are not used


def test_each_side_has_its_own_prompt(mine: Any, xlm_folder: Path, tmp_path: Path) -> None:
    options = ("--margin", "absolute", "--retrieval", "forward", "--dimensions", 16)
    prompts = ("--prompt-src", "find: ", "--prompt-tgt", "text: ", "--max-tokens", 30)
    outcome = mine("--json", "-", *options, *prompts).json
    reading = outcome["reading"]
    assert (reading["prompt_src"], reading["prompt_tgt"]) == ("find: ", "text: ")
    assert (reading["dimensions"], reading["max_tokens"]) == (16, 30)
    x, y = (
        encode(load_tiny(xlm_folder, prompt=prompt, dimensions=16, max_tokens=30), side)
        for prompt, side in (("find: ", SRC), ("text: ", TGT))
    )
    x, y = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (x, y))
    assert x.shape == (50, 16)
    best = (x @ y.T).max(axis=1)
    scores = [row[0] for row in rows(tmp_path / "o.tsv")]
    np.testing.assert_allclose(scores, -np.sort(-best), rtol=1e-5)
    assert "prompt_src" not in mine("--json", "-", "--overwrite").json["reading"]


def test_a_second_run_encodes_nothing(mine: Any, tmp_path: Path) -> None:
    first = mine("--json", "-").json
    assert first["plan"]["to_encode"] == 115
    written = (tmp_path / "o.tsv").read_bytes()
    again = mine("--json", "-", "--overwrite").json
    assert again["plan"]["to_encode"] == 0
    assert (tmp_path / "o.tsv").read_bytes() == written
    packed = mine("--json", "-", out=tmp_path / "o.tsv.gz")
    assert gzip.decompress((tmp_path / "o.tsv.gz").read_bytes()) == written
    assert packed.json["pairs"]["rows"] == len(rows(tmp_path / "o.tsv"))


def test_filters_are_counted_and_duplicates_can_be_written(mine: Any, tmp_path: Path) -> None:
    lines = ["", "hi", SRC[20], SRC[20], SRC[21], "x" * 200, "nur hier zu finden", SRC[20]]
    (tmp_path / "few.txt").write_text("\n".join(lines), encoding="utf-8")
    options = ("--min-length", 3, "--max-length", 150, "--margin", "absolute", "--json", "-")
    outcome = mine(*options, "--threshold", 0.9999, src=tmp_path / "few.txt").json
    assert outcome["sides"]["src"] == {
        "lines": 8,
        "empty": 1,
        "too_short": 1,
        "too_long": 1,
        "duplicates": 2,
        "copies": 0,
        "other_language": 0,
        "mined": 3,
    }
    assert sorted(row[1] for row in rows(tmp_path / "o.tsv")) == sorted([SRC[20], SRC[21]])
    more = mine(
        *options,
        "--threshold",
        0.9999,
        "--keep-duplicates",
        "--overwrite",
        src=tmp_path / "few.txt",
    ).json
    assert more["pairs"]["written"] == 2
    assert sorted(row[1] for row in rows(tmp_path / "o.tsv")) == sorted([SRC[20]] * 3 + [SRC[21]])
    dropped = mine(*options, "--drop-copies", "--overwrite", src=tmp_path / "few.txt").json
    assert dropped["sides"]["src"]["copies"] == dropped["sides"]["tgt"]["copies"] == 2
    assert [row[1] for row in rows(tmp_path / "o.tsv")] == ["nur hier zu finden"]


def test_length_ratio_leaves_out_pairs_and_says_how_many(mine: Any, tmp_path: Path) -> None:
    every = mine("--json", "-", "--retrieval", "forward").json
    all_rows = rows(tmp_path / "o.tsv")
    expected = [row for row in all_rows if max(map(len, row[1:])) <= 1.2 * min(map(len, row[1:]))]
    assert 0 < len(expected) < len(all_rows)
    outcome = mine(
        *("--json", "-", "--retrieval", "forward", "--max-length-ratio", 1.2, "--overwrite")
    ).json
    assert rows(tmp_path / "o.tsv") == expected
    assert outcome["pairs"]["unequal_lengths"] == every["pairs"]["written"] - len(expected)


def test_languages_are_distinguished(mine: Any, tmp_path: Path) -> None:
    german = "Wir haben heute leider keine Zeit, in die Stadt zu fahren."
    english = "Unfortunately we have no time to go into town today."
    (tmp_path / "mixed.txt").write_text(f"{german}\n{english}\n", encoding="utf-8")
    sources = {"src": tmp_path / "mixed.txt"}
    outcome = mine("--json", "-", "--src-language", "de", **sources).json
    assert outcome["sides"]["src"]["other_language"] == 1
    assert [row[1] for row in rows(tmp_path / "o.tsv")] == [german]
    unknown = mine("--tgt-language", "eng", "--overwrite", **sources)
    assert unknown.code == 2
    assert "did you mean 'en'" in unknown.err


class Stopping(Silent[Phase]):
    """Interrupts a job at the n-th report of progress in a phase."""

    def __init__(self, phase: str, times: int) -> None:
        self.wanted, self.left, self.phase = phase, times, ""
        self.started: dict[str, float] = {}

    def begin(self, work: Phase) -> None:
        self.phase = work.name
        self.started[work.name] = work.done

    def advance(self, done: float) -> None:
        if self.phase == self.wanted:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("phase", "times"), [("encoding", 1), ("encoding", 4), ("searching", 1), ("searching", 3)]
)
def test_an_interrupted_job_resumes_and_writes_the_same_bytes(
    small_blocks: None,
    sides: tuple[Path, Path],
    xlm_folder: Path,
    tmp_path: Path,
    phase: str,
    times: int,
) -> None:
    whole = settings_of(sides, xlm_folder, tmp_path / "whole.tsv")
    mine_files(whole, Store(tmp_path / "unbroken"))
    store, stopped = Store(tmp_path / "stopped"), Stopping(phase, times)
    again = settings_of(sides, xlm_folder, tmp_path / "again.tsv")
    with pytest.raises(KeyboardInterrupt):
        mine_files(again, store, stopped)
    assert not again.out.exists()
    plan = plan_of_files(again, store)
    going_on = Stopping("never", 0)
    mine_files(again, store, going_on)
    if phase == "encoding":
        assert going_on.started["encoding"] == 115 - plan.to_encode == 16 * (times - 1)
    else:
        assert plan.to_encode == 0
        assert plan.rows_searched == min(16 * times, 50)
        assert going_on.started["searching"] == plan.rows_searched * 65
    assert again.out.read_bytes() == whole.out.read_bytes()
    assert list((tmp_path / "stopped" / "unfinished").iterdir()) == []


@pytest.mark.usefixtures("small_blocks")
def test_another_input_k_or_model_is_another_search(
    sides: tuple[Path, Path], xlm_folder: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    settings = settings_of(sides, xlm_folder, tmp_path / "o.tsv")
    with pytest.raises(KeyboardInterrupt):
        mine_files(settings, store, Stopping("searching", 2))
    assert plan_of_files(settings, store).rows_searched == 32
    for change in (
        {"k": 2},
        {"min_length": 20},
        {"model": settings.model.model_copy(update={"pooling": "first_token"})},
        {"target_precision": 0.5},  # needs one more neighbour
    ):
        assert plan_of_files(settings.model_copy(update=change), store).rows_searched == 0
    later = settings.model_copy(update={"margin": "absolute", "threshold": 0.5})
    assert plan_of_files(later, store).rows_searched == 32  # the neighbours are the same
    sides[0].write_text("\n".join([*SRC[:-1], "one other line"]), encoding="utf-8")
    changed = plan_of_files(settings, store)
    assert changed.rows_searched == 0
    assert changed.to_encode == 2  # the last block alone


@pytest.mark.parametrize("name", ["columns.npz", "rows-000000.npz", "tgt.npy"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
@pytest.mark.usefixtures("small_blocks")
def test_a_damaged_state_is_reported(
    sides: tuple[Path, Path], xlm_folder: Path, tmp_path: Path, name: str, damage: str
) -> None:
    store = Store(tmp_path / "store")
    settings = settings_of(sides, xlm_folder, tmp_path / "o.tsv")
    with pytest.raises(KeyboardInterrupt):
        mine_files(settings, store, Stopping("searching", 2))
    (state,) = (tmp_path / "store" / "unfinished").glob(f"*/{name}")
    data = state.read_bytes()
    flipped = data[:-300] + bytes([data[-300] ^ 1]) + data[-299:]
    state.write_bytes(data[:-40] if damage == "cut" else flipped)
    with pytest.raises(ArtifactError, match="delete the folder") as raised:
        mine_files(settings, store)
    assert str(state) in str(raised.value)


def test_ctrl_c_says_how_to_resume(mine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mining.MiningProgress, "advance", interrupted)
        stopped = mine()
    assert stopped.code == 130
    assert "give the same command again" in stopped.err
    assert mine().code == 0


def test_a_killed_job_writes_the_same_bytes(
    sides: tuple[Path, Path], xlm_folder: Path, tmp_path: Path
) -> None:
    mine_files(settings_of(sides, xlm_folder, tmp_path / "whole.tsv"), Store(tmp_path / "a"))
    places = (*sides, xlm_folder, tmp_path / "killed.tsv", tmp_path / "b", 11)
    command = [sys.executable, __file__, *map(str, places)]
    importing = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=importing
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3
    assert (tmp_path / "killed.tsv").read_bytes() == (tmp_path / "whole.tsv").read_bytes()


def test_a_threshold_from_gold_reaches_the_precision(mine: Any, tmp_path: Path) -> None:
    gold = tmp_path / "gold.tsv"
    gold.write_text("".join(f"{text}\t{text}\n" for text in SRC[:30]), encoding="utf-8")
    options = ("--margin", "absolute", "--retrieval", "forward", "--gold", gold)
    threshold = mine(*options, "--target-precision", 0.95, "--json", "-").json["threshold"]
    assert (threshold["source"], threshold["target_precision"], threshold["compared"]) == (
        "gold",
        0.95,
        30,
    )
    labelled = [row for row in rows(tmp_path / "o.tsv") if row[1] in SRC[:30]]
    true = [row for row in labelled if row[1] == row[2]]
    assert len(true) / len(labelled) == pytest.approx(threshold["precision"])
    assert threshold["precision"] >= 0.95
    assert len(true) == 20
    assert (
        "fitted to 95.0% on 30 pairs"
        in mine(*options, "--target-precision", 0.95, "--overwrite").out
    )


def test_gold_labels_only_pairs_whose_src_text_it_knows() -> None:
    pairs = MinedPairs(np.array([2, 0, 1]), np.array([2, 1, 0]), np.array([0.9, 0.8, 0.7]))
    none = StandIns(pairs.score, np.empty(0), 3, 3)  # no stand-in pair: every pair seems true
    threshold = calibrate_on_gold(
        pairs, ["a ", "b", "c"], ["x", " y", "z"], [("a", "y"), ("b", "y")], 1, none
    )
    assert threshold.compared == 2
    assert threshold.value == pytest.approx(0.75)  # between the true 0.8 and the false 0.7
    with pytest.raises(DataError, match="none of the 1 src texts"):
        calibrate_on_gold(pairs, ["a", "b", "c"], ["x", "y", "z"], [("q", "y")], 1, none)


def test_gold_alone_does_not_vouch_for_texts_without_a_translation() -> None:
    """Three labelled pairs are true; four pairs of other texts score as stand-in false pairs do."""
    scores = np.array([0.9, 0.85, 0.6, 0.65, 0.64, 0.63, 0.62])
    pairs = MinedPairs(np.arange(7), np.arange(7), scores)
    texts = [f"text {n}" for n in range(7)]
    gold = [(text, text) for text in texts[:3]]
    stand_ins_alike = StandIns(scores, np.array([0.65, 0.64, 0.63, 0.62]), 7, 7)
    threshold = calibrate_on_gold(pairs, texts, texts, gold, 0.95, stand_ins_alike)
    assert threshold.precision == 1.0
    assert threshold.estimated_precision is not None and threshold.estimated_precision >= 0.95
    assert threshold.value is not None and threshold.value > 0.65

    all_false = StandIns(scores, scores, 7, 7)
    doubted = calibrate_on_gold(pairs, texts, texts, gold, 0.95, all_false)
    assert doubted.precision == 1.0
    assert doubted.estimated_precision is not None and doubted.estimated_precision < 0.95
    assert "an estimated" in threshold_words(doubted)


def test_a_threshold_without_gold_comes_from_second_best_candidates(
    mine: Any, tmp_path: Path
) -> None:
    every = mine("--json", "-").json
    outcome = mine("--target-precision", 0.9, "--negatives", 40, "--json", "-", "--overwrite").json
    threshold = outcome["threshold"]
    assert threshold["source"] == "negatives"
    assert threshold["precision"] >= 0.9
    assert 0 < threshold["compared"] <= 40
    assert 0 < outcome["pairs"]["written"] < every["pairs"]["written"]
    assert min(row[0] for row in rows(tmp_path / "o.tsv")) >= threshold["value"]
    same = mine("--target-precision", 0.9, "--negatives", 40, "--json", "-", "--overwrite").json
    assert same["threshold"] == threshold


def neighbours_of(cosines: np.ndarray, k: int) -> Neighbours:
    indices = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return Neighbours(indices, np.take_along_axis(cosines, indices, axis=1).astype(np.float32))


@pytest.mark.parametrize("retrieval", ["forward", "backward", "max", "intersection"])
def test_stand_ins_are_mined_without_the_best_candidates(retrieval: Any) -> None:
    k, generator = 3, np.random.default_rng(5)
    cosines = generator.uniform(0.2, 1.0, (30, 40))
    both = BothNeighbours(neighbours_of(cosines, k + 1), neighbours_of(cosines.T, k + 1))
    backward = retrieval == "backward"
    direction = "backward" if backward else "forward"
    best = mine_neighbours(trimmed(both, k), "ratio", direction)
    answer = dict(zip(*((best.tgt, best.src) if backward else (best.src, best.tgt)), strict=True))
    everyone, sampled = stand_ins(both, "ratio", direction, 12, seed=3)
    drawn = everyone.tgt if backward else everyone.src
    assert len(drawn) == len(set(drawn)) == sampled
    assert 1 < sampled <= 12
    without = cosines.copy()
    for row in drawn:
        without[(answer[row], row) if backward else (row, answer[row])] = -1
    again = BothNeighbours(neighbours_of(without, k), neighbours_of(without.T, k))
    expected = mine_neighbours(again, "ratio", retrieval)
    of_sample = np.isin(expected.tgt if backward else expected.src, drawn)
    mined, same = stand_ins(both, "ratio", retrieval, 12, seed=3)
    assert same == sampled
    for name in ("src", "tgt", "score"):
        np.testing.assert_array_equal(getattr(mined, name), getattr(expected, name)[of_sample])
    other, _ = stand_ins(both, "ratio", direction, 12, seed=4)
    assert set(other.src) != set(everyone.src) or set(other.tgt) != set(everyone.tgt)


def trimmed(both: BothNeighbours, k: int) -> BothNeighbours:
    return BothNeighbours(*(Neighbours(s.indices[:, :k], s.scores[:, :k]) for s in both))


def test_one_text_has_no_second_candidate() -> None:
    both = BothNeighbours(neighbours_of(np.ones((3, 1)), 1), neighbours_of(np.ones((1, 3)), 3))
    with pytest.raises(DataError, match="one text"):
        stand_ins(both, "ratio", "max", 5, seed=0)


def test_a_million_each_way_fits_in_eight_gigabytes() -> None:
    memory = memory_of((10**6, 10**6), 384, 5, text_bytes=600_000_000, encoder_bytes=600_000_000)
    assert max(memory.values()) < 8e9
    assert memory["searching"] > 2 * 4 * 384 * 10**6  # the vectors of tgt, mapped and as unit rows
    wide = memory_of((10**6, 10**6), 384, 5, screened_bytes=4)
    assert max(wide.values()) < 8e9  # and where the processor has no bfloat16


def test_search_is_exact_until_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_search("auto", 2_000_000, 2_000_000) == "exact"
    assert choose_search("auto", 2_000_001, 2_000_000) == "ivf"
    assert choose_search("hnsw", 10, 10) == "hnsw"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert choose_search("auto", 9_000_000, 9_000_000) == "exact"


def test_the_plan_is_printed_before_the_work_and_alone_with_plan(mine: Any, tmp_path: Path) -> None:
    planned = mine("--plan", "--json", "-")
    assert planned.code == 0
    assert not (tmp_path / "o.tsv").exists()
    plan = planned.json["plan"]
    assert plan["texts"] == {"src": 50, "tgt": 65}
    assert plan["to_encode"] == 115
    assert plan["width"] == 32
    assert plan["peak_memory_bytes"] == max(plan["memory_bytes"].values())
    assert "50 src texts x 65 tgt texts" in planned.err
    done = mine()
    assert done.out.index("memory: at most about") < done.out.index("done encoding: 115 sentences")
    assert "sentences/s" in done.out
    assert "pairs/s" in done.out
    known = mine("--plan", "--json", "-", "--overwrite", "--prompt", "q").json["plan"]
    assert known["encode_seconds"] > 0  # of this encoder's files, as measured just now


@pytest.mark.parametrize("index", ["ivf", "hnsw"])
def test_approximate_search_reports_its_recall_and_resumes(
    sides: tuple[Path, Path], xlm_folder: Path, tmp_path: Path, index: Any
) -> None:
    pytest.importorskip("faiss")
    store = Store(tmp_path / "store")
    settings = settings_of(sides, xlm_folder, tmp_path / "o.tsv", search=index)
    with pytest.raises(KeyboardInterrupt):
        mine_files(settings, store, Stopping("searching", 1))
    outcome = mine_files(settings, store)
    recall = outcome.search.recall
    assert recall is not None
    assert 0.5 < recall.src_to_tgt <= 1
    assert recall.sampled == 50
    assert outcome.pairs.rows == len(rows(settings.out))


def fault(mine: Any, *options: object, **changed: object) -> str:
    done = mine(*options, **changed)
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    return " ".join(done.err.split())


def test_faults_of_files(mine: Any, sides: tuple[Path, Path], tmp_path: Path) -> None:
    def other(data: bytes) -> dict[str, Path]:
        (tmp_path / "other.txt").write_bytes(data)
        return {"tgt": tmp_path / "other.txt"}

    assert "other.txt is empty" in fault(mine, **other(b""))
    message = fault(mine, **other(b"\n  \nab\n"), **{"min-length": 5})
    assert "none of 3 lines passes the filters (2 empty, 1 too short)" in message
    assert "line 2: byte 0xff" in fault(mine, **other(b"a\n\xff\n"))
    assert "line 1: a tab inside the text '1\\ta'" in fault(mine, **other(b"1\ta\n"))
    assert f"did you mean {sides[0]}" in fault(mine, src=tmp_path / "scr.txt")
    assert "are the same file" in fault(mine, tgt=sides[0])
    assert "have the same lines" in fault(mine, **other(gzip.compress(sides[0].read_bytes())))
    (tmp_path / "o.tsv").write_text("mine", encoding="utf-8")
    assert "o.tsv exists" in fault(mine)
    assert (tmp_path / "o.tsv").read_text(encoding="utf-8") == "mine"
    assert "is a folder" in fault(mine, out=tmp_path)
    assert "is both input and output" in fault(mine, "--overwrite", out=sides[0])


def test_faults_of_settings(mine: Any, tmp_path: Path) -> None:
    assert "did you mean 'embedded'" in fault(mine, model="embeded")
    assert "hidden_state 9" in fault(mine, "--hidden-state", 9)
    assert "threshold 1.1 and target precision 0.9" in fault(
        mine, "--threshold", 1.1, "--target-precision", 0.9
    )
    assert "the threshold is nan" in fault(mine, "--threshold", "nan")
    assert "at least 9 and at most 3" in fault(mine, "--min-length", 9, "--max-length", 3)
    (tmp_path / "gold.tsv").write_text("nobody\tknows\n", encoding="utf-8")
    gold = ("--gold", tmp_path / "gold.tsv")
    assert "without a target precision" in fault(mine, *gold)
    assert "none of the 1 src texts" in fault(mine, *gold, "--target-precision", 0.9)
    assert "--retrieval" in fault(mine, "--retrieval", "best")
    assert "--target-precision" in fault(mine, "--target-precision", 1.5)


def test_k_above_a_side_takes_as_many_as_there_are(mine: Any, tmp_path: Path) -> None:
    outcome = mine("--k", 500, "--json", "-", "--margin", "distance")
    assert outcome.code == 0
    assert outcome.json["pairs"]["written"] > 0


def test_a_setting_that_contradicts_is_refused_before_any_work(
    sides: tuple[Path, Path], xlm_folder: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(DataError, match="one of them"):
        mine_files(
            settings_of(sides, xlm_folder, tmp_path / "o", threshold=1.0, target_precision=0.9),
            store,
        )
    assert not store.root.exists()


def die_at(passages: int) -> None:
    """Has this process killed at its n-th flush to the disk."""
    flush = files._flush_to_disk

    def deadly(path: Path) -> None:
        nonlocal passages
        passages -= 1
        if passages == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        flush(path)

    files._flush_to_disk = deadly


def kill_until_done(settings: MiningSettings, store: Path, passages: int) -> Iterator[int]:
    """Gives the signal of each child that was killed at its n-th flush to the disk, until one ends."""
    while True:
        child = os.fork()
        if child == 0:
            die_at(passages)
            mine_files(settings, Store(store))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
        yield os.WTERMSIG(status)


if __name__ == "__main__":
    mining_blocks.BLOCK = 16
    src, tgt, model, out, store = map(Path, sys.argv[1:6])
    kills = 0
    try:
        for _ in kill_until_done(settings_of((src, tgt), model, out), store, int(sys.argv[6])):
            kills += 1
    finally:
        sys.stdout.write(str(kills))


def test_scores_and_the_pairs_next_to_the_threshold_are_shown(mine: Any, tmp_path: Path) -> None:
    every = mine("--json", "-").json
    scores = sorted((score for score, _, _ in rows(tmp_path / "o.tsv")), reverse=True)
    bins = every["scores"]["bins"]
    assert sum(each["pairs"] for each in bins) == len(scores)
    assert (bins[0]["low"], bins[-1]["high"]) == pytest.approx((scores[-1], scores[0]))
    assert every["scores"]["around"] == []
    threshold = (scores[9] + scores[10]) / 2
    result = mine("--threshold", threshold, "--overwrite", "--json", "-")
    around = result.json["scores"]["around"]
    assert [each["score"] for each in around] == pytest.approx(scores[7:13])
    assert [each["written"] for each in around] == [True] * 3 + [False] * 3
    assert result.json["scores"]["bins"] == bins
    assert "next to the threshold:" in result.err
    assert "left out" in result.err
