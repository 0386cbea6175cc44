"""The sweep over hidden states, poolings and prompts: chosen on one part, reported on another.

The texts are encoded once for each prompt; that run gives every hidden state and pooling.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.array_file import array_file
from crosslift.artifacts.parse import parse_json
from crosslift.encoders.encode import encode_into
from crosslift.encoders.folder import layers_of, own_use, prompt_of
from crosslift.encoders.load import Place
from crosslift.encoders.settings import Poolings
from crosslift.errors import StudyError, UnknownNameError
from crosslift.retrieval.folds import folds_of
from crosslift.studies.loaded_target import LoadedTarget
from crosslift.studies.making.vectors import lookup
from crosslift.studies.schema import SweepSettings
from crosslift.studies.steps import Step, Workplace
from crosslift.studies.trained import Trained
from crosslift.targets.evaluate import Lookup, SideLookups, outcomes_of, rank_bitext
from crosslift.targets.protocol import Protocol
from crosslift.targets.target import BitextData

_METRIC = "top1_accuracy"


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


def sweep_steps(
    encoder: Trained, loaded: LoadedTarget, settings: SweepSettings
) -> tuple[Step, ...]:
    """The steps that read every hidden state, one for each prompt, and last the step that scores and
    chooses.

    The vectors of all readings are kept: 4 x width bytes a text, hidden state, pooling and prompt.

    Raises:
        StudyError: the target has no bitexts, or a prompt for each side; or no language is left to
            report on.
        UnknownNameError: a dev language that the target lacks.
    """
    _check(loaded, settings)
    states = range(layers_of(encoder.settings) + 1)
    places = [Place(state, p) for p in _poolings(encoder, settings) for state in states]
    prompts = tuple(dict.fromkeys((prompt_of(encoder.settings), *settings.prompts)))
    encoded = {prompt: _encode_step(encoder, loaded, places, prompt) for prompt in prompts}
    score = Step(
        kind="sweep",
        label=loaded.target.name,
        settings={
            **loaded.facts,
            **settings.model_dump(mode="json"),
            "direction": loaded.protocols[0].direction,
        },
        inputs={f"prompt {prompt!r}": step for prompt, step in encoded.items()},
        make=_score,
        work=len(loaded.texts) * len(places) * len(prompts),
        context=(loaded, settings, places, encoded),
    )
    return *encoded.values(), score


def _encode_step(
    encoder: Trained, loaded: LoadedTarget, places: Sequence[Place], prompt: str
) -> Step:
    if prompt != prompt_of(encoder.settings):
        settings = encoder.settings.model_copy(update={"prompt": prompt})
        encoder = replace(encoder, settings=settings)
    return Step(
        kind="encode",
        label=f"texts of {loaded.target.name}, every hidden state",
        settings={
            "encoder": encoder.facts,
            "texts": loaded.all_texts.key,
            "places": [list(place) for place in places],
        },
        inputs=encoder.inputs,
        make=_encode,
        work=len(loaded.texts),
        context=(encoder, loaded.texts, places),
    )


def _poolings(encoder: Trained, settings: SweepSettings) -> tuple[Poolings, ...]:
    """Those asked for, the encoder's own first."""
    own = encoder.settings.pooling or own_use(encoder.settings).pooling or "mean"
    return tuple(dict.fromkeys((own, *settings.poolings)))


def _check(loaded: LoadedTarget, settings: SweepSettings) -> None:
    if not isinstance(loaded.data, BitextData):
        raise StudyError(
            f"target {loaded.target.name!r} cannot be swept: it has no bitexts",
            "a target of bitexts",
        )
    if loaded.settings.side_prompts:
        raise StudyError(
            f"target {loaded.target.name!r} cannot be swept: it has a prompt for each side",
            "one prompt for both sides, which the sweep tries with every reading",
        )
    there = list(loaded.data.bitexts)
    for language in settings.dev_languages or ():
        if language not in there:
            raise UnknownNameError(f"dev language of {loaded.target.name}", language, there)
    if settings.dev_languages and set(settings.dev_languages) >= set(there):
        raise StudyError(
            "every language of the sweep is a dev language", "some left to report the choice on"
        )


def _file(place: Place) -> str:
    return f"vectors-{place.hidden_state}-{place.pooling}.npy"


def _encode(step: Step, workplace: Workplace, folder: Path) -> None:
    encoder, texts, places = step.context
    ready = encoder.load(workplace)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        workplace.report(done / len(texts))

    with contextlib.ExitStack() as stack:
        files = []
        for place in places:
            shape = (len(texts), ready.width_in(place))
            files.append(stack.enter_context(array_file(folder / _file(place), shape, np.float32)))
        encode_into(files, ready, texts, places, advance=advance)
    own = {name: getattr(ready.reading, name) for name in Reading._fields}
    (folder / "own.json").write_text(json.dumps(own), encoding="utf-8")


def _score(step: Step, workplace: Workplace, folder: Path) -> None:
    loaded, settings, places, encoded = step.context
    folders = {prompt: each.open(workplace.store) for prompt, each in encoded.items()}
    scores: dict[Reading, tuple[float, float]] = {}
    for prompt, kept in folders.items():
        for place in places:
            vectors = np.load(kept / _file(place), mmap_mode="r")
            vectors_of = lookup(loaded.texts, vectors)
            parts = _dev_and_rest(loaded.data, vectors_of, settings, loaded.protocols[0])
            scores[Reading(place.hidden_state, place.pooling, prompt)] = parts
            workplace.report(len(scores) / (len(places) * len(folders)))
    path = next(iter(folders.values())) / "own.json"
    own = parse_json(path.read_bytes(), str(path))
    curves = _curves(scores, Reading(**own))
    (folder / "sweep.json").write_text(json.dumps(curves), encoding="utf-8")


def _dev_and_rest(
    data: BitextData, vectors_of: Lookup, settings: SweepSettings, protocol: Protocol
) -> tuple[float, float]:
    """Macro top-1 accuracy, in the protocol's direction, on the dev part and on the rest."""
    dev: list[float] = []
    rest: list[float] = []
    for language, bitext in data.bitexts.items():
        outcomes, _ = outcomes_of(protocol, rank_bitext(SideLookups.of_both(vectors_of), bitext))
        right = outcomes[_METRIC]
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


def _curves(scores: Mapping[Reading, tuple[float, float]], own: Reading) -> dict[str, Any]:
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


def sweep_report(
    settings: SweepSettings,
    loaded: LoadedTarget,
    arms: Sequence[tuple[str, int, Mapping[str, Any]]],
) -> dict[str, Any]:
    """What `sweep.json` of a run holds.

    Args:
        settings: of the sweep.
        loaded: its target.
        arms: arm, seed and content of the artifact of its sweep step.
    """
    languages = settings.dev_languages
    return {
        "target": settings.target,
        "metric": _METRIC,
        "direction": loaded.protocols[0].direction,
        "chosen_on": f"languages {', '.join(languages)}" if languages else "one half of the items",
        "reported_on": "the other languages" if languages else "the other half of the items",
        "arms": [{"arm": arm, "seed": seed, **curves} for arm, seed, curves in arms],
    }
