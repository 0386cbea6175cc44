"""XTREME's official scorer: a folder of predictions against a folder of labels.

Source: ``evaluate.py`` of google-research/xtreme with ``evaluate_squad.py`` and ``evaluate_mlqa.py``
in its ``third_party``, and seqeval 1.2.2. Where those go on in silence or count an example as wrong,
this one says what is the matter: a question without an answer, files of different lengths.
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
"""Metric -> language -> score, and the averages, in percent, as the official scorer names them."""


@dataclass(frozen=True, slots=True)
class TaskScores:
    """The scores of one task.

    Args:
        task: which.
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
        """What counts in the benchmark: accuracy, F1, or of questions the mean of F1 and exact
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
        missing: folder of a task that is not scored -> why.
        ignored: what the folder of predictions holds beside the benchmark's files, as paths in it.
    """

    tasks: Mapping[str, TaskScores]
    missing: Mapping[str, str]
    ignored: tuple[str, ...] = ()

    @property
    def groups(self) -> dict[Group, float]:
        """The mean over the tasks of each group that is whole, in [0, 1]."""
        whole = {g: names for g, names in GROUPS.items() if set(names) <= set(self.tasks)}
        return {g: _mean({n: self.tasks[n].score for n in names}) for g, names in whole.items()}

    @property
    def overall(self) -> float | None:
        """The mean over all nine tasks, in [0, 1]; None where one is missing."""
        whole = all(task.folder in self.tasks for task in TASKS)
        return _mean({n: found.score for n, found in self.tasks.items()}) if whole else None

    def to_json(self) -> dict[str, float | OfficialTask]:
        """As the official scorer gives them: ``all_task``, the groups, then each task; in percent."""
        return {
            **({} if self.overall is None else {"all_task": 100 * self.overall}),
            **{group: 100 * value for group, value in self.groups.items()},
            **{name: scores.to_json() for name, scores in self.tasks.items()},
        }


def score_folder(predictions: Path, labels: Path, *, partial: bool = False) -> Scores:
    """Scores a submission as XTREME's ``evaluate.py`` does.

    Args:
        predictions: folder with a folder for each task (``xnli/test-de.tsv``).
        labels: the same with the right labels.
        partial: tasks may be missing, on either side; never languages of a task.

    Returns:
        The scores; averages over groups that are not whole are absent.

    Raises:
        DataError: a folder, a task, a language, a question or an example is missing or surplus, or a
            file does not fit its layout.
    """
    for folder in (predictions, labels):
        if not folder.is_dir():
            raise DataError(f"{folder} is no folder", "a folder with one folder for each task")
    missing = _missing_tasks(predictions, labels)
    if missing and (not partial or len(missing) == len(TASKS)):
        told = "; ".join(f"{name} ({reason})" for name, reason in missing.items())
        remedy = None if partial else "score the tasks that are there with `--partial`"
        raise DataError(f"tasks are missing: {told}", _FOLDERS, remedy)
    wanted = [task for task in TASKS if task.folder not in missing]
    found = {task.folder: _score_task(task, predictions, labels) for task in wanted}
    return Scores(found, missing, _ignored(predictions))


_FOLDERS = f"folders {', '.join(task.folder for task in TASKS)} in both folders"


def _missing_tasks(predictions: Path, labels: Path) -> dict[str, str]:
    sides = {"predictions": predictions, "labels": labels}
    found = {}
    for task in TASKS:
        lacking = [name for name, folder in sides.items() if not (folder / task.folder).is_dir()]
        if lacking:
            found[task.folder] = f"no {' and no '.join(lacking)}"
    return found


def _ignored(predictions: Path) -> tuple[str, ...]:
    """What lies in the folder of predictions and is no file of the benchmark."""
    known = {task.folder: {task.file_name(lg) for lg in task.languages} for task in TASKS}
    found = []
    for path in sorted(predictions.iterdir()):
        if path.name not in known:
            found.append(path.name)
        elif path.is_dir():
            names = sorted(inner.name for inner in path.iterdir())
            found += [f"{path.name}/{name}" for name in names if name not in known[path.name]]
    return tuple(found)


