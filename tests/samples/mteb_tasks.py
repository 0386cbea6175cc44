"""Small tasks of MTEB: its own classes, with data that are here and not on the hub."""

from __future__ import annotations

from typing import Any

from datasets import Dataset, DatasetDict
from mteb import AbsTask
from mteb.abstasks import (
    AbsTaskBitextMining,
    AbsTaskClassification,
    AbsTaskClustering,
    AbsTaskRetrieval,
    AbsTaskSTS,
)
from mteb.abstasks.task_metadata import TaskMetadata

WORDS = ("red", "blue", "old", "new", "cat", "dog", "sun", "rain", "hill", "sea", "bread", "salt")
PAIRS = [f"{a} {b}" for a in WORDS for b in WORDS if a < b]


def metadata(name: str, kind: str, score: str, languages: Any, **more: Any) -> TaskMetadata:
    """The facts of a task that no benchmark has."""
    facts: dict[str, Any] = {
        "dataset": {"path": "nobody/none", "revision": "7"},
        "description": "A few words.",
        "category": "t2t" if kind in ("STS", "BitextMining", "Retrieval") else "t2c",
        "eval_splits": ["test"],
        "modalities": ["text"],
    }
    return TaskMetadata(
        name=name, type=kind, main_score=score, eval_langs=languages, **(facts | more)
    )


class Local(AbsTask):
    """Fills `dataset` without the hub."""

    def load_data(self, **_: Any) -> None:
        self.dataset, self.data_loaded = self.made(), True


class SmallSTS(Local, AbsTaskSTS):
    metadata = metadata(
        "SmallSTS",
        "STS",
        "cosine_spearman",
        {"de": ["deu-Latn"], "de-en": ["deu-Latn", "eng-Latn"]},
    )

    def made(self) -> Any:
        rows = {
            "sentence1": PAIRS[:30],
            "sentence2": PAIRS[3:33],
            "score": [i % 6 for i in range(30)],
        }
        return {subset: {"test": Dataset.from_dict(rows)} for subset in self.hf_subsets}


class SmallBitext(Local, AbsTaskBitextMining):
    metadata = metadata("SmallBitext", "BitextMining", "f1", {"de-en": ["deu-Latn", "eng-Latn"]})

    def made(self) -> Any:
        other = [" the ".join(reversed(pair.split())) for pair in PAIRS]
        return {"de-en": {"test": Dataset.from_dict({"sentence1": PAIRS, "sentence2": other})}}


class SmallParallel(Local, AbsTaskBitextMining):
    parallel_subsets = True
    metadata = metadata(
        "SmallParallel",
        "BitextMining",
        "f1",
        {"deu-eng": ["deu-Latn", "eng-Latn"], "eng-deu": ["eng-Latn", "deu-Latn"]},
    )

    def made(self) -> Any:
        other = [" the ".join(reversed(pair.split())) for pair in PAIRS]
        return {"test": Dataset.from_dict({"deu": PAIRS, "eng": other})}


class SmallRetrieval(Local, AbsTaskRetrieval):
    metadata = metadata(
        "SmallRetrieval",
        "Retrieval",
        "ndcg_at_10",
        {"de": ["deu-Latn"], "zh": ["cmn-Hans"]},
        eval_splits=["dev", "test"],
    )

    def made(self) -> Any:
        split = {
            "queries": Dataset.from_dict({"id": [f"q{i}" for i in range(12)], "text": list(WORDS)}),
            "corpus": Dataset.from_dict(
                {
                    "id": [f"d{i}" for i in range(len(PAIRS))],
                    "title": ["the" if i % 2 else "" for i in range(len(PAIRS))],
                    "text": PAIRS,
                }
            ),
            "relevant_docs": {
                f"q{i}": {f"d{n}": 1 for n, pair in enumerate(PAIRS) if word in pair.split()}
                for i, word in enumerate(WORDS)
            },
            "top_ranked": None,
        }
        return {subset: {"test": dict(split)} for subset in self.hf_subsets}


class SmallClassification(Local, AbsTaskClassification):
    n_experiments = 3
    metadata = metadata("SmallClassification", "Classification", "accuracy", ["swh-Latn"])

    def made(self) -> Any:
        labels = [int("cat" in pair or "dog" in pair) for pair in PAIRS]
        rows = {"text": PAIRS, "label": labels}
        return DatasetDict({name: Dataset.from_dict(rows) for name in ("train", "test")})


class SmallClustering(Local, AbsTaskClustering):
    max_fraction_of_documents_to_embed = 0.5
    n_clusters = 3
    metadata = metadata("SmallClustering", "Clustering", "v_measure", ["eng-Latn"])

    def made(self) -> Any:
        labels = [pair.split()[0] for pair in PAIRS]
        return DatasetDict({"test": Dataset.from_dict({"sentences": PAIRS, "labels": labels})})


TASKS = (
    *(SmallSTS, SmallBitext, SmallParallel),
    *(SmallRetrieval, SmallClassification, SmallClustering),
)
