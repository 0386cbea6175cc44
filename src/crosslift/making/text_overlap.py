"""Makes the comparison of a task's texts with a target's texts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.task_run import TaskRun
from crosslift.steps.step import Step, Workplace
from crosslift.tasks.task import texts_read

_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class ComparedTexts:
    """A task, and a target whose texts the task may contain."""

    run: TaskRun
    loaded: LoadedTarget

    def check_needs(self) -> None:
        """Raises if the task's records cannot be found or fetched."""
        self.run.check_needs()


def find_text_overlap(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `overlap.json`: a task's number of records, and the target's texts that they contain."""
    from crosslift.sources.overlap.find_overlaps import find_overlap  # loads scipy

    job = step.job_as(ComparedTexts)
    run, loaded = job.run, job.loaded
    records, _ = run.train(workplace.store)
    dev = run.dev() if run.chooses_by_dev else ()

    def trained() -> Iterator[str]:
        every = chain(records, dev)
        return chain.from_iterable(texts_read(record, run.task.form) for record in every)

    tested = loaded.texts
    overlap = find_overlap(trained(), tested, threshold=step.settings["threshold"])
    kinds = [str(kind) for kind in overlap.kind]
    shown = [i for i, kind in enumerate(kinds) if kind != "none"][:_EXAMPLES]
    texts = _texts_at({int(overlap.train_index[i]) for i in shown}, trained())
    examples = [
        {
            "train": texts[int(overlap.train_index[i])],
            "test": tested[i],
            "similarity": float(overlap.similarity[i]),
        }
        for i in shown
    ]
    content = {
        "records": len(records) + len(dev),
        "texts": {text: kind for text, kind in zip(tested, kinds, strict=True) if kind != "none"},
        "examples": examples,
    }
    (folder / "overlap.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _texts_at(places: Collection[int], texts: Iterator[str]) -> dict[int, str]:
    """Some of the texts, by their places."""
    first = islice(texts, max(places, default=-1) + 1)
    return {place: text for place, text in enumerate(first) if place in places}
