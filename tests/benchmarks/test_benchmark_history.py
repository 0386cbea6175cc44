"""The history of the benchmark, and the comparison of two of its runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import compare
from benchmarks.compare import Change, chosen
from benchmarks.history import PATH, Run, append, pair_to_compare, read
from benchmarks.measuring.floor import Needs, Speeds
from benchmarks.measuring.machine import Machine, instruction_sets
from benchmarks.measuring.rows import Row, Work

SPEEDS = Speeds({"float32": 100e9}, 20e9)
MACHINE = Machine("A processor", ("avx2",), 2, 2, {"torch": "2.13.0"}, "0123456789abcdef")


def row(
    ours: list[float],
    theirs: list[float] | None = None,
    *,
    name: str = "encoding",
    items: int = 64,
    others: float = 0.0,
) -> Row:
    work = Work(name, "the peer", items, "texts", Needs(items * 1e9, 0.0, "float32"))
    more = {"memory": (10, 20), "shares": {"Python": 0.25}, "note": "F1 0.9"}
    return Row.of(work, (ours, theirs or [4.0] * len(ours)), SPEEDS, others, **more)


def run(*rows: Row, machine: Machine = MACHINE, quick: bool = False, date: str = "d") -> Run:
    return Run(date, quick, ("encode",), machine, SPEEDS, rows)


def test_runs_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert read(path) == []
    first, second = run(row([1.0, 2.0])), run(row([1.0, 1.0], others=0.5), quick=True)
    append(first, path)
    append(second, path)
    assert read(path) == [first, second]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["busy"] for line in lines] == [False, True]
    assert lines[0]["parts"] == ["encode"]
    assert replace(first, speeds=replace(SPEEDS, others=0.2)).busy
    assert lines[0]["rows"][0]["ours"] == {
        "minimum": 1.0,
        "median": 1.5,
        "spread": pytest.approx(2 / 3),
        "repeats": 2,
    }


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append(run(row([1.0, 1.0])), path)
    with path.open("a") as file:
        file.write('{"date": "d"}\n')
    with pytest.raises(ValueError, match=r"line 2 of history.jsonl is no run: KeyError"):
        read(path)


def test_the_committed_history_can_be_read() -> None:
    assert all(each.rows for each in read(PATH))


def test_the_last_run_is_compared_with_the_last_one_like_it() -> None:
    other = replace(MACHINE, processor="Another processor")
    like, last = run(row([1.0, 1.0]), date="2"), run(row([1.0, 1.0]), date="9")
    runs = [
        run(row([1.0, 1.0]), date="1"),
        like,
        run(row([1.0, 1.0]), machine=other),
        run(row([1.0, 1.0]), machine=replace(MACHINE, threads=1)),
        run(row([1.0, 1.0]), quick=True),
        run(row([1.0, 1.0], name="another row")),
        last,
    ]
    assert pair_to_compare(runs) == (like, last)
    with pytest.raises(ValueError, match=r"no earlier run like 9 .* on A processor"):
        pair_to_compare([*runs[2:]])
    with pytest.raises(ValueError, match="the history is empty"):
        pair_to_compare([])


def test_runs_by_the_numbers_of_their_lines() -> None:
    runs = [run(row([1.0, 1.0]), date=date) for date in "abc"]
    assert [each.date for each in chosen(runs, 1, -1)] == ["a", "c"]
    for number in (0, 4, -4):
        with pytest.raises(ValueError, match=f"no line {number}: the history has 3"):
            chosen(runs, 1, number)


def test_a_change_beyond_the_noise_is_stated_in_its_units() -> None:
    """Spreads of 6 % and 8 % give a noise of 5 %; ln 1.31 = 0.27."""
    before, after = row([1.31 * s for s in (0.97, 1.0, 1.03)]), row([0.96, 1.0, 1.04])
    change = Change.between(before, after)
    assert change.noise == pytest.approx(0.05)
    assert change.words == "1.31 x faster, 5.4 x the noise"
    assert Change.between(after, before).words == "1.31 x slower, 5.4 x the noise"


def test_a_change_within_the_noise_is_none() -> None:
    assert Change.between(row([0.9, 1.1]), row([0.93, 1.05])).words == "no change beyond noise"


def test_what_the_peer_changed_is_noise() -> None:
    """The peer became 20 % faster between the runs: so the machine did, or its software."""
    change = Change.between(row([1.2, 1.2], [4.8, 4.8]), row([1.0, 1.0], [4.0, 4.0]))
    assert change.words == "no change beyond noise"


def test_turns_of_other_sizes_are_compared_by_operation() -> None:
    change = Change.between(row([1.0, 1.0]), row([1.0, 1.0], [8.0, 8.0], items=128))
    assert change.factor == pytest.approx(2.0)
    assert change.words == "2.00 x faster, no noise measured (other size)"


def test_the_command_prints_rows_and_what_only_one_run_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.jsonl"
    append(run(row([2.0, 2.0]), row([1.0, 1.0], name="old row")), path)
    append(run(row([1.0, 1.0], others=0.4), row([1.0, 1.0], name="new row")), path)
    monkeypatch.setattr("sys.argv", ["compare", "--history", str(path)])
    compare.main()
    printed = capsys.readouterr().out
    assert "2.00 x faster, no noise measured" in printed
    assert "encoding (busy)" in printed
    assert "Only in the run after: new row." in printed
    assert "Only in the run before: old row." in printed
    monkeypatch.setattr("sys.argv", ["compare", "--history", str(path), "1", "-1"])
    compare.main()
    assert capsys.readouterr().out == printed


def test_instruction_sets_that_matter() -> None:
    genoa = {"avx2": True, "avx512_f": True, "avx512_bf16": True, "amx_bf16": False, "sse": True}
    assert instruction_sets(genoa) == ("avx2", "avx512", "bf16")
    assert instruction_sets({"avx2": True}) == ("avx2",)
