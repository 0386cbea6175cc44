"""Makes the vectors of every hidden state, and the choice among them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.array_file import array_file
from crosslift.artifacts.parse import parse_json
from crosslift.encoders.encode import encode_into
from crosslift.encoders.load import Place
from crosslift.encoders.settings import Poolings
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import StudyError
from crosslift.making.vectors import lookup
from crosslift.retrieval.folds import folds_of
from crosslift.steps.step import Step, Workplace
from crosslift.targets.evaluate import Lookup, SideLookups, outcomes_of, rank_bitext
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.protocol import Protocol

SWEEP_METRIC = "top1_accuracy"


class Reading(NamedTuple):
    """One way to read an encoder.

    Args:
        hidden_state: index of the pooled state; 0 is the embedding output.
        pooling: over its tokens.
        prompt: before every text; empty for none.
    """

    hidden_state: int
    pooling: Poolings
    prompt: str


def _file(place: Place) -> str:
    return f"vectors-{place.hidden_state}-{place.pooling}.npy"


def encode_everywhere(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes the vectors of every place, `vectors-STATE-POOLING.npy`, float32 [N, D], and `own.json`:
    the encoder's own reading."""
    encoder, texts, places = step.context
    ready = encoder.load(workplace)
    with contextlib.ExitStack() as stack:
        files = []
        for place in places:
            shape = (len(texts), ready.width_in(place))
            files.append(stack.enter_context(array_file(folder / _file(place), shape, np.float32)))
        encode_into(files, ready, texts, places, advance=workplace.counting(len(texts)))
    own = {name: getattr(ready.reading, name) for name in Reading._fields}
    (folder / "own.json").write_text(json.dumps(own), encoding="utf-8")


def score_readings(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `sweep.json`: the score of every reading, and the choice."""
    loaded, settings, places, encoded = step.context
    folders = {prompt: each.open(workplace.store) for prompt, each in encoded.items()}
    scores: dict[Reading, tuple[float, float]] = {}
    for prompt, kept in folders.items():
        for place in places:
            vectors = np.load(kept / _file(place), mmap_mode="r")
            vectors_of = lookup(loaded.texts, vectors)
            parts = dev_and_rest(loaded.data, vectors_of, settings, loaded.protocols[0])
            scores[Reading(place.hidden_state, place.pooling, prompt)] = parts
            workplace.report(len(scores) / (len(places) * len(folders)))
    path = next(iter(folders.values())) / "own.json"
    own = parse_json(path.read_bytes(), str(path))
    curves = curves_of(scores, Reading(**own))
    (folder / "sweep.json").write_text(json.dumps(curves), encoding="utf-8")


def dev_and_rest(
    data: BitextData, vectors_of: Lookup, settings: SweepSettings, protocol: Protocol
) -> tuple[float, float]:
    """Macro top-1 accuracy, in the protocol's direction, on the dev part and on the rest."""
    dev: list[float] = []
    rest: list[float] = []
    for language, bitext in data.bitexts.items():
        outcomes, _ = outcomes_of(protocol, rank_bitext(SideLookups.of_both(vectors_of), bitext))
        right = outcomes[SWEEP_METRIC]
        if settings.dev_languages is not None:
            (dev if language in settings.dev_languages else rest).append(float(right.mean()))
            continue
        for part, scores in zip(_halves(bitext.items), (dev, rest), strict=True):
            if part.any():
                scores.append(float(right[part].mean()))
    for name, values in (("dev half", dev), ("other half", rest)):
        if not values:
            raise StudyError(
                f"no item of any language is in the {name}",
                "bitexts of more items, or dev languages",
            )
    return float(np.mean(dev)), float(np.mean(rest))


def _halves(items: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    folds = folds_of(items)
    return folds == 0, folds == 1


def curves_of(scores: Mapping[Reading, tuple[float, float]], own: Reading) -> dict[str, Any]:
    """The curves, the choice (the highest on dev; among equals the highest hidden state, then the
    encoder's own prompt and pooling), and the encoder's own reading beside it."""
    chosen = max(scores, key=lambda reading: (scores[reading][0], reading.hidden_state))
    states = sorted({reading.hidden_state for reading in scores})
    kinds = dict.fromkeys((reading.pooling, reading.prompt) for reading in scores)
    curves = [
        {
            "pooling": pooling,
            "prompt": prompt,
            "hidden_states": states,
            "dev": [scores[Reading(state, pooling, prompt)][0] for state in states],
            "rest": [scores[Reading(state, pooling, prompt)][1] for state in states],
        }
        for pooling, prompt in kinds
    ]
    return {
        "curves": curves,
        "chosen": chosen._asdict(),
        "score": scores[chosen][1],
        "default": own._asdict() | {"score": scores[own][1]},
    }
