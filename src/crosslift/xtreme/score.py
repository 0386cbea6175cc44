"""XTREME's official scorer: a folder of predictions against a folder of labels.

Source: ``evaluate.py`` of google-research/xtreme with ``evaluate_squad.py`` and ``evaluate_mlqa.py``
in its ``third_party``, and seqeval 1.2.2. Where those ignore a fault or count an example as wrong,
this one raises an error: for a question without an answer, or files of different lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError
from crosslift.metrics.answers import AnswerRules, question_scores
from crosslift.metrics.tags import chunk_counts, chunk_scores
from crosslift.xtreme.benchmark import GROUPS, TASKS, Group, XtremeTask
from crosslift.xtreme.prediction_files import (
    read_answers,
    read_labels,
    read_line_numbers,
    read_pairs,
    read_questions,
    read_tags,
)

LanguageScores = dict[str, float]
"""Official name of a metric -> score in [0, 1]."""

OfficialTask = dict[str, float | dict[str, float]]
"""Metric -> language -> score, and the averages, in percent, by the official scorer's names."""


@dataclass(frozen=True, slots=True)
class TaskScores:
    """The scores of one task.

    Args:
        task: task of the benchmark.
        metrics: official name of a metric (``accuracy``, ``f1``, ``precision``, ``recall``,
            ``exact_match``) -> language -> score in [0, 1].
    """

    task: XtremeTask
    metrics: Mapping[str, Mapping[str, float]]

    def average(self, metric: str) -> float:
        """The mean of a metric over the languages, in [0, 1]."""
        return _mean(self.metrics[metric])

    @property
    def score(self) -> float:
        """The task's score in the benchmark: accuracy, F1, or for questions the mean of F1 and exact
        match; over the languages, in [0, 1]."""
        counted = {name: self.average(name) for name in _COUNTED[self.task.layout]}
        return _mean(counted)

    def to_json(self) -> OfficialTask:
        """The task's part of the official scores, in percent."""
        return {
            **{
                name: {language: 100 * value for language, value in values.items()}
                for name, values in self.metrics.items()
            },
            **{f"avg_{name}": 100 * self.average(name) for name in self.metrics},
            "avg_metric": 100 * self.score,
        }


_COUNTED: Mapping[str, tuple[str, ...]] = {
    "labels": ("accuracy",),
    "lines": ("accuracy",),
    "tags": ("f1",),
    "pairs": ("f1",),
    "answers": ("exact_match", "f1"),
}


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a submission.

    Args:
        tasks: folder of a task -> its scores, in the order of the scorer.
        missing: folder of a task that is not scored -> reason.
        ignored: files in the folder of predictions that do not belong to the benchmark, as paths in it.
    """

    tasks: Mapping[str, TaskScores]
    missing: Mapping[str, str]
    ignored: tuple[str, ...] = ()

    @property
    def groups(self) -> dict[Group, float]:
        """The mean over the tasks of each complete group, in [0, 1]."""
        whole = {g: names for g, names in GROUPS.items() if set(names) <= set(self.tasks)}
        return {g: _mean({n: self.tasks[n].score for n in names}) for g, names in whole.items()}

    @property
    def overall(self) -> float | None:
        """The mean over all nine tasks, in [0, 1]; None if one is missing."""
        whole = all(task.folder in self.tasks for task in TASKS)
        return _mean({n: scores.score for n, scores in self.tasks.items()}) if whole else None

    def to_json(self) -> dict[str, float | OfficialTask]:
        """The official scorer's output: ``all_task``, the groups, then each task; in percent."""
        return {
            **({} if self.overall is None else {"all_task": 100 * self.overall}),
            **{group: 100 * value for group, value in self.groups.items()},
            **{name: scores.to_json() for name, scores in self.tasks.items()},
        }


def score_folder(predictions: Path, labels: Path, *, partial: bool = False) -> Scores:
    """Scores a submission as XTREME's ``evaluate.py`` does.

    Args:
        predictions: folder with a folder for each task (``xnli/test-de.tsv``).
        labels: the same with the correct labels.
        partial: tasks may be missing, on either side; languages of a task may not.

    Returns:
        The scores, without averages of incomplete groups.

    Raises:
        DataError: a folder, a task, a language, a question or an example is missing or surplus, or a
            file does not fit its layout.
    """
    for folder in (predictions, labels):
        if not folder.is_dir():
            raise DataError(f"{folder} is not a folder", "a folder with one folder for each task")
    missing = _missing_tasks(predictions, labels)
    if missing and (not partial or len(missing) == len(TASKS)):
        reasons = "; ".join(f"{name} ({reason})" for name, reason in missing.items())
        remedy = None if partial else "score the existing tasks with `--partial`"
        raise DataError(f"tasks are missing: {reasons}", _FOLDERS, remedy)
    tasks = [task for task in TASKS if task.folder not in missing]
    scores = {task.folder: _score_task(task, predictions, labels) for task in tasks}
    return Scores(scores, missing, _ignored(predictions))


_FOLDERS = f"folders {', '.join(task.folder for task in TASKS)} in both folders"


