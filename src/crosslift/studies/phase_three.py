"""Phase three: an arm's encoder is fine-tuned on the English training set of a target, then answers its
examples in every language.

The weights that fine-tuning leaves are as large as the encoder, and there are as many as arms times
seeds times targets. Where they are not to be kept, they are made only for the steps that read them and
taken out of the store once these stand.
"""

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
from crosslift.encoders.load import Encoder
from crosslift.errors import DataError, StudyError
from crosslift.forms.form import column
from crosslift.forms.span_qa import SpanQA
from crosslift.sources.record import Record
from crosslift.studies.loaded_target import LoadedTarget
from crosslift.studies.making.evaluate import outcome_table
from crosslift.studies.making.heads import load_head
from crosslift.studies.steps import Step, Workplace
from crosslift.studies.task_runs import TaskRun
from crosslift.studies.trained import Trained
from crosslift.studies.training_steps import train_step
from crosslift.targets.evaluate_labelled import evaluate_answers
from crosslift.targets.target import LabelledData
from crosslift.training.robust import smoothed_answers
from crosslift.training.robust_settings import SmoothedPredictionSettings
from crosslift.training.settings import FineTuneSettings, MixedTaskSettings

N_BEST = 5
"""Answers that are kept of each question, beside the one that is scored."""
_TOLD = ("spent.json", "curve.json", "records.json", TIMINGS)


@dataclass(frozen=True, slots=True)
class PhaseThree:
    """What one arm and seed does on one target of labelled examples.

    Args:
        tuned: the step that fine-tunes on English.
        answers: the step that answers every example: `answers.json`, language -> answers; of
            questions on passages also `n_best.json`; `cut.json`; what its fine-tuning told of itself.
        evaluation: the step that scores the answers; None: the examples have no labels.
        generalised: the step that answers pairs of texts in two languages; None: not asked for.
    """

    tuned: Step
    answers: Step
    evaluation: Step | None
    generalised: Step | None = None

    @property
    def ends(self) -> list[Step]:
        """The steps that are wanted for their own sake."""
        return [s for s in (self.answers, self.evaluation, self.generalised) if s is not None]


def english_run(loaded: LoadedTarget, settings: FineTuneSettings) -> TaskRun:
    """What every arm is fine-tuned on for a target.

    Args:
        loaded: the target.
        settings: of the fine-tuning.
    """
    task = labelled(loaded).task
    asked = MixedTaskSettings(task=task.name, limit=settings.limit, dev_limit=settings.dev_limit)
    return TaskRun(asked, task)


