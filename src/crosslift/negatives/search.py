"""The texts that are nearest to each anchor, searched in blocks as `crosslift mine` does: here, or in
shards by the workers of an engine. A search that was stopped resumes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from crosslift.artifacts.progress import Listener, Phase
from crosslift.artifacts.store import Store
from crosslift.engines.crew import Crew, Engine
from crosslift.engines.needs import Needs
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.trained import Trained
from crosslift.mining.blocks import (
    BlockVectors,
    block_neighbours,
    pair_search,
    search_blocks,
    search_key,
)
from crosslift.mining.forecast import memory_of, screened_bytes
from crosslift.mining.shards import delete_shards, make_with, shard_neighbours, shard_steps
from crosslift.retrieval.neighbours import Neighbours
from crosslift.retrieval.similarity import FloatArray
from crosslift.steps.step import Step


def search_crew(
    engine: Engine,
    encoders: Sequence[Trained | ObjectEncoder],
    anchors: int,
    candidates: int,
    k: int,
) -> Crew:
    """The workers of an engine, each with the memory that a block or a shard needs.

    Args:
        engine: engine that starts the workers.
        encoders: encoders of the texts.
        anchors: number of distinct anchors.
        candidates: number of texts of the corpus.
        k: neighbours of each anchor.
    """
    memories = [
        memory_of(
            (anchors, candidates),
            encoder.width,
            k,
            screened_bytes=screened_bytes(),
            encoder_bytes=encoder.weight_bytes,
            workers=engine.workers,
            both=False,
        )
        for encoder in encoders
    ]
    memory = max(each[phase] for each in memories for phase in ("encoding", "searching"))
    return Crew(engine, lambda _: Needs(memory=memory, step="a shard of the search"))


@dataclass(frozen=True)
class AnchorSearch:
    """The search of the nearest texts of a corpus to each anchor.

    Args:
        anchors: finished steps that encode the A distinct anchors.
        texts: finished steps that encode all texts, the texts of the corpus first.
        candidates: number of texts of the corpus.
        k: neighbours of each anchor.
        store: store of the vectors, and of the state of an unfinished search.
        crew: workers that search. None: this process.
    """

    anchors: Sequence[Step]
    texts: Sequence[Step]
    candidates: int
    k: int
    store: Store
    crew: Crew | None

    @cached_property
    def key(self) -> str:
        """The key of the search: a hash of everything that the result depends on."""
        return search_key(self.anchors, self.texts, "exact", self.k, self.candidates)

    @property
    def _folder(self) -> Path:
        return self.store.unfinished(self.key)

    @cached_property
    def _shards(self) -> Sequence[Step]:
        if self.crew is None:
            return ()
        workers = self.crew.engine.workers
        return shard_steps(self.anchors, self.texts, self.k, workers, self.candidates)

    def run(self, texts: FloatArray, listener: Listener[Phase]) -> None:
        """Searches the blocks that are not searched yet.

        Args:
            texts: vectors of all texts, floats [T, D].
            listener: receives the progress in pairs of texts.
        """
        if self.crew is not None:
            make_with(self.crew, self._shards, self.store, listener, "searching", "pairs")
            return
        search = pair_search(texts, self.k, self.candidates)
        search_blocks(BlockVectors(self.anchors, self.store), search, self._folder, listener)

    def nearest(self) -> Iterator[Neighbours]:
        """Yields the neighbours of all anchors in their order, some anchors at a time: int64 and
        float32 [n, k] each."""
        if self.crew is not None:
            yield from (shard_neighbours(s, self.store).src_to_tgt for s in self._shards)
        else:
            yield from (block_neighbours(self._folder, n) for n in range(len(self.anchors)))

    def delete(self) -> None:
        """Deletes the files of the search."""
        shutil.rmtree(self._folder, ignore_errors=True)
        delete_shards(self._shards, self.store)
