"""From the answers to labelled examples to the outcome of every example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.metrics.answers import question_scores
from crosslift.metrics.table import metric_named
from crosslift.metrics.tags import chunk_counts
from crosslift.retrieval.folds import influence_values, share_values
from crosslift.sources.record import Record
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Outcomes

Values = dict[str, NDArray[np.float64]]


def evaluate_answers(
    protocols: Sequence[Protocol], data: LabelledData, answers: Mapping[str, Sequence[Any]]
) -> Iterator[Outcomes]:
    """The outcomes of every language under each protocol.

    A tagging score is computed over all sentences together. The outcome of a sentence is that score
    plus its first-order influence on it (see `influence_values`), so the mean of the outcomes is the
    score.

    Args:
        protocols: how they are scored.
        data: the examples with their labels.
        answers: language -> a class, tags or a text for each of its examples.

    Raises:
        DataError: a language or an example has no answer.
    """
    for language, records in data.tests.items():
        language_answers = answers.get(language, ())
        if len(language_answers) != len(records):
            raise DataError(
                f"{len(language_answers)} answers to {len(records)} examples in {language}",
                "one answer for each example",
            )
        for protocol in protocols:
            values, retrieved = _outcomes(protocol, language, records, language_answers)
            items = tuple(record.id for record in records)
            yield Outcomes(language, protocol.id, items, values, retrieved)


def _outcomes(
    protocol: Protocol, language: str, records: Sequence[Record], answers: Sequence[Any]
) -> tuple[Values, tuple[str, ...]]:
    kind = metric_named(protocol.metric).answers
    if kind == "labels":
        right = [float(r.right == answer) for r, answer in zip(records, answers, strict=True)]
        return {"accuracy": np.array(right)}, tuple(answers)
    if kind == "tags":
        return _tag_outcomes(protocol.metric, records, answers), ("",) * len(records)
    return _answer_outcomes(protocol, language, records, answers), tuple(answers)


def _tag_outcomes(
    metric: str, records: Sequence[Record], predicted: Sequence[Sequence[str]]
) -> Values:
    gold = [record.tags for record in records]
    hits, chunks, gold_chunks = chunk_counts(predicted, gold).T
    words = np.array([len(tags) for tags in gold], np.int64)
    pairs = zip(predicted, gold, strict=True)
    n_same = [sum(a == b for a, b in zip(*pair, strict=True)) for pair in pairs]
    return {
        metric: influence_values(hits, chunks, gold_chunks),
        "tagging_accuracy": share_values(np.array(n_same, np.int64), words),
    }


def _answer_outcomes(
    protocol: Protocol, language: str, records: Sequence[Record], answers: Sequence[str]
) -> Values:
    rules = protocol.answer_rules
    if rules is None:
        raise DataError(f"protocol {protocol.id} has no rules of comparing answers")
    scores = []
    for record, answer in zip(records, answers, strict=True):
        passage = record.texts["passage"]
        right = [passage[start:end] for start, end in record.spans]
        scores.append(question_scores(answer, right, language, rules))
    exact, overlap = np.array(scores, np.float64).reshape(-1, 2).T
    return {"answer_f1": overlap, "exact_match": exact}
