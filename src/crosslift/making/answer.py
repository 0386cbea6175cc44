"""Makes the answers of a fine-tuned encoder, and their scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.keys import key_of
from crosslift.artifacts.store import Store
from crosslift.forms.form import column
from crosslift.making.evaluate import write_outcomes
from crosslift.making.loaded_target import Loaded
from crosslift.making.on_devices import make_on_devices
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.making.trained_heads import load_head
from crosslift.making.training_files import TRAINING_FILES
from crosslift.making.weight_files import evaluations_kept
from crosslift.metrics.table import outcome_of
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.record import Record
from crosslift.steps.step import Step, Workplace
from crosslift.targets.evaluate_labelled import evaluate_answers
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.protocol import TunedWeights
from crosslift.targets.query_outcomes import Outcomes
from crosslift.training.robust_settings import SmoothedPredictionSettings

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder

N_BEST = 5
"""Number of answers kept for each question, besides the one that is scored."""


@dataclass(frozen=True, slots=True)
class Answering:
    """A fine-tuned encoder that answers a target, and its settings.

    Args:
        encoder: fine-tuned encoder.
        run: task that it was fine-tuned on.
        loaded: the target.
        smoothed: settings of the votes; None: texts are read once, as they are.
        weights: weights of the fine-tuning that answer.
    """

    encoder: Trained
    run: TaskRun
    loaded: Loaded[LabelledData]
    smoothed: SmoothedPredictionSettings | None
    weights: TunedWeights = "best"

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that decide the answers, besides the fine-tuning."""
        form, smoothed = self.run.facts["form"], self.smoothed
        how: dict[str, Any] = {"smoothed": smoothed.model_dump(mode="json")} if smoothed else {}
        if self.weights != "best":
            how["weights"] = self.weights
        if self.weights == "oracle":
            how["own_dev"] = key_of({"records": list(self.loaded.data.own_dev.items())})
        return {"encoder": self.encoder.facts, **self.loaded.facts, "form": form, **how}

    @property
    def readings(self) -> int:
        """How often each text goes through the encoder."""
        return self.smoothed.draws if self.smoothed else 1


