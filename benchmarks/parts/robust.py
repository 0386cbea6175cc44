"""Robust training: what an update costs beside a plain one, against what its passes predict."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import PASSES_OF_A_STEP, Needs, forward_operations, step_needs
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.texts import mixed_lengths
from benchmarks.measuring.turns import Turn, Turns, take_turns
from benchmarks.measuring.updates import pair_records
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

_UNTIMED = 2  # updates: the first also counts operations
_TIMED, _TIMED_QUICK = 3, 1
_LEAST, _BATCH = 6, 48
_QUICK = "adversarial, 1 step"
_KINDS: dict[str, dict[str, Any]] = {
    _QUICK: {"adversarial": {}},
    "adversarial, 3 steps": {"adversarial": {"steps": 3}},
    "FreeLB, 3 steps": {"adversarial": {"steps": 3, "free": True}},
    "random perturbation, 2 draws": {"random_perturbation": {"draws": 2}},
}


def robust_rows(bench: Bench) -> Iterator[Row]:
    """An update of each kind beside a plain one times the predicted cost, on the same batches."""
    encoder = load_encoder(EncoderSettings(name="embedded"))
    texts = mixed_lengths(bench.texts, 2 * _BATCH)
    lengths = [len(ids) for ids in encoder.tokenise(texts)]
    each = PASSES_OF_A_STEP * forward_operations(encoder.model.config, lengths) / len(lengths)
    kinds = {_QUICK: _KINDS[_QUICK]} if bench.quick else _KINDS
    timed = _TIMED_QUICK if bench.quick else _TIMED
    batch = bench.sizes.count(2 * each * (_UNTIMED + timed), _LEAST, _BATCH)
    records = pair_records(texts[: 2 * batch])
    contenders = [_Updates(encoder, records, robust, timed) for robust in (None, *kinds.values())]
    turns = take_turns(contenders, bench.sizes.repeats, warm_ups=0)
    needs = step_needs(encoder.model.config, lengths[: 2 * batch], 1, bench.best)
    for place, (name, robust) in enumerate(kinds.items(), start=1):
        yield _row(bench, name, _settings(robust).cost, (turns, place), batch, needs)


def _row(
    bench: Bench, name: str, cost: float, measured: tuple[Turns, int], batch: int, needs: Needs
) -> Row:
    turns, place = measured
    predicted = [cost * seconds for seconds in turns.seconds[0]]
    whole = Needs(needs.operations * cost, needs.bytes, needs.precision)
    work = Work(f"robust update, {name}", f"{cost:.3g} plain ones", batch, "pairs", whole)
    return Row.of(work, (turns.seconds[place], predicted), bench.speeds, turns.others)


def _settings(robust: dict[str, Any] | None) -> StageSettings:
    return StageSettings.model_validate(
        {"task": "text-pairs", "robust": robust, "dev_evaluations": 0}
    )


class _Updates:
    """A few updates of one kind; the time of a turn is the median of those that are timed."""

    def __init__(
        self,
        encoder: Encoder,
        records: Sequence[Record],
        robust: dict[str, Any] | None,
        timed: int,
    ) -> None:
        self.encoder, self.records = encoder, records
        self.robust, self.timed = robust, timed

    def turn(self) -> Turn:
        """Trains from the encoder's own weights."""
        options = FormOptions(False, "own", 0)
        task = TextPairs().open(self.encoder, Split(self.records), Split([]), options)
        member = MixedTask("pairs", MixedTaskSettings(task="text-pairs"), task, 0)
        budget = Budget(updates=_UNTIMED + self.timed, batch_size=len(self.records))
        stamps: list[float] = []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint.safetensors"
            settings = _settings(self.robust)
            stage = Stage(settings, budget, 0, path, lambda _: stamps.append(time.perf_counter()))
            train(stage, [member], self.encoder)
        self.encoder.table.write_back()
        return Turn(float(np.median(np.diff(stamps)[_UNTIMED - 1 :])))
