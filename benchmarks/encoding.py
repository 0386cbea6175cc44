"""Encoding: texts a second, on the same texts in turn, with a check that the vectors agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from benchmarks.peak import forward_operations
from benchmarks.table import Row
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.precision import resolve_precision

_PARTS = 10
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


@dataclass(frozen=True, slots=True)
class _Work:
    """What each part holds: the number of its texts and the operations that they need."""

    texts: list[int]
    operations: list[float]

    @classmethod
    def of(cls, parts: Sequence[Sequence[str]]) -> _Work:
        encoder = load_encoder(EncoderSettings(name="embedded"))
        lengths = [[len(sequence) for sequence in encoder.tokenise(part)] for part in parts]
        needed = [forward_operations(encoder.model.config, of_part) for of_part in lengths]
        return cls([len(part) for part in parts], needed)


def encoding_rows(texts: Sequence[str], peaks: dict[str, float]) -> list[Row]:
    """Rows of encoding: our default against theirs, and both pairs of equal precision.

    The texts are encoded in ten parts, each by every contender in turn, so that a busy machine
    slows all of them; all figures are medians over the parts.

    Raises:
        ValueError: the float32 vectors of both sides differ, so the work is not the same.
    """
    parts = [[texts[i] for i in part] for part in np.array_split(np.arange(len(texts)), _PARTS)]
    names: tuple[Precision, ...] = ("float32", "bfloat16")
    ours = {name: _Contender.of(_ours(name)) for name in names}
    theirs = {name: _Contender.of(_theirs(name)) for name in names}
    for contender in (*ours.values(), *theirs.values()):
        contender.encode(parts[0][:_WARM_UP])
    for part in parts:
        for contender in (*ours.values(), *theirs.values()):
            contender.run(part)
    _check_same(ours["float32"], theirs["float32"])
    auto = resolve_precision("auto")
    pairs: tuple[tuple[str, Precision, Precision], ...] = (
        (f"encode, defaults: {auto} against float32", auto, "float32"),
        ("encode, both float32", "float32", "float32"),
        ("encode, both bfloat16", "bfloat16", "bfloat16"),
    )
    work = _Work.of(parts)
    return [_row(name, ours[a], theirs[b], work, peaks[a]) for name, a, b in pairs]


def _ours(precision: Precision) -> Encode:
    encoder = load_encoder(EncoderSettings(name="embedded", precision=precision))
    return lambda texts: encode(encoder, texts)


def _theirs(precision: Precision) -> Encode:
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    folder = load_encoder(EncoderSettings(name="embedded")).folder
    kind = {"model_kwargs": {"dtype": torch.bfloat16}} if precision == "bfloat16" else {}
    model = SentenceTransformer(str(folder), device="cpu", **kind)

    def run(texts: Sequence[str]) -> Vectors:
        vectors = model.encode(list(texts), convert_to_numpy=False, convert_to_tensor=True)
        found: Vectors = vectors.float().numpy()
        return found

    return run


def _check_same(ours: _Contender, theirs: _Contender) -> None:
    first, second = (np.concatenate(side.vectors) for side in (ours, theirs))
    first, second = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (first, second))
    lowest = float((first * second).sum(axis=1).min())
    if not lowest >= _LOWEST_COSINE:
        raise ValueError(f"the vectors differ: lowest cosine {lowest:.6f}, not {_LOWEST_COSINE}")


def _row(name: str, ours: _Contender, theirs: _Contender, work: _Work, peak: float) -> Row:
    mine, other = np.array(ours.seconds), np.array(theirs.seconds)
    counts, needed = (np.array(of_parts) for of_parts in (work.texts, work.operations))
    return Row(
        name,
        ours=float(np.median(counts / mine)),
        theirs=float(np.median(counts / other)),
        unit="texts/s",
        ratio=float(np.median(other / mine)),
        floor_share=float(np.median(needed / mine)) / peak,
    )
