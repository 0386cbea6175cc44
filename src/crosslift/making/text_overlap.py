"""Makes the comparison of a task's texts with those of a target."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.task_run import TaskRun
from crosslift.steps.step import Step, Workplace
from crosslift.tasks.task import texts_read


@dataclass(frozen=True, slots=True)
class ComparedTexts:
    """A task, and a target whose texts may be among its own."""

    run: TaskRun
    loaded: LoadedTarget

    def check_needs(self) -> None:
        """Raises if the task's records cannot be had."""
        self.run.check_needs()


def find_text_overlap(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `overlap.json`: a task's number of records, and the target's texts that are in them."""
    from crosslift.sources.overlap.find_overlaps import find_overlap  # loads scipy

    job = step.job_as(ComparedTexts)
    run, loaded = job.run, job.loaded
    records, _ = run.train(workplace.store)
    records = [*records, *(run.dev() if run.chooses_by_dev else ())]
    trained = list(dict.fromkeys(text for r in records for text in texts_read(r, run.task.form)))
    tested = loaded.texts
    overlap = find_overlap(trained, tested, threshold=step.settings["threshold"])
    kinds = [str(kind) for kind in overlap.kind]
    examples = [
        {"train": trained[overlap.train_index[i]], "test": text, "similarity": similarity}
        for i, text in enumerate(tested)
        if kinds[i] != "none" and (similarity := float(overlap.similarity[i]))
    ]
    content = {
        "records": len(records),
        "texts": {text: kind for text, kind in zip(tested, kinds, strict=True) if kind != "none"},
        "examples": examples[:20],
    }
    (folder / "overlap.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
