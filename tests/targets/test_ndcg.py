"""nDCG at k by hand and against MTEB's own retrieval scores, of pictures and captions as in XM3600."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from crosslift.errors import DataError
from crosslift.retrieval.ndcg import ndcg_at
from crosslift.targets.all_targets import find_target
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.protocols import MTEB_PICTURES


@pytest.mark.parametrize(
    ("gold", "value"),
    [
        ([0], 1.0),
        ([1], 1 / np.log2(3)),
        ([0, 2], 1 / (1 + 1 / np.log2(3))),
        ([0, 1, 2], 1.0),
        ([2], 0.0),
    ],
)
def test_ndcg_by_hand(gold: list[int], value: float) -> None:
    candidates = np.array([[1, 0.1], [1, 0.5], [1, 2]], np.float32)
    query = np.array([[1, 0]], np.float32)
    assert ndcg_at(query, candidates, [gold], 2) == pytest.approx([value])


def test_fewer_candidates_than_k_and_ties() -> None:
    same = np.ones((2, 3), np.float32)
    assert ndcg_at(same[:1], same, [[1]], 10) == pytest.approx([1 / np.log2(3)])
    with pytest.raises(DataError):
        ndcg_at(same, same, [[0], [1]], 0)


def data_of(count: int, generator: np.random.Generator) -> PictureData:
    texts = {
        f"p{i}": tuple(f"p{i} c{j}" for j in range(generator.integers(1, 4))) for i in range(count)
    }
    return PictureData(dict.fromkeys(texts, Path("p")), {"sw": texts})


def mteb_ndcg(scores: np.ndarray, gold: list[list[int]]) -> float:
    """The result of MTEB's evaluator for a matrix of scores."""
    from mteb._evaluators.retrieval_metrics import calculate_retrieval_scores

    results = {
        f"q{i}": {f"d{j}": float(s) for j, s in enumerate(row)} for i, row in enumerate(scores)
    }
    relevant = {f"q{i}": {f"d{j}": 1 for j in right} for i, right in enumerate(gold)}
    return float(calculate_retrieval_scores(results, relevant, [1, 10]).ndcg["NDCG@10"])


def test_both_directions_are_those_of_mteb() -> None:
    generator = np.random.default_rng(6)
    data = data_of(40, generator)
    texts_by_item = data.texts["sw"]
    picture_vectors = {item: generator.normal(size=8) for item in texts_by_item}
    text_vectors = {
        t: picture_vectors[i] + 1.3 * generator.normal(size=8)
        for i, ts in texts_by_item.items()
        for t in ts
    }
    texts, pictures = (
        np.stack(list(text_vectors.values())),
        np.stack(list(picture_vectors.values())),
    )
    of = {}
    for outcomes in evaluate_pictures(
        MTEB_PICTURES,
        data,
        lambda requested: np.stack([text_vectors[t] for t in requested]).astype(np.float32),
        lambda requested: np.stack([picture_vectors[i] for i in requested]).astype(np.float32),
    ):
        assert set(outcomes.values) == {"ndcg_at_10"}
        of[outcomes.protocol] = outcomes.score("ndcg_at_10")
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (texts, pictures)]
    scores = unit[0] @ unit[1].T
    items = list(texts_by_item)
    owner = [items.index(text.split()[0]) for text in text_vectors]
    every = [[j for j, i in enumerate(owner) if i == item] for item in range(len(items))]
    assert of["mteb/text->picture"] == pytest.approx(
        mteb_ndcg(scores, [[i] for i in owner]), abs=6e-6
    )
    assert of["mteb/picture->text"] == pytest.approx(mteb_ndcg(scores.T, every), abs=6e-6)
    assert 0.1 < of["mteb/picture->text"] < 0.95


def test_the_definition_is_that_of_the_installed_mteb() -> None:
    import mteb

    target = find_target("crossmodal-3600")
    assert target.protocols_for(("mteb",)) == (*target.protocols, *MTEB_PICTURES)
    tasks = {"text->picture": "XM3600T2IRetrieval", "picture->text": "XM3600I2TRetrieval"}
    for protocol in MTEB_PICTURES:
        metadata = mteb.get_task(tasks[protocol.direction]).metadata
        assert metadata.main_score == protocol.metric
        assert metadata.category == ("t2i" if protocol.direction == "text->picture" else "i2t")
        facts = json.loads(json.dumps(protocol.facts()))
        assert facts["reproduces"].startswith("embeddings-benchmark/mteb: ")
        ours = {code.replace("qu", "quz") for code in target.languages or ()}
        assert ours == set(metadata.eval_langs)
