"""The exact search in shards of src rows, which the workers of an engine make as steps.

A shard searches its rows in all of tgt; see `crosslift.retrieval.merged_neighbours`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosslift.artifacts.progress import Listener, Phase, Silent, in_phase
from crosslift.artifacts.store import Store
from crosslift.engines.crew import Crew
from crosslift.mining.blocks import BlockVectors, among_facts, search_exactly
from crosslift.retrieval import merged_neighbours
from crosslift.retrieval.search import BothNeighbours, Neighbours
from crosslift.steps.before_run import missing_steps
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace


@dataclass(frozen=True, slots=True)
class SearchedShard:
    """A shard of a search.

    Args:
        src: roles of the inputs that encode its src rows.
        tgt: roles of those that encode all tgt rows.
    """

    src: tuple[str, ...]
    tgt: tuple[str, ...]


def shard_steps(
    src: Sequence[Step], tgt: Sequence[Step], k: int, shards: int, among: int | None = None
) -> list[Step]:
    """Steps that together search all src rows in tgt rows.

    Args:
        src, tgt: steps that encode the blocks of each side.
        k: neighbours of each row.
        shards: number of shards, at most one for each block of src.
        among: as in `crosslift.mining.blocks.search_exactly`.
    """
    tgt_inputs = {f"tgt {number}": step for number, step in enumerate(tgt, start=1)}
    tgt_rows = sum(step.work for step in tgt) if among is None else among
    bounds = np.linspace(0, len(src), min(shards, len(src)) + 1).round().astype(int)
    steps = []
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        src_inputs = {f"src {n}": step for n, step in enumerate(src[first:last], start=first + 1)}
        steps.append(
            Step(
                kind="search",
                label=f"src blocks {first + 1} to {last} of {len(src)}",
                settings={"k": k, **among_facts(among)},
                inputs=src_inputs | tgt_inputs,
                make=search_shard,
                work=sum(step.work for step in src_inputs.values()) * tgt_rows,
                job=SearchedShard(tuple(src_inputs), tuple(tgt_inputs)),
            )
        )
    return steps


def search_shard(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `neighbours.npz`: the neighbours of the shard's src rows, and those of all tgt rows among
    these."""
    job = step.job_as(SearchedShard)
    src, tgt = (
        BlockVectors([step.inputs[role] for role in roles], workplace.store)
        for roles in (job.src, job.tgt)
    )
    place = workplace.unfinished(step)
    k, among = step.settings["k"], step.settings.get("among")
    both = search_exactly(src, tgt, k, place, _Share(workplace, step.work), among)
    np.savez(
        folder / "neighbours.npz",
        src_indices=both.src_to_tgt.indices,
        src_scores=both.src_to_tgt.scores,
        tgt_indices=both.tgt_to_src.indices,
        tgt_scores=both.tgt_to_src.scores,
    )


class _Share(Silent[Phase]):
    """Reports the share of the pairs that are searched."""

    def __init__(self, workplace: Workplace, pairs: float) -> None:
        self._workplace, self._pairs = workplace, pairs

    def advance(self, done: float) -> None:
        """Pairs that are searched."""
        self._workplace.report(done / self._pairs)


def shard_neighbours(shard: Step, store: Store) -> BothNeighbours:
    """The neighbours that a shard has found: of its src rows, which are final, and of tgt rows.

    Args:
        shard: a shard whose artifact exists.
        store: store of the artifact.
    """
    with np.load(shard.open(store) / "neighbours.npz") as arrays:
        return BothNeighbours(
            Neighbours(arrays["src_indices"], arrays["src_scores"]),
            Neighbours(arrays["tgt_indices"], arrays["tgt_scores"]),
        )


def merged(shards: Sequence[Step], k: int, store: Store) -> BothNeighbours:
    """The neighbours of all rows, from all shards.

    Args:
        shards: shards whose artifacts exist, in the order of the rows.
        k: neighbours of each row.
        store: store of the artifacts.

    Returns:
        [N, min(k, M)] and [M, min(k, N)].
    """
    return merged_neighbours.merged((shard_neighbours(shard, store) for shard in shards), k)


def make_with(
    crew: Crew, steps: Sequence[Step], store: Store, listener: Listener[Phase], name: str, unit: str
) -> None:
    """Makes the steps that are not up to date with the workers of an engine, as one phase.

    Args:
        crew: the workers.
        steps: steps whose work is counted in the unit.
        store: store of the artifacts.
        listener: receives the progress of the phase.
        name, unit: name and unit of the phase.

    Raises:
        CrossLiftError: a step cannot be made.
    """
    missing = missing_steps(steps, store, Status(store))
    if not missing:
        return
    total, remaining = (sum(step.work for step in some) for some in (steps, missing))
    phase = Phase(name, unit, total, total - remaining)
    with in_phase(listener, phase):
        progress = StepsInPhase(listener, phase)
        crew.make(missing, store, progress, keep_going=False, trust_code=False)


def delete_shards(shards: Sequence[Step], store: Store) -> None:
    """Deletes the artifacts of shards, after their pairs are written."""
    for shard in shards:
        shutil.rmtree(store.place(shard.kind, shard.key), ignore_errors=True)


class StepsInPhase(Silent[Step]):
    """Shows the progress of steps as that of one phase.

    Args:
        listener: receives the progress of the phase.
        phase: phase whose unit is that of the steps' work.
    """

    def __init__(self, listener: Listener[Phase], phase: Phase) -> None:
        self._listener = listener
        self._done = phase.done
        self._lanes: dict[str, _Lane] = {}

    def of_worker(self, name: str) -> _Lane:  # type: ignore[override]
        """The progress of one worker."""
        return self._lanes.setdefault(name, _Lane(self))

    def warn(self, words: str) -> None:
        """Shows a note."""
        self._listener.warn(words)

    def add(self, work: float) -> None:
        """Adds finished work."""
        self._done += work

    def show(self) -> None:
        """Reports the finished work, and the finished parts of running steps."""
        self._listener.advance(self._done + sum(lane.part for lane in self._lanes.values()))


class _Lane(Silent[Step]):
    """The steps of one worker."""

    def __init__(self, whole: StepsInPhase) -> None:
        self._whole = whole
        self._work = self.part = 0.0

    def begin(self, work: Step) -> None:
        """A step begins."""
        self._work, self.part = work.work, 0.0

    def advance(self, done: float) -> None:
        """Reports the finished share of the step."""
        self.part = done * self._work
        self._whole.show()

    def end(self, work: Step, seconds: float) -> None:
        """The step ends."""
        del seconds
        self.part = 0.0
        self._whole.add(work.work)
        self._whole.show()