def phase_three(
    encoder: Trained, loaded: LoadedTarget, run: TaskRun, settings: FineTuneSettings, seed: int
) -> PhaseThree:
    """The steps of an arm's encoder on a target of labelled examples.

    Args:
        encoder: as the arm leaves it.
        loaded: the target.
        run: what it is fine-tuned on, see `english_run`.
        settings: of the fine-tuning.
        seed: of everything random in it.

    Raises:
        StudyError: no budget; settings that do not fit the target.
    """
    data = labelled(loaded)
    if settings.budget is None:
        raise StudyError(
            f"target {loaded.target.name!r} is fine-tuned without a budget",
            "`budget` in `fine_tune` of the study or of the target",
            "such as `fine_tune: {budget: {updates: 2000, batch_size: 32}}`",
        )
    stage = settings.stage(data.task.name)
    tuned = train_step(encoder, [run], stage, settings.budget, seed)
    tuned = replace(tuned, label=f"fine-tuning: {tuned.label}", passing=not settings.keep_weights)
    if settings.text_side == "trainable":
        encoder = replace(encoder, stages=(*encoder.stages, tuned))
    asked = _Asked(encoder, run, loaded, settings.smoothed_prediction)
    answers = _answer_step(asked, tuned)
    evaluation = _evaluate_step(loaded, answers) if data.labelled else None
    pairs = _generalised_step(asked, answers) if loaded.generalised else None
    return PhaseThree(tuned, answers, evaluation, pairs)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What answers, and how.

    Args:
        encoder: fine-tuned.
        run: what it was fine-tuned on.
        loaded: the target.
        smoothed: how votes are taken; None: texts are read once, as they are.
    """

    encoder: Trained
    run: TaskRun
    loaded: LoadedTarget
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


def labelled(loaded: LoadedTarget) -> LabelledData:
    """The data of a target of labelled examples."""
    if not isinstance(loaded.data, LabelledData):
        raise TypeError(f"target {loaded.target.name} has no labelled examples")
    return loaded.data


def _answer_step(asked: _Asked, tuned: Step) -> Step:
    tests = labelled(asked.loaded).tests
    votes = f", by vote over {asked.readings} draws" if asked.smoothed else ""
    return Step(
        kind="answer",
        label=f"{asked.loaded.target.name} in {len(tests)} languages{votes}",
        settings=asked.facts,
        inputs={"tuned": tuned},
        make=_answer,
        work=asked.run.words * sum(map(len, tests.values())) * asked.readings,
        context=asked,
    )


def _answer(step: Step, workplace: Workplace, folder: Path) -> None:
    asked: _Asked = step.context
    tests = labelled(asked.loaded).tests
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


def _opened(asked: _Asked, tuned: Step, workplace: Workplace) -> tuple[Any, Any, Any]:
    """The form, the fine-tuned encoder and its head."""
    form: Any = asked.run.task.form.open()
    ready = asked.encoder.load(workplace)
    head = form.head(ready)
    head.load_state_dict(load_head(tuned, workplace.store, asked.run.task.name))
    return form, ready, head.eval()


def _answers(
    asked: _Asked, form: Any, encoder: Encoder, head: Any, records: Sequence[Record]
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


def _evaluate_step(loaded: LoadedTarget, answers: Step) -> Step:
    protocols = [protocol.facts() for protocol in loaded.protocols]
    return Step(
        kind="evaluate",
        label=loaded.target.name,
        settings={**loaded.facts, "protocols": protocols},
        inputs={"answers": answers},
        make=_evaluate,
        work=sum(map(len, labelled(loaded).tests.values())),
        context=loaded,
    )


def _evaluate(step: Step, workplace: Workplace, folder: Path) -> None:
    loaded: LoadedTarget = step.context
    given = answers_in(step.inputs["answers"], workplace.store)
    found = list(evaluate_answers(loaded.protocols, labelled(loaded), given))
    pq.write_table(outcome_table(found), folder / "outcomes.parquet")


def _generalised_step(asked: _Asked, answers: Step) -> Step:
    loaded = asked.loaded
    tests = labelled(loaded).tests
    check_parallel(loaded.target.name, labelled(loaded))
    pairs = len(tests) * (len(tests) - 1)
    return Step(
        kind="answer",
        label=f"{loaded.target.name} in {pairs} pairs of two languages",
        settings=asked.facts | {"generalised": True},
        inputs={"tuned": answers.inputs["tuned"], "answers": answers},
        make=_answer_pairs,
        work=asked.run.words * pairs * len(next(iter(tests.values()))) * asked.readings,
        context=asked,
    )


def check_parallel(target: str, data: LabelledData) -> None:
    """Checks that there are labelled pairs of texts, one at each place in each of several languages.

    Raises:
        StudyError: examples without labels or of single texts; one language alone.
        DataError: another number of examples.
    """
    first, *others = data.tests
    told = f"`generalised: true` of target {target!r}"
    if any("pair" not in record.texts for record in data.tests[first]):
        raise StudyError(f"{told}, whose examples are no pairs of texts", "xnli or pawsx")
    if not data.labelled:
        raise StudyError(
            f"{told}, whose {data.split} examples have no labels",
            "examples with labels",
            "score `split: dev`, or take `generalised` out",
        )
    if not others:
        raise StudyError(f"{told} in {first} alone", "two languages or more")
    for language in others:
        if len(data.tests[language]) != len(data.tests[first]):
            raise DataError(
                f"{target}: {len(data.tests[language])} examples in {language}, "
                f"{len(data.tests[first])} in {first}",
                "as many in every language, in the same order, for two languages at once",
            )


def labelled_alike(tests: Mapping[str, Sequence[Record]]) -> list[int]:
    """The places at which all languages have the same label; in PAWS-X a few differ, and what a pair of
    texts in two languages would be is then not known."""
    labels = zip(*([r.label for r in records] for records in tests.values()), strict=True)
    return [place for place, found in enumerate(labels) if len(set(found)) == 1]


def _answer_pairs(step: Step, workplace: Workplace, folder: Path) -> None:
    """`correct.npy`, uint8 [L, L, N]: whether example n of those that all languages label alike is
    classed rightly with its first text in the language of the row and its second in that of the
    column; `languages.json`."""
    asked: _Asked = step.context
    form, ready, head = _opened(asked, step.inputs["tuned"], workplace)
    all_tests = labelled(asked.loaded).tests
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