def _score_task(task: XtremeTask, predictions: Path, labels: Path) -> TaskScores:
    for folder in (predictions / task.folder, labels / task.folder):
        names = {language: task.file_name(language) for language in task.languages}
        lacking = [language for language, name in names.items() if not (folder / name).is_file()]
        if lacking:
            raise DataError(
                f"{folder} lacks the languages {', '.join(lacking)}",
                f"files such as {names[lacking[0]]} of all {len(names)} languages of {task.folder}",
            )
    metrics: dict[str, dict[str, float]] = {}
    for language in task.languages:
        name = task.file_name(language)
        pair = predictions / task.folder / name, labels / task.folder / name
        for metric, value in _score_language(task, language, *pair).items():
            metrics.setdefault(metric, {})[language] = value
    return TaskScores(task, metrics)


def _score_language(task: XtremeTask, language: str, given: Path, gold: Path) -> LanguageScores:
    if task.answer_rules is not None:
        return _score_answers(task.answer_rules, language, given, gold)
    return _SCORERS[task.layout](given, gold)


def _score_labels(given: Path, gold: Path) -> LanguageScores:
    return _accuracy(
        [entry.text for entry in read_labels(given)],
        [entry.text for entry in read_labels(gold)],
        (given, gold),
    )


def _score_lines(given: Path, gold: Path) -> LanguageScores:
    return _accuracy(read_line_numbers(given), read_line_numbers(gold), (given, gold))


def _accuracy(
    found: list[str] | list[int], right: list[str] | list[int], paths: tuple[Path, Path]
) -> LanguageScores:
    _check_counts(len(found), len(right), "lines", paths)
    return {"accuracy": sum(a == b for a, b in zip(found, right, strict=True)) / len(right)}


def _score_tags(given: Path, gold: Path) -> LanguageScores:
    found, right = read_tags(given), read_tags(gold)
    _check_counts(len(found), len(right), "sentences", (given, gold))
    for number, (a, b) in enumerate(zip(found, right, strict=True), start=1):
        if len(a.tags) != len(b.tags):
            raise DataError(
                f"{given}, line {a.line}: sentence {number} has {len(a.tags)} tags, that of {gold}, "
                f"line {b.line}, has {len(b.tags)}",
                "a tag for each word",
            )
    counts = chunk_counts([s.tags for s in found], [s.tags for s in right])
    scores = chunk_scores(counts)
    return {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}


def _score_pairs(given: Path, gold: Path) -> LanguageScores:
    found, right = read_pairs(given, may_be_empty=True), read_pairs(gold)
    hits = len(found & right)
    return {
        "f1": 2 * hits / (len(found) + len(right)),
        "precision": hits / len(found) if found else 0.0,
        "recall": hits / len(right),
    }


_SCORERS: Mapping[str, Callable[[Path, Path], LanguageScores]] = {
    "labels": _score_labels,
    "lines": _score_lines,
    "tags": _score_tags,
    "pairs": _score_pairs,
}


def _score_answers(rules: AnswerRules, language: str, given: Path, gold: Path) -> LanguageScores:
    answers, questions = read_answers(given), read_questions(gold)
    _check_ids(answers, questions, given, gold)
    pairs = [
        question_scores(answers[key], right, language, rules) for key, right in questions.items()
    ]
    exact, overlap = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    return {"exact_match": exact, "f1": overlap}


def _check_counts(found: int, right: int, what: str, paths: tuple[Path, Path]) -> None:
    if found != right:
        given, gold = paths
        raise DataError(
            f"{given} has {found} {what}, {gold} has {right}",
            "as many of the one as of the other, in the same order",
        )


_SHOWN = 5


def _check_ids(
    answers: Mapping[str, str], questions: Mapping[str, object], given: Path, gold: Path
) -> None:
    for told, ids in {
        f"{given} does not answer": [key for key in questions if key not in answers],
        f"{given} answers questions that {gold} does not ask:": [
            key for key in answers if key not in questions
        ],
    }.items():
        if ids:
            more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
            named = ", ".join(map(repr, ids[:_SHOWN]))
            raise DataError(f"{told} {named}{more}", "one answer to each question of the labels")


def _mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)
