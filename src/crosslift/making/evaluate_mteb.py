"""Makes the outcomes of a task of MTEB: `mteb` runs it, and asks for the vectors of texts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.encoders.reading import reading_of_sides
from crosslift.making.evaluate import write_outcomes
from crosslift.making.loaded_target import Loaded
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.on_devices import make_on_devices, write_json
from crosslift.making.trained import Trained
from crosslift.ranks.ranks import Ranks
from crosslift.results.mteb_scores import MTEB_FILE, MtebScores
from crosslift.results.result_record import read_json_file
from crosslift.steps.step import Step, Workplace
from crosslift.targets.evaluate_mteb import Role, evaluate_mteb
from crosslift.targets.kinds.mteb_tasks import MtebData


@dataclass(frozen=True, slots=True)
class MtebJob:
    """One subset of a task of MTEB, and the encoder as it reads the texts of each role."""

    loaded: Loaded[MtebData]
    encoders: Mapping[Role, Trained | ObjectEncoder]

    def check_needs(self) -> None:
        """Raises if the encoder cannot be found or fetched."""
        self.encoders[""].check_needs()


class _Reader:
    """Encodes the texts that MTEB asks for, and notes how the texts of each role were read.

    MTEB runs on the first rank. The others help: they receive its requests, and encode their share.
    """

    def __init__(self, job: MtebJob, workplace: Workplace, ranks: Ranks) -> None:
        self._encoders, self._workplace, self._ranks = job.encoders, workplace, ranks
        self.readings: dict[Role, dict[str, Any]] = {}

    def __call__(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        distinct = list(dict.fromkeys(texts))
        vectors = self._encode(self._ranks.once(lambda: (distinct, role)))
        places = {text: place for place, text in enumerate(distinct)}
        of_texts: NDArray[np.float32] = vectors[[places[text] for text in texts]]
        return of_texts

    def help(self) -> None:
        """Encodes this rank's share of all requests of the first rank, until the first rank ends."""
        while (request := self._ranks.once(_nothing)) is not None:
            self._encode(request)

    def end(self) -> None:
        """Tells the other ranks that no more requests follow."""
        self._ranks.once(_nothing)

    def _encode(self, request: _Request) -> NDArray[np.float32]:
        texts, role = request
        encoder = self._encoders[role]
        vectors, self.readings[role] = encoder.vectors(texts, self._workplace, self._ranks)
        self._ranks.stop_if_asked()
        return vectors

    @property
    def reading(self) -> dict[str, Any]:
        """One reading, with the prompts of queries (src) and documents (tgt) if they differ."""
        first, last = (self.readings[r] for r in (min(self.readings), max(self.readings)))
        if {"query", "document"} <= set(self.readings):
            first, last = self.readings["query"], self.readings["document"]
        return reading_of_sides(first, last)


_Request = tuple[list[str], Role]
"""Distinct texts, and the role in which they are read."""


def _nothing() -> _Request | None:
    return None


def evaluate_mteb_task(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `outcomes.parquet`, one row for each item, `mteb.json`, and `reading.json`."""
    make_on_devices(_evaluate, step, workplace, folder)


def _evaluate(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    job = step.job_as(MtebJob)
    task = job.loaded.data.task
    reader, began = _Reader(job, workplace, ranks), time.monotonic()
    if ranks.number > 0:
        reader.help()
        return
    ((language, subset),) = task.subsets.items()
    scored = evaluate_mteb(task, language, job.loaded.protocols[0].id, reader)
    reader.end()
    metadata = task.task.metadata
    record = MtebScores(
        task=task.name,
        language=language,
        subset=subset,
        split=task.split,
        languages=tuple(metadata.hf_subsets_to_langscripts[subset]),
        main_score=task.main_score,
        scores=dict(scored.scores),
        outcomes="item" if scored.of_items else "subset",
        dataset_revision=str(metadata.dataset.get("revision", "")),
        mteb_version=version("mteb"),
        seconds=time.monotonic() - began,
        reading=reader.reading,
    )
    content = json.dumps(record.to_json(), ensure_ascii=False)
    (folder / MTEB_FILE).write_text(content, encoding="utf-8")
    write_json(ranks, folder / "reading.json", reader.reading)
    write_outcomes([scored.outcomes], folder)


def open_mteb_scores(steps: Iterable[Step], store: Store) -> tuple[MtebScores, ...]:
    """The scores of MTEB, from the steps that score the subsets of a task; empty for other targets."""
    paths = [step.open(store) / MTEB_FILE for step in steps]
    return tuple(read_json_file(path, MtebScores) for path in paths if path.is_file())
