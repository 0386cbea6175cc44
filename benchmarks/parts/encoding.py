"""Encoding: the same texts in turn, with a check that the vectors agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.measuring.bench import Bench, Comparison
from benchmarks.measuring.floor import Needs, forward_operations, layer_parameters
from benchmarks.measuring.peers import sentence_transformer
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.shares import profiled_shares
from benchmarks.measuring.turns import LocalContender, take_turns
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.load_encoder import load_encoder

_SAMPLE = 500  # texts, from which the work of one is estimated
_LEAST, _MOST = 128, 8192  # few texts are padded more than many
_LOWEST_COSINE = {"float32": 0.9999, "bfloat16": 0.999}

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]


def encoding_rows(bench: Bench) -> Iterator[Row]:
    """Rows of both sides in equal precision, and of the defaults.

    Raises:
        ValueError: the vectors of both sides differ, so the work is not the same.
    """
    texts, operations = _texts(bench)
    ours = {p: LocalContender(_bound(_ours(p), texts)) for p in bench.precisions}
    theirs = {p: LocalContender(_bound(_theirs(p), texts)) for p in bench.precisions}
    contenders = [*ours.values(), *theirs.values()]
    turns = take_turns(contenders, bench.sizes.repeats)
    for precision in bench.precisions:
        lowest = _LOWEST_COSINE[precision]
        _check_same(ours[precision].result, theirs[precision].result, lowest)
    for comparison in bench.comparisons:
        sides = (ours[comparison.ours], theirs[comparison.theirs])
        places = [contenders.index(side) for side in sides]
        shares = profiled_shares(sides[0].turn) if comparison.ours == comparison.theirs else {}
        work = _work(comparison, len(texts), operations)
        seconds = (turns.seconds[places[0]], turns.seconds[places[1]])
        yield Row.of(work, seconds, bench.speeds, turns.others, shares=shares)


def _texts(bench: Bench) -> tuple[Sequence[str], float]:
    """The texts of a turn, and the operations that encoding them needs."""
    encoder = load_encoder(EncoderSettings(name="embedded"))

    def operations(texts: Sequence[str]) -> float:
        lengths = [len(sequence) for sequence in encoder.tokenise(texts)]
        return forward_operations(encoder.model.config, lengths)

    sample = bench.texts[:_SAMPLE]
    count = bench.sizes.count(operations(sample) / len(sample), _LEAST, _MOST)
    texts = bench.texts[:count]
    return texts, operations(texts)


def _work(comparison: Comparison, texts: int, operations: float) -> Work:
    config = load_encoder(EncoderSettings(name="embedded")).model.config
    weights = layer_parameters(config) * (2 if comparison.ours == "bfloat16" else 4)
    needs = Needs(operations, weights, comparison.ours)
    name = f"encoding, {comparison.title}"
    return Work(name, "sentence-transformers", texts, "texts", needs)


def _bound(run: Encode, texts: Sequence[str]) -> Callable[[], Vectors]:
    return lambda: run(texts)


def _ours(precision: Precision) -> Encode:
    encoder = load_encoder(EncoderSettings(name="embedded", precision=precision))
    return lambda texts: encode(encoder, texts)


def _theirs(precision: Precision) -> Encode:
    settings = {"model_kwargs": {"dtype": torch.bfloat16}} if precision == "bfloat16" else {}
    model = sentence_transformer(**settings)

    def run(texts: Sequence[str]) -> Vectors:
        tensor = model.encode(list(texts), convert_to_numpy=False, convert_to_tensor=True)
        vectors: Vectors = tensor.float().numpy()
        return vectors

    return run


def _check_same(ours: Vectors, theirs: Vectors, least: float) -> None:
    first, second = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (ours, theirs))
    lowest = float((first * second).sum(axis=1).min())
    if not lowest >= least:
        raise ValueError(f"the vectors differ: lowest cosine {lowest:.6f}, not {least}")
