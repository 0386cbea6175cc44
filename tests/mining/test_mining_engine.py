"""Mining on workers: the same bytes as one process, ties included; what does not fit is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import make_tiny_encoder

from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.engines.processes import Processes
from crosslift.errors import StudyError
from crosslift.mining import blocks
from crosslift.mining.job import mine_files, plan_of_files
from crosslift.mining.mining_settings import MiningSettings
from crosslift.mining.shards import merged
from crosslift.retrieval.search import BothNeighbours, nearest_both

WORDS = ["red", "green", "blue", "small", "big", "old", "new", "cat", "dog", "fish", "tree"]


def texts(count: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    return list(dict.fromkeys(" ".join(generator.choice(WORDS, 5)) for _ in range(2 * count)))[
        :count
    ]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(blocks, "BLOCK", 16)  # of the process that plans the steps
    encoder = make_tiny_encoder(tmp_path / "encoder")
    for name, seed in (("src", 1), ("tgt", 2)):
        (tmp_path / name).write_text("\n".join(texts(70, seed)) + "\n")

    def of(**changes: Any) -> MiningSettings:
        facts = {
            "src": tmp_path / "src",
            "tgt": tmp_path / "tgt",
            "model": EncoderSettings(name=str(encoder)),
            "out": tmp_path / "pairs.tsv",
            "overwrite": True,
        }
        return MiningSettings(**(facts | changes))

    return of


def test_workers_write_the_bytes_of_one_process(settings: Any, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        mine_files(settings(), Store(tmp_path / "alone"))
        alone = (tmp_path / "pairs.tsv").read_bytes()
        store = Store(tmp_path / "crew")
        outcome = mine_files(settings(), store, engine=Processes(2, threads=1))
    finally:
        torch.set_num_threads(threads)
    assert (tmp_path / "pairs.tsv").read_bytes() == alone
    assert outcome.pairs.mined > 10
    assert outcome.plan.workers == 2
    assert not list((store.root / "search").glob("*"))


class _Shard:
    """A step whose artifact is a file of neighbours."""

    def __init__(self, folder: Path, both: BothNeighbours) -> None:
        self._folder = folder
        folder.mkdir()
        np.savez(
            folder / "neighbours.npz",
            src_indices=both.src_to_tgt.indices,
            src_scores=both.src_to_tgt.scores,
            tgt_indices=both.tgt_to_src.indices,
            tgt_scores=both.tgt_to_src.scores,
        )

    def open(self, store: object) -> Path:
        return self._folder


@pytest.mark.parametrize("bounds", [(0, 40), (0, 20, 40), (0, 2, 3, 40), (0, 13, 26, 39, 40)])
def test_shards_make_the_whole_with_many_ties(bounds: tuple[int, ...], tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    src, tgt = (generator.integers(-1, 2, (40, 3)).astype(np.float32) for _ in range(2))
    src[~src.any(1)], tgt[~tgt.any(1)] = 1, 1
    whole = nearest_both(src, tgt, 4)
    shards: list[Any] = [
        _Shard(tmp_path / str(first), nearest_both(src[first:last], tgt, 4))
        for first, last in itertools.pairwise(bounds)
    ]
    both = merged(shards, 4, Store(tmp_path))
    for ours, theirs in (
        (both.src_to_tgt, whole.src_to_tgt),
        (both.tgt_to_src, whole.tgt_to_src),
    ):
        np.testing.assert_array_equal(ours.indices, theirs.indices)
        np.testing.assert_array_equal(ours.scores, theirs.scores)


def test_a_plan_for_workers_names_time_and_memory_of_each(settings: Any, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    one, four = (plan_of_files(settings(), store, workers=n) for n in (1, 4))
    assert four.workers == 4
    assert one.search_seconds is not None and four.search_seconds is not None
    assert four.search_seconds == pytest.approx(one.search_seconds / 4)
    assert four.memory_bytes["searching"] < one.memory_bytes["searching"]
    assert four.memory_bytes["pairing"] == one.memory_bytes["pairing"]


def test_an_approximate_search_on_workers_is_refused(settings: Any, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    with pytest.raises(StudyError, match="an hnsw search on an engine"):
        mine_files(settings(search="hnsw"), Store(tmp_path / "s"), engine=Processes(2, threads=1))
