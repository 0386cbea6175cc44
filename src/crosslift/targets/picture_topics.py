"""Retrieval between texts and pictures of the same topics, and choices among a few pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.ranks import ranks_of_scores
from crosslift.retrieval.similarity import unit_rows
from crosslift.sources.captioned_targets.topic_files import Choice
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.picture_search import Ranked, rows, search
from crosslift.targets.protocol import Direction
from crosslift.targets.query_outcomes import Lookup, Vectors


def rank_by_topic(
    data: PictureData, language: str, texts: Lookup, picture_vectors: Mapping[str, Vectors]
) -> dict[Direction, Ranked]:
    """The ranks of both directions, in which every candidate of the topic is right, and of choices.

    Args:
        data: with topics.
        language: one of its texts.
        texts: maps texts to vectors.
        picture_vectors: id of a picture -> its vector.
    """
    items, pool = tuple(data.texts[language]), tuple(data.pictures)
    sentence_vectors = texts([item_texts[0] for item_texts in data.texts[language].values()])
    text_ranks = _search(data, sentence_vectors, rows(picture_vectors, pool), items, pool)
    text_topics = {data.topics[item] for item in items}
    with_text = tuple(item for item in pool if data.topics[item] in text_topics)
    picture_ranks = _search(
        data, rows(picture_vectors, with_text), sentence_vectors, with_text, items
    )
    ranked: dict[Direction, Ranked] = {"text->picture": text_ranks, "picture->text": picture_ranks}
    choices = data.choices.get(language)
    if choices:
        text_vectors = dict(zip(items, sentence_vectors, strict=True))
        ranked["text->4 pictures"] = _rank_choices(choices, text_vectors, picture_vectors, pool)
    return ranked


def _search(
    data: PictureData,
    query_vectors: Vectors,
    candidate_vectors: Vectors,
    queries: tuple[str, ...],
    names: tuple[str, ...],
) -> Ranked:
    topics = np.array([data.topics[name] for name in names])
    gold = [np.flatnonzero(topics == data.topics[query]).tolist() for query in queries]
    ranked = search(query_vectors, candidate_vectors, gold, queries, queries, names)
    return ranked._replace(more={"chance": np.array([len(right) for right in gold]) / len(names)})


def _rank_choices(
    choices: Mapping[str, Choice],
    text_vectors: Mapping[str, Vectors],
    picture_vectors: Mapping[str, Vectors],
    pool: tuple[str, ...],
) -> Ranked:
    """The ranks of queries that choose, each among its own candidates."""
    place = {item: i for i, item in enumerate(pool)}
    sentences = unit_rows(np.stack([text_vectors[choice.text] for choice in choices.values()]))
    pictures = unit_rows(rows(picture_vectors, pool)).astype(np.float64)
    candidates = np.array([[place[i] for i in choice.candidates] for choice in choices.values()])
    scores = np.einsum("qd,qcd->qc", sentences.astype(np.float64), pictures[candidates])
    gold = [choice.candidates.index(choice.right) for choice in choices.values()]
    ranks = ranks_of_scores(scores, gold)
    best = np.take_along_axis(candidates, ranks.best, axis=1)
    best_pictures = replace(ranks, best=best)
    clusters = tuple(choice.text for choice in choices.values())
    right = partial(_right, ranks.retrieved, gold)
    return Ranked(best_pictures, tuple(choices), clusters, pool, {}, right)


def _right(chosen: NDArray[np.int64], gold: Sequence[int]) -> NDArray[np.float64]:
    right: NDArray[np.float64] = (chosen == np.array(gold)).astype(np.float64)
    return right
