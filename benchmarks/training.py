"""Training: seconds of a contrastive step and peak memory, both sides in turn, step by step."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.peak import forward_operations
from benchmarks.stepping import Answers, alternate
from benchmarks.table import Row
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.precision import resolve_precision

_WARM_UP = 2


def training_rows(texts: Sequence[str], steps: int, peaks: dict[str, float]) -> Iterator[Row]:
    """Rows of training: our default against theirs, and both pairs of equal precision.

    Both sides live at once in processes of their own and step in turn; times are medians over the
    steps after two warm-ups, and a ratio is the median of the steps' ratios.

    Args:
        texts: anchors and positives in turn, of mixed lengths.
        steps: timed steps.
        peaks: by precision, floating-point operations a second.
    """
    auto = resolve_precision("auto")
    pairs = ((auto, "float32"), ("float32", "float32"), ("bfloat16", "bfloat16"))
    titles = (f"defaults: {auto} against float32", "both float32", "both bfloat16")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "texts.json"
        place.write_text(json.dumps(list(texts)), encoding="utf-8")
        for title, (ours, theirs) in zip(titles, pairs, strict=True):
            sides = [
                ["benchmarks.contenders", side, precision, str(place)]
                for side, precision in (("ours", ours), ("theirs", theirs))
            ]
            answers = alternate(sides, _WARM_UP + steps)
            yield from _rows(title, *answers, peaks[ours])


def _rows(title: str, ours: Answers, theirs: Answers, peak: float) -> list[Row]:
    if sum(map(sum, (a["lengths"] for a in ours))) != sum(map(sum, (a["lengths"] for a in theirs))):
        raise ValueError("the two sides trained on different tokens")
    seconds = [np.array([a["seconds"] for a in side[_WARM_UP:]]) for side in (ours, theirs)]
    config = load_encoder(EncoderSettings(name="embedded")).model.config
    needed = np.array([3 * forward_operations(config, a["lengths"]) for a in ours[_WARM_UP:]])
    share = float(np.median(needed / seconds[0])) / peak
    ratio = float(np.median(seconds[1] / seconds[0]))
    times = [float(np.median(side) * 1000) for side in seconds]
    memory = [side[-1]["peak_bytes"] / 1e6 for side in (ours, theirs)]
    less = memory[1] / memory[0]
    return [
        Row(f"training step, {title}", times[0], times[1], "ms", ratio, share),
        Row(f"training peak memory, {title}", memory[0], memory[1], "MB", less, None),
    ]
