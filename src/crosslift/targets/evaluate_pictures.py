"""Retrieval between texts and pictures, and classification of pictures by the names of classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.metrics.table import outcome_of
from crosslift.retrieval.metrics import expected_rank, top1_accuracy
from crosslift.retrieval.ranks import Ranks
from crosslift.retrieval.similarity import unit_rows
from crosslift.targets.captions import captions_of
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.picture_search import Ranked, rows, search
from crosslift.targets.picture_topics import rank_by_topic
from crosslift.targets.protocol import OURS, Direction, Protocol
from crosslift.targets.query_outcomes import Found, Lookup, Outcomes, Vectors, own_values


def evaluate_pictures(
    protocols: Sequence[Protocol], data: PictureData, texts: Lookup, pictures: Lookup
) -> Iterator[Outcomes]:
    """Retrieval between texts and pictures in both directions, or classification, by language.

    For a text, its picture is the only right answer among the pictures of the pool. For a picture,
    every text that it has in the language is right, among all texts of the language, and the best of
    them counts (Karpathy and Fei-Fei 2015, section 4.1). For a picture with a class, the class is right
    among all classes that have a name in the language; a class with several texts has the mean of their
    unit vectors (Radford et al. 2021, arXiv 2103.00020, section 3.1.4). Pictures of other classes are
    no queries in that language. The mean accuracy of the classes and the chance of a random guess are
    computed too.

    Args:
        protocols: protocols with directions that the data have.
        data: pictures and texts.
        texts: maps texts to vectors.
        pictures: maps ids of pictures to vectors.
    """
    vectors = dict(zip(data.pictures, pictures(tuple(data.pictures)), strict=True))
    for language in data.texts:
        ranked: dict[Direction, Ranked] = {}
        for protocol in protocols:
            direction = protocol.direction
            if not ranked:
                ranked = _rank(data, language, texts, vectors)
            chosen = ranked[direction]
            values = (
                _our_values(protocol, chosen)
                if protocol.name == OURS
                else _their_values(protocol, chosen)
            )
            found = Found.of(chosen.ranks.best_answers, chosen.candidates)
            yield Outcomes(
                language, protocol.id, chosen.queries, values, found.first, chosen.clusters, found
            )


def _our_values(protocol: Protocol, ranked: Ranked) -> dict[str, NDArray[np.float64]]:
    values = own_values(ranked.ranks, protocol) | {"rank": expected_rank(ranked.ranks)}
    return values | dict(ranked.more)


def _their_values(protocol: Protocol, ranked: Ranked) -> dict[str, NDArray[np.float64]]:
    return {outcome_of(protocol.metric): ranked.theirs()}


def _rank(
    data: PictureData, language: str, texts: Lookup, vectors: Mapping[str, Vectors]
) -> dict[Direction, Ranked]:
    texts_by_item = data.texts[language]
    if data.classes:
        return {"picture->class": _rank_classes(data, texts_by_item, texts, vectors)}
    if data.topics:
        return rank_by_topic(data, language, texts, vectors)
    captions = captions_of(texts_by_item)
    text_vectors = texts(captions.texts)
    items = tuple(texts_by_item)
    pool = tuple(data.pictures) if data.pool == "all" else items
    place = {item: i for i, item in enumerate(pool)}
    own_picture = [[place[item]] for item in captions.items]
    own_texts = [list(captions.places[item]) for item in items]
    pool_vectors, item_vectors = rows(vectors, pool), rows(vectors, items)
    text_ranks = search(text_vectors, pool_vectors, own_picture, captions.ids, captions.items, pool)
    picture_ranks = search(item_vectors, text_vectors, own_texts, items, items, captions.ids)
    return {"text->picture": text_ranks, "picture->text": picture_ranks}


def _rank_classes(
    data: PictureData,
    texts_by_class: Mapping[str, tuple[str, ...]],
    texts: Lookup,
    vectors: Mapping[str, Vectors],
) -> Ranked:
    classes = tuple(texts_by_class)
    items = tuple(item for item in data.pictures if data.classes[item] in texts_by_class)
    place = {name: i for i, name in enumerate(classes)}
    means = [unit_rows(texts(names)).mean(axis=0) for names in texts_by_class.values()]
    gold = [place[data.classes[item]] for item in items]
    ranked = search(
        rows(vectors, items), np.stack(means), [[i] for i in gold], items, items, classes
    )
    return ranked._replace(more=_class_outcomes(ranked.ranks, gold, len(classes)))


def _class_outcomes(
    ranks: Ranks, gold: Sequence[int], classes: int
) -> dict[str, NDArray[np.float64]]:
    """Outcomes [N] whose means are the mean accuracy over classes with a picture, and the chance.

    For the first, the weight of a picture is N over (number of these classes x number of pictures of
    its class), so that every class counts the same.

    Example: three pictures of class A, all right, and one of class B, wrong: top-1 accuracy 0.75, mean
    accuracy of the classes 0.5, chance 0.5.
    """
    sizes = np.bincount(gold, minlength=classes)
    weights = len(gold) / (np.count_nonzero(sizes) * sizes[gold])
    return {
        "class_accuracy": top1_accuracy(ranks) * weights,
        "chance": np.full(len(gold), 1 / classes),
    }
