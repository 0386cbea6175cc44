"""Makes the vectors of every hidden state, and the choice among them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.reading import Place
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import StudyError
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.on_devices import advancing, make_on_devices, shared_file, write_json
from crosslift.making.trained import Trained
from crosslift.making.vectors import lookup
from crosslift.ranks.ranks import Ranks
from crosslift.results.reading_sweep import (
    SWEEP_FILE,
    ReadingChoice,
    ScoredReading,
    SweepCurve,
    SweptReading,
)
from crosslift.results.result_record import read_json_file
from crosslift.retrieval.folds import folds_of
from crosslift.steps.step import Step, Workplace
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Lookup, SideLookups, outcomes_of, rank_bitext
from crosslift.targets.target_data import TargetData

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder

SWEEP_METRIC = "top1_accuracy"


class EveryPlace(NamedTuple):
    """The job of `encode_everywhere`: the texts, and every hidden state and pooling."""

    encoder: Trained
    texts: Sequence[str]
    places: Sequence[Place]

    def check_needs(self) -> None:
        """Raises if the encoder cannot be found or fetched."""
        self.encoder.check_needs()


class EveryReading(NamedTuple):
    """The job of `score_readings`; ``encoded`` maps a prompt to the step with its vectors."""

    loaded: LoadedTarget
    settings: SweepSettings
    places: Sequence[Place]
    encoded: Mapping[str, Step]


def _file(place: Place) -> str:
    return f"vectors-{place.hidden_state}-{place.pooling}.npy"


def encode_everywhere(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes the vectors of every place, `vectors-STATE-POOLING.npy`, float32 [N, D], and `own.json`:
    the encoder's own reading."""
    make_on_devices(_encode_everywhere, step, workplace, folder)


def _encode_everywhere(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    from crosslift.encoders.encode_texts import encode_into

    encoder, texts, places = step.job_as(EveryPlace)
    ready = encoder.load(workplace)
    with contextlib.ExitStack() as stack:
        files = []
        for place in places:
            shape = (len(texts), ready.width_in(place))
            file = shared_file(ranks, folder / _file(place), shape, np.float32)
            files.append(stack.enter_context(file))
        advance = advancing(ranks, workplace, len(texts))
        encode_into(files, ready, texts, places, turn=ranks.turn, advance=advance)
    own = _reading_of(ready).to_json()
    write_json(ranks, folder / "own.json", own)


def _reading_of(encoder: Encoder) -> SweptReading:
    reading = encoder.reading
    return SweptReading(
        hidden_state=reading.hidden_state, pooling=reading.pooling, prompt=reading.prompt
    )


def score_readings(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `sweep.json`: the score of every reading, and the choice."""
    loaded, settings, places, encoded = step.job_as(EveryReading)
    folders = {prompt: each.open(workplace.store) for prompt, each in encoded.items()}
    scores: dict[SweptReading, tuple[float, float]] = {}
    for prompt, vectors_folder in folders.items():
        for place in places:
            vectors = np.load(vectors_folder / _file(place), mmap_mode="r")
            vectors_of = lookup(loaded.texts, vectors)
            parts = dev_and_rest(loaded.data, vectors_of, settings, loaded.protocols[0])
            scores[_at(place.hidden_state, place.pooling, prompt)] = parts
            workplace.report(len(scores) / (len(places) * len(folders)))
    path = next(iter(folders.values())) / "own.json"
    choice = choice_of(scores, read_json_file(path, SweptReading))
    (folder / SWEEP_FILE).write_text(json.dumps(choice.to_json()), encoding="utf-8")


def _at(hidden_state: int, pooling: str, prompt: str | None) -> SweptReading:
    return SweptReading(hidden_state=hidden_state, pooling=pooling, prompt=prompt)


def dev_and_rest(
    data: TargetData, vectors_of: Lookup, settings: SweepSettings, protocol: Protocol
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


def choice_of(
    scores: Mapping[SweptReading, tuple[float, float]], own: SweptReading
) -> ReadingChoice:
    """The curves, the choice (the highest on dev; among equals the highest hidden state, then the
    encoder's own prompt and pooling), and the encoder's own reading beside it.

    Args:
        scores: reading -> score on dev and on the rest; the encoder's own prompt and pooling first.
        own: the encoder's own reading.
    """
    chosen = max(scores, key=lambda reading: (scores[reading][0], reading.hidden_state))
    states = tuple(sorted({reading.hidden_state for reading in scores}))
    kinds = dict.fromkeys((reading.pooling, reading.prompt) for reading in scores)
    curves = []
    for pooling, prompt in kinds:
        dev, rest = zip(*(scores[_at(state, pooling, prompt)] for state in states), strict=True)
        curves.append(
            SweepCurve(pooling=pooling, prompt=prompt, hidden_states=states, dev=dev, rest=rest)
        )
    return ReadingChoice(
        curves=tuple(curves),
        chosen=chosen,
        score=scores[chosen][1],
        default=ScoredReading(**dict(own), score=scores[own][1]),
    )
