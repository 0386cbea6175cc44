"""Encoding: texts a second, on the same texts in turn, with a check that the vectors agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from benchmarks.peak import forward_operations
from benchmarks.table import Row
from crosslift.encoders.encode import encode
from crosslift.encoders.load import Encoder, load_encoder
from crosslift.encoders.precision import resolve_precision
from crosslift.encoders.settings import EncoderSettings, Precision

_PARTS = 5
_WARM_UP = 64
_LOWEST_COSINE = 0.9999

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]


@dataclass(slots=True)
class _Contender:
    encode: Encode
    seconds: list[float]
    vectors: list[Vectors]

    @classmethod
    def of(cls, encode: Encode) -> _Contender:
        return cls(encode, [], [])

    def run(self, texts: Sequence[str]) -> None:
        began = time.perf_counter()
        vectors = self.encode(texts)
        self.seconds.append(time.perf_counter() - began)
        self.vectors.append(vectors)


def encoding_rows(texts: Sequence[str], peaks: dict[str, float]) -> list[Row]:
    """Rows of encoding: our default against theirs, and both pairs of equal precision.

    The texts are encoded in five parts, each by every contender in turn, so that a busy machine
    slows all of them; a ratio is the median over the parts.

    Raises:
        ValueError: the float32 vectors of both sides differ, so the work is not the same.
    """
    auto = resolve_precision("auto")
    lengths = _lengths(load_encoder(EncoderSettings(name="embedded")), texts)
    names: tuple[Precision, ...] = ("float32", "bfloat16")
    ours = {name: _Contender.of(_ours(name)) for name in names}
    theirs = {name: _Contender.of(_theirs(name)) for name in names}
    for contender in (*ours.values(), *theirs.values()):
        contender.encode(texts[:_WARM_UP])
    for part in np.array_split(np.arange(len(texts)), _PARTS):
        for contender in (*ours.values(), *theirs.values()):
            contender.run([texts[i] for i in part])
    _check_same(ours["float32"], theirs["float32"])
    pairs: tuple[tuple[str, Precision, Precision], ...] = (
        (f"encode, defaults: {auto} against float32", auto, "float32"),
        ("encode, both float32", "float32", "float32"),
        ("encode, both bfloat16", "bfloat16", "bfloat16"),
    )
    return [_row(name, ours[a], theirs[b], lengths, peaks[a]) for name, a, b in pairs]


def _ours(precision: Precision) -> Encode:
    encoder = load_encoder(EncoderSettings(name="embedded", precision=precision))
    return lambda texts: encode(encoder, texts)


def _theirs(precision: Precision) -> Encode:
    folder = load_encoder(EncoderSettings(name="embedded")).folder
    kind = {"model_kwargs": {"dtype": torch.bfloat16}} if precision == "bfloat16" else {}
    model = SentenceTransformer(str(folder), device="cpu", **kind)

    def run(texts: Sequence[str]) -> Vectors:
        vectors = model.encode(list(texts), convert_to_numpy=False, convert_to_tensor=True)
        found: Vectors = vectors.float().numpy()
        return found

    return run


def _lengths(encoder: Encoder, texts: Sequence[str]) -> list[int]:
    return [len(sequence) for sequence in encoder.tokenise(texts)]


def _check_same(ours: _Contender, theirs: _Contender) -> None:
    first, second = (np.concatenate(side.vectors) for side in (ours, theirs))
    first, second = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (first, second))
    lowest = float((first * second).sum(axis=1).min())
    if not lowest >= _LOWEST_COSINE:
        raise ValueError(f"the vectors differ: lowest cosine {lowest:.6f}, not {_LOWEST_COSINE}")


def _row(
    name: str, ours: _Contender, theirs: _Contender, lengths: Sequence[int], peak: float
) -> Row:
    config = load_encoder(EncoderSettings(name="embedded")).model.config
    mine, other = np.array(ours.seconds), np.array(theirs.seconds)
    share = forward_operations(config, lengths) / mine.sum() / peak
    rates = (len(lengths) / mine.sum(), len(lengths) / other.sum())
    return Row(name, *map(float, rates), "texts/s", float(np.median(other / mine)), float(share))
