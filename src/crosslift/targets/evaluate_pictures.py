"""Retrieval between texts and pictures, and classification of pictures by the names of classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.metrics.table import OUTCOME_OF_METRIC
from crosslift.retrieval.metrics import expected_rank, top1_accuracy
from crosslift.retrieval.ranks import Ranks
from crosslift.retrieval.similarity import unit_rows
from crosslift.targets.captions import captions_of
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.picture_search import Ranked, rows, search
from crosslift.targets.picture_topics import by_topic
from crosslift.targets.protocol import OURS, Direction, Protocol
from crosslift.targets.query_outcomes import Lookup, Outcomes, Vectors, own_values


def evaluate_pictures(
    protocols: Sequence[Protocol], data: PictureData, texts: Lookup, pictures: Lookup
) -> Iterator[Outcomes]:
    """Retrieval between texts and pictures in both directions, or classification, by language.

    Of a text, its picture is the one right answer among the pictures of the pool. Of a picture, every
    text that it has in the language is right, and the best of them counts (Karpathy and Fei-Fei 2015,
    section 4.1), among all texts of the language. Of a picture with a class, the class is right among
    all classes that have a name in the language; a class with several texts has the mean of their unit
    vectors (Radford et al. 2021, arXiv 2103.00020, section 3.1.4). Pictures of other classes do not ask
    in that language. Beside it stand the mean accuracy of the classes and the chance of a random guess.

    Args:
        protocols: each with a direction that the data have.
        data: pictures and texts.
        texts: from texts to vectors.
        pictures: from ids of pictures to vectors.
    """
    shown = dict(zip(data.pictures, pictures(tuple(data.pictures)), strict=True))
    for language in data.texts:
        ranked: dict[Direction, Ranked] = {}
        for protocol in protocols:
            direction = protocol.direction
            if not ranked:
                ranked = _ranked(data, language, texts, shown)
            found = ranked[direction]
            values = _own(found) if protocol.name == OURS else _theirs(protocol, found)
            retrieved = tuple(found.candidates[i] for i in found.ranks.retrieved)
            yield Outcomes(language, protocol.id, found.queries, values, retrieved, found.clusters)


def _own(found: Ranked) -> dict[str, NDArray[np.float64]]:
    return own_values(found.ranks) | {"rank": expected_rank(found.ranks)} | dict(found.more)


def _theirs(protocol: Protocol, found: Ranked) -> dict[str, NDArray[np.float64]]:
    return {OUTCOME_OF_METRIC[protocol.metric]: found.theirs()}


def _ranked(
    data: PictureData, language: str, texts: Lookup, shown: Mapping[str, Vectors]
) -> dict[Direction, Ranked]:
    named = data.texts[language]
    if data.classes:
        return {"picture->class": _by_class(data, named, texts, shown)}
    if data.topics:
        return by_topic(data, language, texts, shown)
    captions = captions_of(named)
    told = texts(captions.texts)
    asking = tuple(named)
    pool = tuple(data.pictures) if data.pool == "all" else asking
    place = {item: i for i, item in enumerate(pool)}
    own = [[place[item]] for item in captions.items]
    every = [list(captions.places[item]) for item in asking]
    of_pool, of_asking = rows(shown, pool), rows(shown, asking)
    of_texts = search(told, of_pool, own, captions.ids, captions.items, pool)
    of_pictures = search(of_asking, told, every, asking, asking, captions.ids)
    return {"text->picture": of_texts, "picture->text": of_pictures}


def _by_class(
    data: PictureData,
    named: Mapping[str, tuple[str, ...]],
    texts: Lookup,
    shown: Mapping[str, Vectors],
) -> Ranked:
    classes = tuple(named)
    asking = tuple(item for item in data.pictures if data.classes[item] in named)
    place = {name: i for i, name in enumerate(classes)}
    means = [unit_rows(texts(said)).mean(axis=0) for said in named.values()]
    gold = [place[data.classes[item]] for item in asking]
    found = search(
        rows(shown, asking), np.stack(means), [[i] for i in gold], asking, asking, classes
    )
    return found._replace(more=_of_classes(found.ranks, gold, len(classes)))


def _of_classes(ranks: Ranks, gold: Sequence[int], classes: int) -> dict[str, NDArray[np.float64]]:
    """Outcomes [N] whose means are the mean accuracy over classes with a picture, and the chance.

    The first weighs each picture by the number of pictures over that of these classes and of the
    pictures of its own class, so that every class counts the same.

    Example: three pictures of class A, all right, and one of class B, wrong: top-1 accuracy 0.75, mean
    accuracy of the classes 0.5, chance 0.5.
    """
    sizes = np.bincount(gold, minlength=classes)
    weights = len(gold) / (np.count_nonzero(sizes) * sizes[gold])
    return {
        "class_accuracy": top1_accuracy(ranks) * weights,
        "chance": np.full(len(gold), 1 / classes),
    }
