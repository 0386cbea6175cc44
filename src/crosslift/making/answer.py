"""Makes the answers of a fine-tuned encoder, and their scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from crosslift.artifacts.store import TIMINGS, Store
from crosslift.encoders.load_encoder import Encoder
from crosslift.forms.form import column
from crosslift.forms.span_qa import SpanQA
from crosslift.making.evaluate import outcome_table
from crosslift.making.loaded_target import Loaded
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.making.trained_heads import load_head
from crosslift.sources.record import Record
from crosslift.steps.step import Step, Workplace
from crosslift.targets.evaluate_labelled import evaluate_answers
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.training.robust import smoothed_answers
from crosslift.training.robust_settings import SmoothedPredictionSettings

N_BEST = 5
"""Answers that are kept of each question, beside the one that is scored."""
_TOLD = ("spent.json", "curve.json", "records.json", TIMINGS)


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers, and how.

    Args:
        encoder: fine-tuned.
        run: what it was fine-tuned on.
        loaded: the target.
        smoothed: how votes are taken; None: texts are read once, as they are.
    """

    encoder: Trained
    run: TaskRun
    loaded: Loaded[LabelledData]
    smoothed: SmoothedPredictionSettings | None

    @property
    def facts(self) -> dict[str, Any]:
        """What decides the answers, beside the fine-tuning."""
        form, smoothed = self.run.facts["form"], self.smoothed
        how = {"smoothed": smoothed.model_dump(mode="json")} if smoothed else {}
        return {"encoder": self.encoder.facts, **self.loaded.facts, "form": form, **how}

    @property
    def readings(self) -> int:
        """How often each text goes through the encoder."""
        return self.smoothed.draws if self.smoothed else 1


def answer_examples(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `answers.json`, language -> answers; `n_best.json` of questions on passages; `cut.json`;
    and the spent budget, curve, records and timings of the fine-tuning."""
    asked = step.job_as(Answering)
    tests = asked.loaded.data.tests
    form, ready, head = _opened(asked, step.inputs["tuned"], workplace)
    given: dict[str, list[Any]] = {}
    best: dict[str, list[Any]] = {}
    cut = {language: form.cut(ready, records) for language, records in tests.items()}
    for done, (language, records) in enumerate(tests.items(), 1):
        if isinstance(form, SpanQA) and asked.smoothed is None:
            found = form.n_best(ready, head, records, N_BEST)
            best[language] = [[[a.text, a.score] for a in answers] for answers in found]
            given[language] = [answers[0].text if answers else "" for answers in found]
        else:
            given[language] = _answers(asked, form, ready, head, records)
        workplace.report(done / len(tests))
    _write(given, folder / "answers.json")
    _write(cut, folder / "cut.json")
    if best:
        _write(best, folder / "n_best.json")
    for name in _TOLD:
        shutil.copyfile(step.inputs["tuned"].open(workplace.store) / name, folder / name)


def _opened(asked: Answering, tuned: Step, workplace: Workplace) -> tuple[Any, Any, Any]:
    """The form, the fine-tuned encoder and its head."""
    form: Any = asked.run.task.form.open()
    ready = asked.encoder.load(workplace)
    head = form.head(ready)
    head.load_state_dict(load_head(tuned, workplace.store, asked.run.task.name))
    return form, ready, head.eval()


def _answers(
    asked: Answering, form: Any, encoder: Encoder, head: Any, records: Sequence[Record]
) -> list[Any]:
    """A class, tags or a text for each record, by vote where that is asked for."""

    def answer() -> list[Any]:
        found: list[Any] = form.answers(encoder, head, records)
        return found

    return smoothed_answers(asked.smoothed, encoder, answer) if asked.smoothed else answer()


def answers_in(step: Step, store: Store) -> dict[str, list[Any]]:
    """What an answering step answered: language -> a class, tags or a text for each example."""
    found: dict[str, list[Any]] = _read(step.open(store) / "answers.json")
    return found


def told_of_answering(step: Step, store: Store, name: str) -> Any:
    """What an answering step told: `cut` (language -> what did not go through whole -> how often),
    and of the fine-tuning before it `spent`, `curve`, `records` and `timings`."""
    return _read(step.open(store) / f"{name}.json")


def evaluate_labelled(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `outcomes.parquet`, one row an example."""
    loaded: Loaded[LabelledData] = step.job_as(Loaded)
    given = answers_in(step.inputs["answers"], workplace.store)
    found = list(evaluate_answers(loaded.protocols, loaded.data, given))
    pq.write_table(outcome_table(found), folder / "outcomes.parquet")


def labelled_alike(tests: Mapping[str, Sequence[Record]]) -> list[int]:
    """The places at which all languages have the same label; in PAWS-X a few differ, and what a pair of
    texts in two languages would be is then not known."""
    labels = zip(*([r.label for r in records] for records in tests.values()), strict=True)
    return [place for place, found in enumerate(labels) if len(set(found)) == 1]


def answer_pairs(step: Step, workplace: Workplace, folder: Path) -> None:
    """`correct.npy`, uint8 [L, L, N]: whether example n of those that all languages label alike is
    classed rightly with its first text in the language of the row and its second in that of the
    column; `languages.json`."""
    asked = step.job_as(Answering)
    form, ready, head = _opened(asked, step.inputs["tuned"], workplace)
    all_tests = asked.loaded.data.tests
    alike = labelled_alike(all_tests)
    tests = {code: [records[i] for i in alike] for code, records in all_tests.items()}
    answers = answers_in(step.inputs["answers"], workplace.store)
    given = {language: [answers[language][i] for i in alike] for language in tests}
    rights = [record.label for record in next(iter(tests.values()))]
    correct = np.zeros((len(tests), len(tests), len(rights)), np.uint8)
    for i, (language, records) in enumerate(tests.items()):
        for j, others in enumerate(tests.values()):
            mixed = _mixed(records, others)
            found = given[language] if i == j else _answers(asked, form, ready, head, mixed)
            correct[i, j] = [a == b for a, b in zip(found, rights, strict=True)]
            workplace.report((i * len(tests) + j + 1) / len(tests) ** 2)
    np.save(folder / "correct.npy", correct)
    _write(list(tests), folder / "languages.json")


def _mixed(first: Sequence[Record], second: Sequence[Record]) -> list[Record]:
    """Records with the text of the one and the pair of the other."""
    pairs = zip(first, column(second, "pair"), strict=True)
    return [replace(record, texts={**record.texts, "pair": pair}) for record, pair in pairs]


def pairs_in(step: Step, store: Store) -> tuple[list[str], NDArray[np.uint8]]:
    """What `generalised` of a target found: the languages, and whether each example of each pair of
    them was classed rightly, uint8 [L, L, N] (see `labelled_alike`)."""
    folder = step.open(store)
    found: NDArray[np.uint8] = np.load(folder / "correct.npy")
    return _read(folder / "languages.json"), found


def _write(value: Any, path: Path) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
