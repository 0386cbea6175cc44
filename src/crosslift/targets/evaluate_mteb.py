"""From the vectors of an encoder to MTEB's score of a task, and to the outcome of every item of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partialmethod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.metrics.correlation import spearman_values
from crosslift.metrics.table import OUTCOME_OF_METRIC
from crosslift.retrieval.metrics import f1_of_answers
from crosslift.sources.mteb_tasks import PARALLEL, MtebTask
from crosslift.targets.query_outcomes import Outcomes

Role = Literal["", "query", "document"]
"""MTEB's role of some texts; empty: neither query nor document."""
ROLES: tuple[Role, ...] = ("", "query", "document")
Encode = Callable[[Sequence[str], Role], NDArray[np.float32]]
"""From N texts of a role to their vectors, float32 [N, D]."""
Values = NDArray[np.float64]
SCORE = "mteb_score"
_ROUNDED = 1e-4
"""MTEB rounds some scores to five digits."""
_TEXTS_AT_ONCE = 1024
_ALIKE = {"f1": "weighted_f1", "cosine_spearman": "spearman"}
"""Main score of MTEB -> our metric of the same values; others have the same name, if we have them."""


class ScoredTask(NamedTuple):
    """A scored subset of a task of MTEB.

    Args:
        outcomes: outcomes of its items; of the subset as one item where MTEB's predictions do not give
            the score item by item.
        scores: everything that MTEB scored, JSON-like.
        of_items: whether the outcomes are those of items.
    """

    outcomes: Outcomes
    scores: Mapping[str, Any]
    of_items: bool


class ArmModel:
    """An encoder in MTEB's sense: it returns the vectors of an arm.

    Args:
        encode: from texts and their role to vectors.
    """

    def __init__(self, encode: Encode) -> None:
        from mteb.models import ModelMeta

        self._encode = encode
        self.mteb_model_meta = ModelMeta.create_empty({"name": "crosslift/arm"})

    def encode(
        self, inputs: Iterable[Mapping[str, Any]], *, prompt_type: Any = None, **_: Any
    ) -> NDArray[np.float32]:
        """Vectors of the texts of all batches, float32 [N, D]."""
        texts = [text for batch in inputs for text in batch["text"]]
        role: Role = getattr(prompt_type, "value", prompt_type) or ""
        return self._encode(texts, role)

    def similarity(self, left: Any, right: Any) -> Any:
        """Cosines of every pair, torch float32 [N, M]."""
        from mteb.similarity_functions import cos_sim

        return cos_sim(left, right)

    def similarity_pairwise(self, left: Any, right: Any) -> Any:
        """Cosines of the pairs, torch float32 [N]."""
        from mteb.similarity_functions import pairwise_cos_sim

        return pairwise_cos_sim(left, right)


def evaluate_mteb(task: MtebTask, language: str, protocol: str, encode: Encode) -> ScoredTask:
    """Runs one subset of a task by `mteb`, and reads the outcomes of its items from the predictions.

    Args:
        task: the task with its data.
        language: language of the subset.
        protocol: id of the protocol, for the outcomes.
        encode: from texts and their role to the vectors of the arm.

    Raises:
        DataError: `mteb` fails, or its main score is no finite number.
    """
    subset = task.subsets[language]
    with TemporaryDirectory(prefix="crosslift-mteb-") as folder:
        scores, predictions = _run(task, subset, encode, Path(folder))
    main = scores["main_score"]
    if not isinstance(main, int | float) or not math.isfinite(main):
        raise DataError(f"{task.name}, {subset}: MTEB's main score is {main}", "a finite number")
    values = _values(task, subset, predictions)
    of_items = values is not None and abs(float(values.mean()) - main) < _ROUNDED
    items = tuple(task.items(subset)) if of_items else (f"{subset}:all",)
    if values is None or not of_items:
        values = np.array([float(main)])
    shared = _ALIKE.get(task.main_score, task.main_score)
    named = {SCORE: values}
    if of_items and OUTCOME_OF_METRIC.get(shared) == shared:
        named[shared] = values
    outcomes = Outcomes(language, protocol, items, named, ("",) * len(items))
    return ScoredTask(outcomes, _finite(scores), of_items)


def _run(task: MtebTask, subset: str, encode: Encode, folder: Path) -> tuple[dict[str, Any], Any]:
    """MTEB's scores of a subset, and its predictions (None: it writes none)."""
    one = task.one(subset)
    try:
        with _without_bars():
            scores = one.evaluate(
                ArmModel(encode),
                task.split,
                subsets_to_run=[subset],
                encode_kwargs={"batch_size": _TEXTS_AT_ONCE, "show_progress_bar": False},
                prediction_folder=folder,
            )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DataError(
            f"MTEB cannot run {task.name}, {subset}: {type(error).__name__}: {error}",
            "data as the task's class reads them",
        ) from error
    path = folder / one.prediction_file_name
    if not path.is_file():
        return scores[subset], None
    content = json.loads(path.read_text(encoding="utf-8"))
    return scores[subset], content[PARALLEL if task.parallel else subset][task.split]


