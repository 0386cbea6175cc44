"""Training: contrastive steps on texts of mixed lengths and on short ones."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring.bench import Bench, Comparison
from benchmarks.measuring.floor import PASSES_OF_A_STEP, forward_operations, step_needs
from benchmarks.measuring.processes import ProcessContender, running
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.texts import mixed_lengths
from benchmarks.measuring.turns import take_turns
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import Encoder, load_encoder

_SHORT = range(7, 16)  # tokens
_LEAST, _BATCH = 8, 64  # pairs of a step
_MOST_STEPS = 16
_MIXED = 1536  # texts to draw from


@dataclass(frozen=True, slots=True)
class _Workload:
    """Steps that one turn does.

    Args:
        name: of the texts.
        lengths: in tokens, of all its texts.
        first: number of the first step.
        steps: in a turn.
    """

    name: str
    lengths: Sequence[int]
    first: int
    steps: int


def training_rows(bench: Bench) -> Iterator[Row]:
    """Rows of both sides in equal precision, and of the defaults, for each kind of texts.

    Each side lives in a process of its own; all do the same steps in turn.

    Raises:
        ValueError: the sides trained on different tokens.
    """
    encoder = load_encoder(EncoderSettings(name="embedded"))
    texts_by_name = {
        "mixed lengths": mixed_lengths(bench.texts, _MIXED),
        "7 to 15 tokens": _short_texts(encoder, bench.texts),
    }
    batch, steps = _size(bench, encoder, texts_by_name["mixed lengths"])
    texts, workloads = _workloads(encoder, texts_by_name, batch, steps)
    sides = [(side, p) for p in bench.precisions for side in ("ours", "theirs")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(texts), encoding="utf-8")
        module = "benchmarks.parts.step_contenders"
        commands = [[module, side, p, str(batch), str(path)] for side, p in sides]
        with running(commands, steps) as contenders:
            for workload in workloads:
                by_side = {
                    side: contender.of_steps(workload.first, steps)
                    for side, contender in zip(sides, contenders, strict=True)
                }
                yield from _rows(bench, encoder.model.config, workload, batch, by_side)


def _short_texts(encoder: Encoder, texts: Sequence[str]) -> list[str]:
    sequences = encoder.tokenise(texts)
    return [text for text, ids in zip(texts, sequences, strict=True) if len(ids) in _SHORT]


def _size(bench: Bench, encoder: Encoder, texts: Sequence[str]) -> tuple[int, int]:
    """Pairs of a step, and steps of a turn."""
    lengths = [len(ids) for ids in encoder.tokenise(texts)]
    each = PASSES_OF_A_STEP * forward_operations(encoder.model.config, lengths) / len(lengths)
    batch = bench.sizes.count(2 * each, _LEAST, _BATCH)
    return batch, bench.sizes.count(2 * each * batch, 1, _MOST_STEPS)


def _workloads(
    encoder: Encoder, texts_by_name: dict[str, list[str]], batch: int, steps: int
) -> tuple[list[str], list[_Workload]]:
    """All texts, one kind after the other, and which steps are of which."""
    texts: list[str] = []
    workloads = []
    count = 2 * batch * steps
    for number, (name, source) in enumerate(texts_by_name.items()):
        chosen = [source[i % len(source)] for i in range(count)]
        lengths = [len(ids) for ids in encoder.tokenise(chosen)]
        workloads.append(_Workload(name, lengths, number * steps, steps))
        texts += chosen
    return texts, workloads


def _rows(
    bench: Bench,
    config: Any,
    workload: _Workload,
    batch: int,
    by_side: dict[tuple[str, Any], ProcessContender],
) -> Iterator[Row]:
    contenders = list(by_side.values())
    turns = take_turns(contenders, bench.sizes.repeats)
    if len({contender.facts["tokens"] for contender in contenders}) > 1:
        raise ValueError(f"tokens differ: {[each.facts for each in contenders]}")
    places = {side: number for number, side in enumerate(by_side)}
    for comparison in bench.comparisons:
        sides = (("ours", comparison.ours), ("theirs", comparison.theirs))
        ours, theirs = (places[side] for side in sides)
        equal = comparison.ours == comparison.theirs
        memory = (turns.peak_bytes[ours], turns.peak_bytes[theirs])  # later ones hold the first's
        yield Row.of(
            _work(config, workload, batch, comparison),
            (turns.seconds[ours], turns.seconds[theirs]),
            bench.speeds,
            turns.others,
            memory=memory if workload.first == 0 else None,
            shares=contenders[ours].shares() if equal else {},
        )


def _work(config: Any, workload: _Workload, batch: int, comparison: Comparison) -> Work:
    needs = step_needs(config, workload.lengths, workload.steps, comparison.ours)
    name = f"training steps, {workload.name}, {comparison.title}"
    pairs, detail = batch * workload.steps, f"in steps of {batch}"
    return Work(name, "sentence-transformers", pairs, "pairs", needs, detail)