def _missing_tasks(predictions: Path, labels: Path) -> dict[str, str]:
    sides = {"predictions": predictions, "labels": labels}
    reasons = {}
    for task in TASKS:
        missing_sides = [
            name for name, folder in sides.items() if not (folder / task.folder).is_dir()
        ]
        if missing_sides:
            reasons[task.folder] = f"no {' and no '.join(missing_sides)}"
    return reasons


def _ignored(predictions: Path) -> tuple[str, ...]:
    """The files in the folder of predictions that do not belong to the benchmark."""
    known = {task.folder: {task.file_name(lg) for lg in task.languages} for task in TASKS}
    ignored = []
    for path in sorted(predictions.iterdir()):
        if path.name not in known:
            ignored.append(path.name)
        elif path.is_dir():
            names = sorted(inner.name for inner in path.iterdir())
            ignored += [f"{path.name}/{name}" for name in names if name not in known[path.name]]
    return tuple(ignored)


def _score_task(task: XtremeTask, predictions: Path, labels: Path) -> TaskScores:
    for folder in (predictions / task.folder, labels / task.folder):
        names = {language: task.file_name(language) for language in task.languages}
        missing = [language for language, name in names.items() if not (folder / name).is_file()]
        if missing:
            raise DataError(
                f"{folder} lacks the languages {', '.join(missing)}",
                f"files such as {names[missing[0]]} of all {len(names)} languages of {task.folder}",
            )
    metrics: dict[str, dict[str, float]] = {}
    for language in task.languages:
        name = task.file_name(language)
        pair = predictions / task.folder / name, labels / task.folder / name
        for metric, value in _score_language(task, language, *pair).items():
            metrics.setdefault(metric, {})[language] = value
    return TaskScores(task, metrics)


def _score_language(
    task: XtremeTask, language: str, predictions: Path, gold: Path
) -> LanguageScores:
    if task.answer_rules is not None:
        return _score_answers(task.answer_rules, language, predictions, gold)
    return _SCORERS[task.layout](predictions, gold)


def _score_labels(predictions: Path, gold: Path) -> LanguageScores:
    return _accuracy(
        [entry.text for entry in read_labels(predictions)],
        [entry.text for entry in read_labels(gold)],
        (predictions, gold),
    )


def _score_lines(predictions: Path, gold: Path) -> LanguageScores:
    return _accuracy(read_line_numbers(predictions), read_line_numbers(gold), (predictions, gold))


def _accuracy(
    predicted: list[str] | list[int], correct: list[str] | list[int], paths: tuple[Path, Path]
) -> LanguageScores:
    _check_counts(len(predicted), len(correct), "lines", paths)
    return {"accuracy": sum(a == b for a, b in zip(predicted, correct, strict=True)) / len(correct)}


def _score_tags(predictions: Path, gold: Path) -> LanguageScores:
    predicted, correct = read_tags(predictions), read_tags(gold)
    _check_counts(len(predicted), len(correct), "sentences", (predictions, gold))
    for number, (a, b) in enumerate(zip(predicted, correct, strict=True), start=1):
        if len(a.tags) != len(b.tags):
            raise DataError(
                f"{predictions}, line {a.line}: sentence {number} has {len(a.tags)} tags, that of "
                f"{gold}, line {b.line}, has {len(b.tags)}",
                "a tag for each word",
            )
    counts = chunk_counts([s.tags for s in predicted], [s.tags for s in correct])
    scores = chunk_scores(counts)
    return {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}


def _score_pairs(predictions: Path, gold: Path) -> LanguageScores:
    predicted, correct = read_pairs(predictions, may_be_empty=True), read_pairs(gold)
    hits = len(predicted & correct)
    return {
        "f1": 2 * hits / (len(predicted) + len(correct)),
        "precision": hits / len(predicted) if predicted else 0.0,
        "recall": hits / len(correct),
    }


_SCORERS: Mapping[str, Callable[[Path, Path], LanguageScores]] = {
    "labels": _score_labels,
    "lines": _score_lines,
    "tags": _score_tags,
    "pairs": _score_pairs,
}


def _score_answers(
    rules: AnswerRules, language: str, predictions: Path, gold: Path
) -> LanguageScores:
    answers, questions = read_answers(predictions), read_questions(gold)
    _check_ids(answers, questions, predictions, gold)
    pairs = [
        question_scores(answers[key], correct, language, rules)
        for key, correct in questions.items()
    ]
    exact, overlap = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    return {"exact_match": exact, "f1": overlap}


def _check_counts(predicted: int, correct: int, unit: str, paths: tuple[Path, Path]) -> None:
    if predicted != correct:
        predictions, gold = paths
        raise DataError(
            f"{predictions} has {predicted} {unit}, {gold} has {correct}",
            "the same number in both files, in the same order",
        )


_LISTED = 5


def _check_ids(
    answers: Mapping[str, str], questions: Mapping[str, object], predictions: Path, gold: Path
) -> None:
    for problem, ids in {
        f"{predictions} does not answer": [key for key in questions if key not in answers],
        f"{predictions} answers questions that {gold} does not ask:": [
            key for key in answers if key not in questions
        ],
    }.items():
        if ids:
            more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
            first = ", ".join(map(repr, ids[:_LISTED]))
            raise DataError(f"{problem} {first}{more}", "one answer to each question of the labels")


def _mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)