def answer_examples(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `answers.json`, language -> answers; `n_best.json` of questions on passages; `cut.json`;
    and the spent budget, curve, records and timings of the fine-tuning."""
    make_on_devices(_answer_examples, step, workplace, folder)


def _answer_examples(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    """Each rank runs its batches through the encoder, or its draws; the first one writes."""
    from crosslift.forms.span_qa import SpanQA

    job = step.job_as(Answering)
    tests = job.loaded.data.tests
    kept = None if job.weights == "best" else job.weights
    ready = _opened(job, step.inputs["tuned"], workplace, ranks, kept)
    answers_of: dict[str, list[Any]] = {}
    best: dict[str, list[Any]] = {}
    cut = ready.cut(tests)
    for done, (language, records) in enumerate(tests.items(), 1):
        if isinstance(ready.form, SpanQA) and job.smoothed is None:
            n_best = ready.form.n_best(ready.encoder, ready.head, records, N_BEST, ranks)
            best[language] = [[[a.text, a.score] for a in answers] for answers in n_best]
            answers_of[language] = [answers[0].text if answers else "" for answers in n_best]
        else:
            answers_of[language] = ready.answers(records)
        workplace.report(done / len(tests))
        ranks.stop_if_asked()
    if ranks.number > 0:
        return
    _write(answers_of, folder / "answers.json")
    _write(cut, folder / "cut.json")
    if best:
        _write(best, folder / "n_best.json")
    for name in TRAINING_FILES:
        shutil.copyfile(step.inputs["tuned"].open(workplace.store) / name, folder / name)


def answer_by_oracle(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `answers.json` as `answer_examples`, each language answered with the weights of the dev
    evaluation that are best on its own examples; `chosen.json`, language -> number of that
    evaluation."""
    make_on_devices(_answer_by_oracle, step, workplace, folder)


def _answer_by_oracle(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    """Answers as `_answer_examples` does; the first rank scores, and all choose by its scores."""
    job = step.job_as(Answering)
    data, tuned = job.loaded.data, step.inputs["tuned"]
    count = evaluations_kept(tuned.open(workplace.store))
    chosen: dict[str, int] = {}
    best: dict[str, float] = {}
    answers_of: dict[str, list[Any]] = {}
    for number in range(1, count + 1):
        ready = _opened(job, tuned, workplace, ranks, str(number))
        for done, (language, tests) in enumerate(data.tests.items(), 1):
            records = data.own_dev.get(language) or tests
            answers = ready.answers(records)
            score = ranks.once(partial(_mean_score, job, language, records, answers))
            if language not in best or score > best[language]:
                chosen[language], best[language] = number, score
                answers_of[language] = answers if records is tests else ready.answers(tests)
            workplace.report((number - 1 + done / len(data.tests)) / count)
            ranks.stop_if_asked()
    if ranks.number == 0:
        _write(answers_of, folder / "answers.json")
        _write(chosen, folder / "chosen.json")


def _mean_score(
    job: Answering, language: str, records: Sequence[Record], answers: Sequence[Any]
) -> float:
    data = replace(job.loaded.data, tests={language: tuple(records)})
    protocol = job.loaded.protocols[0]
    (outcomes,) = evaluate_answers([protocol], data, {language: answers})
    return float(np.mean(outcomes.values[outcome_of(protocol.metric)]))


class _Ready(NamedTuple):
    """The loaded encoder and head that answer.

    Args:
        form: form of the task that the encoder was fine-tuned on.
        encoder: fine-tuned encoder.
        head: fine-tuned head.
        smoothed: see `Answering`.
        ranks: ranks that answer together.
    """

    form: Any
    encoder: Encoder
    head: Any
    smoothed: SmoothedPredictionSettings | None
    ranks: Ranks

    def answers(self, records: Sequence[Record]) -> list[Any]:
        """A class, tags or a text for each record, by vote if `smoothed` is set.

        The noise of a draw depends on all earlier batches, so one rank makes a whole draw.
        """
        from crosslift.training.robust import smoothed_answers

        if self.smoothed is None:
            answers: list[Any] = self.form.answers(self.encoder, self.head, records, self.ranks)
            return answers
        alone = self._replace(smoothed=None, ranks=ALONE)
        return smoothed_answers(
            self.smoothed, self.encoder, lambda: alone.answers(records), self.ranks
        )

    def cut(self, tests: Mapping[str, Sequence[Record]]) -> dict[str, dict[str, int]]:
        """Language -> kind of cut -> number of cuts; each rank counts in some of the languages."""
        mine = list(tests)[self.ranks.turn]
        counts = [(language, self.form.cut(self.encoder, tests[language])) for language in mine]
        by_language = dict(self.ranks.united(counts))
        return {language: by_language[language] for language in tests}


def _opened(
    job: Answering, tuned: Step, workplace: Workplace, ranks: Ranks, checkpoint: str | None = None
) -> _Ready:
    """The form, the fine-tuned encoder and its head.

    Args:
        job: the encoder that answers, and its settings.
        tuned: the step that fine-tuned it.
        workplace: workplace of the step.
        ranks: ranks that answer together; each loads the encoder.
        checkpoint: name of kept weights; None: the weights that model selection keeps.
    """
    form: Any = job.run.task.form.open()
    encoder = job.encoder
    if tuned in encoder.stages:  # else the text side is locked: the head alone was trained
        encoder = replace(encoder, checkpoint=checkpoint)
    ready = encoder.load(workplace)
    head = form.head(ready)
    head.load_state_dict(load_head(tuned, workplace.store, job.run.task.name, checkpoint))
    return _Ready(form, ready, head.eval(), job.smoothed, ranks)


def answers_in(step: Step, store: Store) -> dict[str, list[Any]]:
    """The answers of an answering step: language -> a class, tags or a text for each example."""
    answers: dict[str, list[Any]] = _read(step.open(store) / "answers.json")
    return answers


def cut_texts(step: Step, store: Store) -> dict[str, dict[str, int]]:
    """Language -> kind of cut that an answering step made -> number of cuts."""
    cut: dict[str, dict[str, int]] = _read(step.open(store) / "cut.json")
    return cut


def answers_role(weights: TunedWeights) -> str:
    """The input of an evaluation with the answers of these weights."""
    return "answers" if weights == "best" else f"answers, {weights}"


def evaluate_labelled(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `outcomes.parquet`, one row for each example."""
    loaded: Loaded[LabelledData] = step.job_as(Loaded)
    outcomes: list[Outcomes] = []
    for protocol in loaded.protocols:
        answers = answers_in(step.inputs[answers_role(protocol.weights)], workplace.store)
        outcomes += evaluate_answers([protocol], loaded.data, answers)
    write_outcomes(outcomes, folder)


def labelled_alike(tests: Mapping[str, Sequence[Record]]) -> list[int]:
    """The places at which all languages have the same label; in PAWS-X a few differ, and the label of a
    pair of texts in two languages is then not known."""
    labels = zip(*([r.label for r in records] for records in tests.values()), strict=True)
    return [place for place, classes in enumerate(labels) if len(set(classes)) == 1]


def answer_pairs(step: Step, workplace: Workplace, folder: Path) -> None:
    """`correct.npy`, uint8 [L, L, N]: whether example n is classified rightly with its first text in
    the language of the row and its second text in the language of the column, for the examples that all
    languages label equally; `languages.json`."""
    make_on_devices(_answer_pairs, step, workplace, folder)


def _answer_pairs(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    """Each rank answers one pair of languages at a time."""
    job = step.job_as(Answering)
    ready = _opened(job, step.inputs["tuned"], workplace, ALONE)
    all_tests = job.loaded.data.tests
    alike = labelled_alike(all_tests)
    tests = [[records[i] for i in alike] for records in all_tests.values()]
    rights = [record.label for record in tests[0]]
    correct = np.zeros((len(tests), len(tests), len(rights)), np.uint8)
    answers = answers_in(step.inputs["answers"], workplace.store)
    for i, language in enumerate(all_tests):
        correct[i, i] = _same(rights, [answers[language][place] for place in alike])
    pairs = [(i, j) for i in range(len(tests)) for j in range(len(tests)) if i != j]
    for start in range(0, len(pairs), ranks.count):
        mine = pairs[start : start + ranks.count][ranks.turn]
        classes = [ready.answers(_mixed(tests[i], tests[j])) for i, j in mine]
        rows = [(place, _same(rights, each)) for place, each in zip(mine, classes, strict=True)]
        for (i, j), row in ranks.united(rows):
            correct[i, j] = row
        workplace.report(min(1.0, (start + ranks.count) / len(pairs)))
        ranks.stop_if_asked()
    if ranks.number == 0:
        np.save(folder / "correct.npy", correct)
        _write(list(all_tests), folder / "languages.json")


def _same(rights: Sequence[Any], answers: Sequence[Any]) -> list[bool]:
    return [a == b for a, b in zip(answers, rights, strict=True)]


def _mixed(first: Sequence[Record], second: Sequence[Record]) -> list[Record]:
    """Records with the first text of one language and the second text of another."""
    pairs = zip(first, column(second, "pair"), strict=True)
    return [replace(record, texts={**record.texts, "pair": pair}) for record, pair in pairs]


def pairs_in(step: Step, store: Store) -> tuple[list[str], NDArray[np.uint8]]:
    """The results of a target's setting `generalised`: the languages, and whether each example of each
    pair of them was classified rightly, uint8 [L, L, N] (see `labelled_alike`)."""
    folder = step.open(store)
    correct: NDArray[np.uint8] = np.load(folder / "correct.npy")
    return _read(folder / "languages.json"), correct


def _write(value: Any, path: Path) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
