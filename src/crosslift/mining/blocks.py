"""Mining in blocks: a run that is killed resumes after its last finished block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.code import code_of, import_closure
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.progress import Listener, Phase, in_phase
from crosslift.artifacts.store import Store
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.making.encode import EncodedTexts, encode_texts
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.trained import Trained
from crosslift.results.mined_files import SearchKind, SearchRecall
from crosslift.retrieval.approximate import ApproximateIndex, approximate_nearest
from crosslift.retrieval.search import BothNeighbours, Neighbours, PairSearch
from crosslift.retrieval.similarity import FloatArray
from crosslift.steps.before_run import missing_steps
from crosslift.steps.make_step import make_step
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace

BLOCK = 16_384
"""Texts that are encoded, and src rows that are searched, between two points where a run can resume."""


def encode_steps(encoder: Trained | ObjectEncoder, side: str, texts: Sequence[str]) -> list[Step]:
    """The steps that encode texts, one per block: `vectors.npy`, float32 [block, D].

    A block's key includes the encoder, its reading and the block's texts: a line added at the end of a
    file changes no full block before it.

    Args:
        encoder: with the reading of its vectors.
        side: `src` or `tgt`, for the label.
        texts: distinct texts.
    """
    blocks = [texts[start : start + BLOCK] for start in range(0, len(texts), BLOCK)]
    return [
        Step(
            kind="encode",
            label=f"{side} block {number} of {len(blocks)}",
            settings={"encoder": encoder.facts, "texts": key_of({"texts": list(block)})},
            inputs=encoder.inputs,
            make=encode_texts,
            work=len(block),
            job=EncodedTexts(encoder, block),
        )
        for number, block in enumerate(blocks, start=1)
    ]


def encode_blocks(steps: Sequence[Step], store: Store, listener: Listener[Phase]) -> None:
    """Makes the blocks that are not up to date, and reports the progress in texts."""
    missing = missing_steps(steps, store, Status(store))
    total, remaining = sum(step.work for step in steps), sum(step.work for step in missing)
    shared: dict[type, Any] = {}
    with in_phase(listener, Phase("encoding", "sentences", total, total - remaining)):
        for step in missing:
            done = total - remaining

            def report(share: float, done: float = done, work: float = step.work) -> None:
                listener.advance(done + share * work)

            make_step(step, Workplace(store, report, shared=shared))
            remaining -= step.work


@dataclass(frozen=True, slots=True)
class BlockVectors:
    """The vectors of one side, in blocks in the store.

    Args:
        steps: encoding steps whose artifacts exist, in the order of the rows.
        store: store that has the artifacts.
    """

    steps: Sequence[Step]
    store: Store

    def __len__(self) -> int:
        return int(sum(step.work for step in self.steps))

    def block(self, number: int) -> NDArray[np.float32]:
        """A block, memory-mapped: float32 [at most BLOCK, D]; numbers begin with 0."""
        path = self.steps[number].open(self.store) / "vectors.npy"
        vectors: NDArray[np.float32] = np.load(path, mmap_mode="r")
        return vectors

    def whole(self, path: Path) -> NDArray[np.float32]:
        """All rows as one memory-mapped array, float32 [N, D].

        Args:
            path: file of the rows; written if it does not exist.

        Raises:
            ArtifactError: the file exists and its content has changed.
        """
        if path.is_file():
            _check(path)
        else:
            with file_written_with_sum(path) as draft, draft.open("wb") as file:
                self._write(file)
        vectors: NDArray[np.float32] = np.load(path, mmap_mode="r")
        return vectors

    def _write(self, file: IO[bytes]) -> None:
        shape = (len(self), self.block(0).shape[1])
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for number in range(len(self.steps)):
            file.write(self.block(number).astype("<f4", copy=False).tobytes())


def search_key(
    src: Sequence[Step], tgt: Sequence[Step], kind: SearchKind, k: int, among: int | None = None
) -> str:
    """The key of a search: every vector, the kind of search, k, and the code of both; `among` as in
    `search_exactly`.

    Later steps (margin, threshold, output) do not change the neighbours: an unfinished search can
    resume after a change of their settings.
    """
    sides = {"src": [step.key for step in src], "tgt": [step.key for step in tgt]}
    code = {**code_of(import_closure([__name__])), **src[0].code, **tgt[0].code}
    return key_of({**sides, "kind": kind, "k": k, **among_facts(among), "code": code})


def among_facts(among: int | None) -> dict[str, int]:
    """Which rows of tgt are searched, JSON-like; empty: all, in both directions."""
    return {} if among is None else {"among": among}


def search_exactly(
    src: BlockVectors,
    tgt: BlockVectors,
    k: int,
    folder: Path,
    listener: Listener[Phase],
    among: int | None = None,
) -> BothNeighbours:
    """Neighbours in both directions, searched in blocks of src rows; resumes an unfinished search.

    Args:
        src: N rows.
        tgt: M rows.
        k: neighbours of each row; if a side has fewer rows, all of them.
        folder: state of an unfinished search: neighbours of each finished block, and those of tgt.
        listener: receives the progress in pairs of rows.
        among: the first rows of tgt, the only ones that are searched, and only for the neighbours of
            src. None: all, in both directions.

    Returns:
        [N, min(k, M)] and [M, min(k, N)]; the second is empty with `among`.
    """
    search = pair_search(tgt.whole(folder / "tgt.npy"), k, among)
    search_blocks(src, search, folder, listener)
    return BothNeighbours(_joined(folder, len(src.steps)), search.tgt_to_src)


def pair_search(tgt: FloatArray, k: int, among: int | None) -> PairSearch:
    """The search of blocks of src in all of tgt, or one way in its first rows; see `search_exactly`."""
    return PairSearch(tgt, k) if among is None else PairSearch(tgt[:among], k, both=False)


def search_blocks(
    src: BlockVectors, search: PairSearch, folder: Path, listener: Listener[Phase]
) -> None:
    """Searches blocks of src rows, and writes the neighbours of each (see `block_neighbours`) and the
    state of the search; resumes an unfinished search. Arguments as in `search_exactly`."""
    count = _restore(search, folder)
    pairs = float(len(src)) * len(search)
    searched = float(search.rows_done) * len(search)
    with in_phase(listener, Phase("searching", "pairs", pairs, searched)):
        for number in range(count, len(src.steps)):
            neighbours = search.add(src.block(number))
            _save(_rows_file(folder, number), neighbours)
            progress = {"rows_done": np.array(search.rows_done), "blocks": np.array(number + 1)}
            _save(folder / "columns.npz", search.tgt_to_src, progress)
            listener.advance(float(search.rows_done) * len(search))


def block_neighbours(folder: Path, number: int) -> Neighbours:
    """The neighbours of the rows of a block that `search_blocks` has searched.

    Raises:
        ArtifactError: the file has changed.
    """
    block = _load(_rows_file(folder, number))
    return Neighbours(block["indices"], block["scores"])


def _rows_file(folder: Path, number: int) -> Path:
    return folder / f"rows-{number:06}.npz"


def rows_searched(folder: Path) -> int:
    """Number of src rows that an unfinished exact search has finished."""
    path = folder / "columns.npz"
    return int(_load(path)["rows_done"]) if path.is_file() else 0


def _restore(search: PairSearch, folder: Path) -> int:
    """Resumes an unfinished search; returns the number of its finished blocks."""
    path = folder / "columns.npz"
    if not path.is_file():
        return 0
    state = _load(path)
    search.restore(int(state["rows_done"]), Neighbours(state["indices"], state["scores"]))
    return int(state["blocks"])


def _joined(folder: Path, count: int) -> Neighbours:
    blocks = [block_neighbours(folder, number) for number in range(count)]
    return Neighbours(
        np.concatenate([block.indices for block in blocks]),
        np.concatenate([block.scores for block in blocks]),
    )


def search_approximately(
    src: BlockVectors,
    tgt: BlockVectors,
    k: int,
    index: ApproximateIndex,
    folder: Path,
    listener: Listener[Phase],
) -> tuple[BothNeighbours, SearchRecall]:
    """Neighbours in both directions from an index; resumes after a finished direction.

    Args:
        src: N rows.
        tgt: M rows.
        k: neighbours of each row.
        index: kind of index.
        folder: state of an unfinished search.
        listener: receives the progress in queries.
    """
    sides = {"src": src.whole(folder / "src.npy"), "tgt": tgt.whole(folder / "tgt.npy")}
    queries = len(src) + len(tgt)
    states = []
    with in_phase(listener, Phase("searching", "queries", queries)):
        for done, query_side, candidate_side in ((len(src), "src", "tgt"), (queries, "tgt", "src")):
            path = folder / f"{query_side}-asks.npz"
            if not path.is_file():
                result = approximate_nearest(
                    sides[query_side], sides[candidate_side], k, index=index
                )
                measured = {"recall": np.array(result.recall), "sampled": np.array(result.sampled)}
                _save(path, result.neighbours, measured)
            states.append(_load(path))
            listener.advance(done)
    forward, backward = (Neighbours(each["indices"], each["scores"]) for each in states)
    forward_recall, backward_recall = (float(each["recall"]) for each in states)
    sampled = min(int(each["sampled"]) for each in states)
    recall = SearchRecall(src_to_tgt=forward_recall, tgt_to_src=backward_recall, sampled=sampled)
    return BothNeighbours(forward, backward), recall


def _save(
    path: Path, neighbours: Neighbours, extra: Mapping[str, NDArray[Any]] | None = None
) -> None:
    arrays: dict[str, Any] = {"indices": neighbours.indices, "scores": neighbours.scores}
    arrays |= extra or {}
    with file_written_with_sum(path) as draft:
        np.savez(draft, **arrays)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    _check(path)
    with np.load(path) as arrays:
        return dict(arrays)


def _check(path: Path) -> None:
    check_sum(
        path,
        "the state of an unfinished search",
        f"delete the folder {path.parent} and run the same command again: the search starts again, "
        "encoded texts are reused",
    )