@contextmanager
def _without_bars() -> Iterator[None]:
    """A context in which `mteb` and `datasets` show no progress bars: commands have one already."""
    import datasets
    from tqdm.std import tqdm

    shown, begin = not datasets.are_progress_bars_disabled(), tqdm.__init__
    datasets.disable_progress_bars()
    setattr(tqdm, "__init__", partialmethod(begin, disable=True))  # noqa: B010
    try:
        yield
    finally:
        setattr(tqdm, "__init__", begin)  # noqa: B010
        if shown:
            datasets.enable_progress_bars()


def _finite(value: Any) -> Any:
    """Scores as JSON values: numbers of numpy become those of Python, and a value that is not finite
    becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_finite(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


# The outcomes of items


def _of_pairs(task: MtebTask, subset: str, predictions: Any) -> Values:
    grades = np.array(task.rows(subset)["score"], np.float64)
    return spearman_values(np.array(predictions["cosine_scores"], np.float64), grades)


def _of_bitext(task: MtebTask, subset: str, predictions: Any) -> Values:
    nearest = predictions[subset] if task.parallel else next(iter(predictions.values()))
    answers = np.array([each["corpus_id"] for each in nearest], np.int64)
    rows = task.rows(subset)
    right = np.arange(len(answers))
    if isinstance(rows, Mapping) and "gold" in rows:  # of BUCC alone
        right = np.array([pair[1] for pair in rows["gold"]], np.int64)
    if task.main_score == "accuracy":
        return np.asarray(answers == right, np.float64)
    return f1_of_answers(answers, right)


def _of_classes(task: MtebTask, subset: str, predictions: Any) -> Values:
    labels = np.array(task.rows(subset)[task.task.label_column_name])
    right = [np.array(each) == labels for each in predictions]
    return np.asarray(np.mean(right, axis=0), np.float64)


def _of_search(task: MtebTask, subset: str, predictions: Any) -> Values:
    import pytrec_eval

    ignore = task.task.ignore_identical_ids
    run = {
        query: {d: float(score) for d, score in found.items() if not (ignore and d == query)}
        for query, found in predictions.items()
    }
    grades = {
        query: {d: int(grade) for d, grade in of_query.items()}
        for query, of_query in task.rows(subset)["relevant_docs"].items()
    }
    measure, _, depth = task.main_score.partition("_at_")
    name = _MEASURES[measure]
    scored = pytrec_eval.RelevanceEvaluator(grades, {f"{name}.{depth}"}).evaluate(run)
    ids = (item.removeprefix(f"{subset}:") for item in task.items(subset))
    key = f"{name}_{depth}"
    return np.array([scored.get(query, {}).get(key, math.nan) for query in ids], np.float64)


_MEASURES = {"ndcg": "ndcg_cut", "map": "map_cut", "recall": "recall", "precision": "P"}
_SEARCH = tuple(
    f"{name}_at_{depth}" for name in _MEASURES for depth in (1, 3, 5, 10, 20, 100, 1000)
)
_READERS: tuple[tuple[str, tuple[str, ...], Callable[[MtebTask, str, Any], Values]], ...] = (
    ("AbsTaskSTS", ("cosine_spearman",), _of_pairs),
    ("AbsTaskBitextMining", ("f1", "accuracy"), _of_bitext),
    ("AbsTaskClassification", ("accuracy",), _of_classes),
    ("AbsTaskRetrieval", _SEARCH, _of_search),
)
"""Class of MTEB, main scores, and the function that reads the outcomes of items from its
predictions."""
_NOT_BY_ITEM = frozenset({"AbsTaskMultilabelClassification", "AbsTaskRegression"})


def outcomes_of_items(task: MtebTask) -> Callable[[MtebTask, str, Any], Values] | None:
    """The function that reads the outcomes of a task's items from MTEB's predictions; None: its main
    score does not follow from them item by item."""
    if _NOT_BY_ITEM & task.families or getattr(task.task, "is_cross_validation", False):
        return None
    for family, scores, reader in _READERS:
        if family in task.families and task.main_score in scores:
            return reader
    return None


def _values(task: MtebTask, subset: str, predictions: Any) -> Values | None:
    reader = outcomes_of_items(task)
    if reader is None or predictions is None:
        return None
    values = reader(task, subset, predictions)
    return values if len(values) == len(task.items(subset)) else None
