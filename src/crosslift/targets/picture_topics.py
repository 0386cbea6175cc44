"""Retrieval between texts and pictures of the same topics, and choice among a few pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.ranks import Ranks, ranks_of_scores
from crosslift.retrieval.similarity import unit_rows
from crosslift.sources.captioned_targets.topic_files import Choice
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.picture_search import Ranked, rows, search
from crosslift.targets.protocol import Direction
from crosslift.targets.query_outcomes import Lookup, Vectors


def by_topic(
    data: PictureData, language: str, texts: Lookup, shown: Mapping[str, Vectors]
) -> dict[Direction, Ranked]:
    """The ranks of both directions, in which every candidate of the topic is right, and of choices.

    Args:
        data: with topics.
        language: one of its texts.
        texts: from texts to vectors.
        shown: id of a picture -> its vector.
    """
    asking, pool = tuple(data.texts[language]), tuple(data.pictures)
    told = texts([said[0] for said in data.texts[language].values()])
    of_texts = _search(data, told, rows(shown, pool), asking, pool)
    asked_for = {data.topics[item] for item in asking}
    with_text = tuple(item for item in pool if data.topics[item] in asked_for)
    of_pictures = _search(data, rows(shown, with_text), told, with_text, asking)
    found: dict[Direction, Ranked] = {"text->picture": of_texts, "picture->text": of_pictures}
    choices = data.choices.get(language)
    if choices:
        vectors = dict(zip(asking, told, strict=True))
        found["text->4 pictures"] = _chosen(choices, vectors, shown, pool)
    return found


def _search(
    data: PictureData,
    asking: Vectors,
    candidates: Vectors,
    queries: tuple[str, ...],
    names: tuple[str, ...],
) -> Ranked:
    topics = np.array([data.topics[name] for name in names])
    gold = [np.flatnonzero(topics == data.topics[query]).tolist() for query in queries]
    found = search(asking, candidates, gold, queries, queries, names)
    return found._replace(more={"chance": np.array([len(right) for right in gold]) / len(names)})


def _chosen(
    choices: Mapping[str, Choice],
    told: Mapping[str, Vectors],
    shown: Mapping[str, Vectors],
    pool: tuple[str, ...],
) -> Ranked:
    """Of queries that choose, each among its own candidates."""
    place = {item: i for i, item in enumerate(pool)}
    sentences = unit_rows(np.stack([told[choice.text] for choice in choices.values()]))
    pictures = unit_rows(rows(shown, pool)).astype(np.float64)
    candidates = np.array([[place[i] for i in choice.candidates] for choice in choices.values()])
    scores = np.einsum("qd,qcd->qc", sentences.astype(np.float64), pictures[candidates])
    gold = [choice.candidates.index(choice.right) for choice in choices.values()]
    ranks = ranks_of_scores(scores, gold)
    best = candidates[np.arange(len(gold)), ranks.retrieved]
    found = Ranks(ranks.better, ranks.tied, ranks.gold_tied, best)
    clusters = tuple(choice.text for choice in choices.values())
    right = partial(_right, ranks.retrieved, gold)
    return Ranked(found, tuple(choices), clusters, pool, {}, right)


def _right(taken: NDArray[np.int64], gold: Sequence[int]) -> NDArray[np.float64]:
    right: NDArray[np.float64] = (taken == np.array(gold)).astype(np.float64)
    return right
