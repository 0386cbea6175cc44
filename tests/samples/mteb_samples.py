"""Vectors of two sides, and what MTEB's own code says of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def two_sides(
    n: int, m: int, seed: int, noise: float = 1.0, width: int = 12
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of two sides whose first rows belong together, all in one half of the space."""
    random = np.random.default_rng(seed)
    meanings = random.normal(size=(max(n, m), width)) + 0.5
    src = meanings[:n] + noise * random.normal(size=(n, width))
    return src, meanings[:m] + noise * random.normal(size=(m, width))


class LentVectors:
    """An encoder in MTEB's sense that looks the vector of each text up."""

    def __init__(self, vectors: dict[str, np.ndarray]) -> None:
        from mteb.models import ModelMeta

        self.vectors = vectors
        self.mteb_model_meta = ModelMeta.create_empty({"name": "test/lent-vectors"})

    def encode(self, inputs: Iterable[dict[str, list[str]]], **_: Any) -> np.ndarray:
        return np.array([self.vectors[text] for batch in inputs for text in batch["text"]])

    def similarity(self, left: Any, right: Any) -> Any:
        from sentence_transformers.util import cos_sim

        return cos_sim(left, right)

    def similarity_pairwise(self, left: Any, right: Any) -> Any:
        from sentence_transformers.util import pairwise_cos_sim

        return pairwise_cos_sim(left, right)


def mteb_task(
    columns: dict[str, Any],
    model: Any,
    gold: list[tuple[int, int]] | None = None,
    name: str = "LentBitextMining",
) -> dict[str, float]:
    """What MTEB's task class says of a model on texts."""
    from datasets import Dataset
    from mteb.abstasks.task_metadata import TaskMetadata
    from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining

    task_name = name

    class LentTask(AbsTaskBitextMining):
        metadata = TaskMetadata(
            name=task_name,
            dataset={"path": "test/none", "revision": "1"},
            description="Random vectors.",
            type="BitextMining",
            category="t2t",
            eval_splits=["test"],
            eval_langs={"de-en": ["deu-Latn", "eng-Latn"]},
            main_score="f1",
        )

    task = LentTask()
    data = Dataset.from_dict(columns) if gold is None else {**columns, "gold": gold}
    task.dataset, task.data_loaded = {"de-en": {"test": data}}, True
    scores = task.evaluate(model, "test", encode_kwargs={"batch_size": 64})
    return scores["de-en"]  # type: ignore[return-value]
