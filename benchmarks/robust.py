"""Robust training: what an update costs beside a plain one, against what its passes predict."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import Row
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record
from crosslift.training.budget import Budget
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

_FIRST = 2  # updates that are not timed: the first also counts operations
_UPDATES = 5
_BATCH = 48
_KINDS: dict[str, dict[str, Any] | None] = {
    "plain": None,
    "adversarial, 1 step": {"adversarial": {}},
    "adversarial, 3 steps": {"adversarial": {"steps": 3}},
    "FreeLB, 3 steps": {"adversarial": {"steps": 3, "free": True}},
    "random perturbation, 2 draws": {"random_perturbation": {"draws": 2}},
}


def robust_rows(texts: Sequence[str], turns: int) -> Iterator[Row]:
    """Milliseconds of an update beside those of a plain one times its predicted cost.

    The kinds train in turn, a few updates at a time on the same batches, so that all meet the same
    noise; a turn's figure is the median of its updates, a ratio the median of the turns' ratios.

    Args:
        texts: anchors and positives in turn, of mixed lengths.
        turns: of each kind.
    """
    encoder = load_encoder(EncoderSettings(name="embedded"))
    pairs = zip(texts[::2], texts[1::2], strict=False)
    records = [Record(str(i), {"anchor": a, "positive": p}) for i, (a, p) in enumerate(pairs)]
    seconds: dict[str, list[float]] = {name: [] for name in _KINDS}
    for _ in range(turns):
        for name, robust in _KINDS.items():
            seconds[name].append(_seconds_of_an_update(encoder, records, robust))
    plain = np.array(seconds["plain"])
    for name, robust in _KINDS.items():
        if robust is not None:
            cost = StageSettings(task="text-pairs", robust=robust).cost
            ours, predicted = np.array(seconds[name]), plain * cost
            times = [float(np.median(side)) * 1000 for side in (ours, predicted)]
            title = f"robust update, {name}, against {cost:.3g} plain ones"
            yield Row(title, *times, "ms", float(np.median(predicted / ours)), None)


def _seconds_of_an_update(
    encoder: Encoder, records: Sequence[Record], robust: dict[str, Any] | None
) -> float:
    task = TextPairs().open(encoder, Split(records), Split([]), FormOptions(False, False, 0))
    member = MixedTask("pairs", MixedTaskSettings(task="text-pairs"), task, 0)
    settings = StageSettings(task="text-pairs", robust=robust, dev_evaluations=0)
    budget = Budget(updates=_UPDATES, batch_size=_BATCH)
    stamps: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "checkpoint.safetensors"
        stage = Stage(settings, budget, 0, place, lambda _: stamps.append(time.perf_counter()))
        train(stage, [member], encoder)
    encoder.table.write_back()
    return float(np.median(np.diff(stamps)[_FIRST - 1 :]))
