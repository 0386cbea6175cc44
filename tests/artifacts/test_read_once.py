"""Data that a run reads is read once, read again by the next run, and freed with the run."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.read_once import read_once, reading_once
from crosslift.artifacts.store import Store
from crosslift.images.features import decode_all
from crosslift.sources.captions import parquet_files
from crosslift.sources.captions.parquet_files import ParquetPicture
from crosslift.tasks import own_files


class Content:
    """Of a file; an object that can be referred to weakly."""

    def __init__(self, text: str) -> None:
        self.text = text


@pytest.fixture
def calls() -> list[Path]:
    return []


@pytest.fixture
def read(calls: list[Path]) -> Callable[[Path], Content]:
    @read_once()
    def read(path: Path) -> Content:
        calls.append(path)
        return Content(path.read_text(encoding="utf-8"))

    return read


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_two_reads_in_a_block_read_once(
    read: Callable[[Path], Content], calls: list[Path], tmp_path: Path
) -> None:
    one, other = written(tmp_path / "a", "1"), written(tmp_path / "b", "2")
    with reading_once():
        assert read(one) is read(one)
        assert (read(one).text, read(other).text) == ("1", "2")
    assert calls == [one, other]


def test_outside_a_block_nothing_is_kept(
    read: Callable[[Path], Content], calls: list[Path], tmp_path: Path
) -> None:
    path = written(tmp_path / "a", "1")
    assert read(path) is not read(path)
    assert calls == [path, path]


def test_a_block_sees_one_state_and_the_next_one_what_changed(
    read: Callable[[Path], Content], tmp_path: Path
) -> None:
    path = written(tmp_path / "a", "before")
    with reading_once():
        assert read(path).text == "before"
        written(path, "after")
        assert read(path).text == "before"
    with reading_once():
        assert read(path).text == "after"


def test_what_was_read_is_freed_with_its_block(
    read: Callable[[Path], Content], tmp_path: Path
) -> None:
    path = written(tmp_path / "a", "1")
    with reading_once():
        reference = weakref.ref(read(path))
        gc.collect()
        assert reference() is not None
    gc.collect()
    assert reference() is None


def test_a_block_that_ends_with_an_error_is_freed_too(
    read: Callable[[Path], Content], calls: list[Path], tmp_path: Path
) -> None:
    path = written(tmp_path / "a", "1")
    with pytest.raises(KeyError), reading_once():
        read(path)
        raise KeyError
    with reading_once():
        read(path)
    assert calls == [path, path]


def test_a_block_inside_a_block_is_part_of_it(
    read: Callable[[Path], Content], calls: list[Path], tmp_path: Path
) -> None:
    path = written(tmp_path / "a", "1")

    @reading_once()
    def inner() -> Content:
        return read(path)

    with reading_once():
        first = inner()
        assert inner() is first
        assert read(path) is first
    assert inner() is not first
    assert calls == [path, path]


def test_a_call_that_raises_is_not_kept(
    read: Callable[[Path], Content], calls: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "a"
    with reading_once():
        with pytest.raises(FileNotFoundError):
            read(path)
        written(path, "1")
        assert read(path).text == "1"
    assert calls == [path, path]


def test_keyword_arguments_and_functions_are_distinguished() -> None:
    @read_once()
    def one(a: int, b: int = 0) -> list[int]:
        return [a, b]

    @read_once()
    def other(a: int, b: int = 0) -> list[int]:
        return [-a, -b]

    with reading_once():
        assert one(1, b=2) is one(1, b=2)
        assert one(2, b=1) == [2, 1]
        assert other(1, b=2) == [-1, -2]


def test_a_key_says_what_decides_the_result() -> None:
    calls: list[dict[str, int]] = []

    @read_once(key=lambda columns: tuple(sorted(columns.items())))
    def names(columns: dict[str, int]) -> list[str]:
        calls.append(columns)
        return [*columns]

    with reading_once():
        assert names({"a": 1, "b": 2}) is names({"b": 2, "a": 1})
        assert names({"a": 2}) == ["a"]
    assert calls == [{"a": 1, "b": 2}, {"a": 2}]


def test_beyond_the_most_kept_the_one_not_used_for_longest_goes() -> None:
    calls: list[int] = []

    @read_once(most=2)
    def group(number: int) -> int:
        calls.append(number)
        return number

    with reading_once():
        for number in (1, 2, 1, 3, 1, 2):
            assert group(number) == number
    assert calls == [1, 2, 3, 2]


def test_threads_of_a_block_share_what_one_of_them_reads(tmp_path: Path) -> None:
    calls: list[int] = []
    together = Barrier(4)

    @read_once()
    def slowly(number: int) -> list[int]:
        calls.append(number)
        return [number]

    def work() -> list[int]:
        together.wait()
        return slowly(7)

    with reading_once(), ThreadPoolExecutor(4) as pool:
        results = [pool.submit(copy_context().run, work) for _ in range(4)]
        first = results[0].result()
        assert all(each.result() is first for each in results)
    assert calls == [7]


def test_blocks_of_two_threads_are_apart(
    read: Callable[[Path], Content], calls: list[Path], tmp_path: Path
) -> None:
    path = written(tmp_path / "a", "1")
    results: list[Content] = []

    def run() -> None:
        with reading_once():
            results.append(read(path))

    with reading_once():
        thread = Thread(target=run)
        thread.start()
        thread.join()
        assert read(path) is not results[0]
    assert calls == [path, path]


# Where it is used


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[Any]:
    """The first argument of every call of a function from now on."""
    calls: list[Any] = []
    real = getattr(module, name)

    def counting(first: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(first)
        return real(first, *args, **kwargs)

    monkeypatch.setattr(module, name, counting)
    return calls


def test_pictures_of_a_row_group_are_decoded_from_one_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a block around it, and by several threads."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": [svg] * 40}), path, row_group_size=20)
    pictures = [ParquetPicture(path, "image", i // 20, i % 20) for i in range(40)]
    calls = counted(monkeypatch, parquet_files, "open_parquet")
    squares, skipped = decode_all(pictures, 8, workers=4)
    assert (len(squares), skipped) == (40, {})
    assert len(calls) == 2


def test_a_second_run_in_one_process_sees_changed_data(
    xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task reads the columns of the file once in each run."""
    calls = counted(monkeypatch, own_files, "column_names")
    rows = [f"a {word}\tthe {word}" for word in ("cat", "dog", "sun", "sea", "hill", "salt")]
    path = written(tmp_path / "pairs.tsv", "\n".join(["anchor\tpositive", *rows]) + "\n")
    trained = {"stages": [{"task": "text-pairs", "data": str(path)}]}

    def checksums() -> set[str]:
        study = small_study(
            xlm_folder,
            arms={"baseline": {}, "one": trained, "other": trained},
            start="plain",
            comparisons=[],
        )
        folder = run_study(study, tmp_path / "out", Store(tmp_path / "store"))
        return {step.key for step in folder.run.steps if step.kind == "train"}

    first = checksums()
    assert len(calls) == 1
    written(path, path.read_text(encoding="utf-8") + "a bread\tthe bread\n")
    second = checksums()
    assert len(calls) == 2
    assert first
    assert second
    assert not first & second
