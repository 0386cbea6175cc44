"""Whole training loops of three projects, each through its own trainer, as users train.

The time of an update holds all that lies between two updates: batches, collation, forward, backward,
clipping, optimizer. A turn is one epoch over the same examples. The tasks:

- pairs: contrastive text pairs. Ours and sentence-transformers' ``SentenceTransformerTrainer``.
- classes: pairs of texts in three classes. Ours and transformers' ``Trainer``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring.bench import Bench, Comparison
from benchmarks.measuring.floor import PASSES_OF_A_STEP, Needs, forward_operations, step_needs
from benchmarks.measuring.processes import running
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.texts import mixed_lengths
from benchmarks.measuring.turns import take_turns
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import Encoder, load_encoder

_TASKS = {"pairs": "sentence-transformers' trainer", "classes": "transformers' trainer"}
_LEAST, _BATCH = 8, 32
_MOST_UPDATES = 16
_MIXED = 1536


def trainer_rows(bench: Bench) -> Iterator[Row]:
    """Rows of both sides in equal precision, and of the defaults, in both tasks; quick runs: pairs."""
    encoder = load_encoder(EncoderSettings(name="embedded"))
    texts = mixed_lengths(bench.texts, _MIXED)
    operations = _operations(encoder, "pairs", texts) / (len(texts) // 2)
    batch = bench.sizes.count(operations, _LEAST, _BATCH)
    updates = bench.sizes.count(operations * batch, 2, _MOST_UPDATES)
    for task in ("pairs",) if bench.quick else _TASKS:
        yield from _rows(bench, encoder, task, texts[: 2 * batch * updates], batch)


def _rows(
    bench: Bench, encoder: Encoder, task: str, texts: Sequence[str], batch: int
) -> Iterator[Row]:
    updates = len(texts) // (2 * batch)
    sides = [(side, p) for p in bench.precisions for side in ("ours", "theirs")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(list(texts)), encoding="utf-8")
        module = "benchmarks.parts.trainer_contenders"
        commands = [[module, side, task, p, str(batch), str(path)] for side, p in sides]
        with running(commands, updates) as contenders:
            turns = take_turns(contenders, bench.sizes.repeats)
    lengths = _lengths(encoder, task, texts)
    for comparison in bench.comparisons:
        places = [
            sides.index(side) for side in (("ours", comparison.ours), ("theirs", comparison.theirs))
        ]
        needs = step_needs(encoder.model.config, lengths, updates, comparison.ours)
        yield Row.of(
            _work(task, batch, len(texts) // 2, comparison, needs),
            (turns.seconds[places[0]], turns.seconds[places[1]]),
            bench.speeds,
            turns.others,
            memory=(turns.peak_bytes[places[0]], turns.peak_bytes[places[1]]),
        )


def _work(task: str, batch: int, examples: int, comparison: Comparison, needs: Needs) -> Work:
    name = f"training loop, {task}, {comparison.title}"
    return Work(name, _TASKS[task], examples, "examples", needs, f"in batches of {batch}")


def _operations(encoder: Encoder, task: str, texts: Sequence[str]) -> float:
    lengths = _lengths(encoder, task, texts)
    return PASSES_OF_A_STEP * forward_operations(encoder.model.config, lengths)


def _lengths(encoder: Encoder, task: str, texts: Sequence[str]) -> list[int]:
    """Tokens of each sequence: a text, or in tasks of classes a pair."""
    sequences: Sequence[Any]
    if task == "classes":
        sequences = encoder.tokenise_pairs(texts[::2], texts[1::2])
    else:
        sequences = encoder.tokenise(texts)
    return [len(ids) for ids in sequences]
