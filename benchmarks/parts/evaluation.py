"""Evaluation of a target of bitexts: against sentence-transformers with MTEB's evaluator; the sweep."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import Needs, forward_operations, layer_parameters
from benchmarks.measuring.peers import sentence_transformer
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.turns import LocalContender, take_turns
from crosslift.api.session import evaluate_protocols, sweep
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.planning.load_target import load_target
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.target_settings import TargetSettings

_SAME = 0.01
_QUICK_LANGUAGES = ("af", "de")
_LEAST, _MOST = 16, 1024  # pairs of each language


def evaluation_rows(bench: Bench) -> Iterator[Row]:
    """Rows of one evaluation, and in runs that are not quick of the sweep over all hidden states.

    Each starts from an empty store.

    Raises:
        ValueError: the weighted F1 of both sides differ by more than a point.
    """
    target, data = _target(bench)
    ours = LocalContender(lambda: _weighted_f1(target))
    theirs = LocalContender(_by_mteb(data))
    swept = [] if bench.quick else [LocalContender(lambda: _swept(target))]
    turns = take_turns(
        [ours, theirs, *swept], bench.sizes.repeats, warm_ups=0 if bench.quick else 1
    )
    if abs(ours.result - theirs.result) > _SAME:
        scores = f"{ours.result:.4f} and {theirs.result:.4f}"
        raise ValueError(f"weighted F1 {scores}: not the same vectors")
    count = len(data.distinct_texts())
    needs, detail = _needs(bench, data), f"in {len(data.bitexts)} languages and English"
    evaluated, by_mteb, *of_sweep = turns.seconds
    yield Row.of(
        Work(f"evaluation on {target.name}", "MTEB's evaluator", count, "texts", needs, detail),
        (evaluated, by_mteb),
        bench.speeds,
        turns.others,
        note=f"weighted F1 {ours.result:.4f} and {theirs.result:.4f}",
    )
    for seconds in of_sweep:
        name = f"sweep over all hidden states on {target.name}"
        work = Work(name, "one evaluation", count, "texts", needs, detail)
        yield Row.of(work, (seconds, evaluated), bench.speeds, turns.others)


def _target(bench: Bench) -> tuple[TargetSettings, BitextData]:
    """The target with as many pairs as a turn holds."""
    name = "gettext" if bench.texts_folder is None else "tatoeba"
    languages = _QUICK_LANGUAGES if bench.quick else None
    whole = TargetSettings(name=name, data=bench.texts_folder, languages=languages)
    data = _bitexts(whole)
    each = _needs(bench, data).operations / sum(len(b.src) for b in data.bitexts.values())
    pairs = bench.sizes.count(each * len(data.bitexts), _LEAST, _MOST)
    target = whole.model_copy(update={"pairs": pairs})
    return target, _bitexts(target)


def _bitexts(target: TargetSettings) -> BitextData:
    data = load_target(target).data
    if not isinstance(data, BitextData):
        raise TypeError(f"{target.name} has no bitexts")
    return data


def _needs(bench: Bench, data: BitextData) -> Needs:
    """Every distinct text encoded once, and the scores of each language once."""
    encoder = load_encoder(EncoderSettings(name="embedded"))
    config = encoder.model.config
    lengths = [len(ids) for ids in encoder.tokenise(data.distinct_texts())]
    scores = sum(2.0 * len(b.src) ** 2 * config.hidden_size for b in data.bitexts.values())
    weights = 4 * layer_parameters(config)
    return Needs(forward_operations(config, lengths) + scores, weights, bench.best)


def _weighted_f1(target: TargetSettings) -> float:
    with tempfile.TemporaryDirectory() as folder:
        evaluations = evaluate_protocols("embedded", target, ("mteb",), Store(Path(folder)))
    return next(e.macro["weighted_f1"] for e in evaluations if e.protocol["name"] == "mteb")


def _swept(target: TargetSettings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sweep("embedded", target, SweepSettings(target=target.name), Store(Path(folder)))


def _by_mteb(data: BitextData) -> Callable[[], float]:
    """Macro weighted F1 by MTEB's own task class on sentence-transformers' vectors."""
    from datasets import Dataset
    from mteb.models import SentenceTransformerEncoderWrapper

    def columns(bitext: Bitext) -> Any:
        return Dataset.from_dict({"sentence1": list(bitext.src), "sentence2": list(bitext.tgt)})

    def wrapped() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return SentenceTransformerEncoderWrapper(sentence_transformer())

    def scored() -> float:
        model = wrapped()
        task = _mteb_task(list(data.bitexts))
        task.dataset = {language: {"test": columns(b)} for language, b in data.bitexts.items()}
        task.data_loaded = True
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = task.evaluate(model, "test", encode_kwargs={"batch_size": 32})
        return float(np.mean([of_language["f1"] for of_language in scores.values()]))

    return scored


def _mteb_task(languages: list[str]) -> Any:
    from mteb.abstasks.task_metadata import TaskMetadata
    from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining

    class Task(AbsTaskBitextMining):  # type: ignore[misc]
        metadata = TaskMetadata(
            name="LocalBitextMining",
            dataset={"path": "local/none", "revision": "1"},
            description="The bitexts at hand.",
            type="BitextMining",
            category="t2t",
            eval_splits=["test"],
            eval_langs={language: ["deu-Latn", "eng-Latn"] for language in languages},
            main_score="f1",
        )

    return Task()
