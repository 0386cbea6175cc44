"""Evaluation on Tatoeba: `evaluate` against sentence-transformers with MTEB's evaluator; the sweep."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import transformers

from benchmarks.table import Row
from crosslift.api.session import evaluate_protocols, sweep
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_folder import local_folder
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.planning.plan import load_target
from crosslift.sources.record import Bitext
from crosslift.studies.schema import SweepSettings
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.target_settings import TargetSettings

_SAME = 0.01


def evaluation_rows(texts: Path | None, languages: tuple[str, ...] | None) -> list[Row]:
    """Rows of one evaluation and of the sweep over all hidden states, each from an empty store.

    Args:
        texts: folder of Tatoeba files; None: the gettext target.
        languages: None: all.

    Raises:
        ValueError: the weighted F1 of both sides differ by more than a point.
    """
    name = "gettext" if texts is None else "tatoeba"
    target = TargetSettings(name=name, data=texts, languages=languages)
    data = load_target(target).data
    if not isinstance(data, BitextData):
        raise TypeError(f"{name} has no bitexts")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        found = evaluate_protocols("embedded", target, ("mteb",), Store(Path(folder)))
        ours = time.perf_counter() - began
    score = next(e.macro["weighted_f1"] for e in found if e.protocol["name"] == "mteb")
    began = time.perf_counter()
    other_score = _by_mteb(data)
    theirs = time.perf_counter() - began
    if abs(score - other_score) > _SAME:
        raise ValueError(f"weighted F1 {score:.4f} and {other_score:.4f}: not the same vectors")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        sweep("embedded", target, SweepSettings(target=name), Store(Path(folder)))
        swept = time.perf_counter() - began
    title = f"evaluate on {name}, {len(data.bitexts)} languages"
    return [
        Row(
            f"{title} (weighted F1 {score:.4f} / {other_score:.4f})",
            ours,
            theirs,
            "s",
            theirs / ours,
            None,
        ),
        Row("sweep over all hidden states / one evaluation", swept, ours, "s", ours / swept, None),
    ]


def _by_mteb(data: BitextData) -> float:
    """Macro weighted F1 by MTEB's own task class on sentence-transformers' vectors."""
    from datasets import Dataset
    from mteb.abstasks.task_metadata import TaskMetadata
    from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining
    from mteb.models import SentenceTransformerEncoderWrapper
    from sentence_transformers import SentenceTransformer

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    class Task(AbsTaskBitextMining):
        metadata = TaskMetadata(
            name="LocalBitextMining",
            dataset={"path": "local/none", "revision": "1"},
            description="The bitexts at hand.",
            type="BitextMining",
            category="t2t",
            eval_splits=["test"],
            eval_langs={language: ["deu-Latn", "eng-Latn"] for language in data.bitexts},
            main_score="f1",
        )

    def columns(bitext: Bitext) -> Dataset:
        return Dataset.from_dict({"sentence1": list(bitext.src), "sentence2": list(bitext.tgt)})

    folder = str(local_folder(EncoderSettings(name="embedded")))
    model = SentenceTransformerEncoderWrapper(SentenceTransformer(folder, device="cpu"))
    task = Task()
    task.dataset = {language: {"test": columns(b)} for language, b in data.bitexts.items()}
    task.data_loaded = True
    scores = task.evaluate(model, "test", encode_kwargs={"batch_size": 32})
    return float(np.mean([found["f1"] for found in scores.values()]))
