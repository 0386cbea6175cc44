"""The sweep over hidden states and poolings: encoded once, chosen on one part, reported on another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.keys import key_of
from crosslift.encoders.encode import encode_into
from crosslift.encoders.folder import layers_of, local_folder, own_use
from crosslift.encoders.load import Place
from crosslift.encoders.settings import Pooling
from crosslift.errors import StudyError, UnknownNameError
from crosslift.retrieval.folds import folds_of
from crosslift.retrieval.metrics import top1_accuracy
from crosslift.studies.schema import SweepSettings
from crosslift.studies.steps import Step, Workplace
from crosslift.studies.target_steps import LoadedTarget, lookup
from crosslift.studies.training_steps import Trained
from crosslift.targets.evaluate import rank_bitext
from crosslift.targets.target import BitextData, texts_of


def sweep_steps(
    encoder: Trained, loaded: LoadedTarget, settings: SweepSettings
) -> tuple[Step, Step]:
    """The step that reads every hidden state in one run, and the step that scores and chooses.

    The vectors of all places are kept: 4 x width bytes a text, hidden state and pooling.

    Raises:
        StudyError: the target has no bitexts, or no language is left to report on.
        UnknownNameError: a dev language that the target lacks.
    """
    _check(loaded, settings)
    states = range(layers_of(encoder.settings) + 1)
    places = [Place(state, p) for p in _poolings(encoder, settings) for state in states]
    texts = texts_of(loaded.data)
    encode = Step(
        kind="encode",
        label=f"texts of {loaded.target.name}, every hidden state",
        settings={
            "encoder": encoder.facts,
            "texts": key_of({"texts": texts}),
            "places": [list(place) for place in places],
        },
        inputs=encoder.inputs,
        code=("crosslift.encoders", "crosslift.studies.sweep"),
        make=_encode,
        work=len(texts),
        context=(encoder, texts, places),
    )
    score = Step(
        kind="sweep",
        label=loaded.target.name,
        settings={**loaded.facts, **settings.model_dump(mode="json")},
        inputs={"states": encode},
        code=("crosslift.retrieval", "crosslift.targets", "crosslift.studies.sweep"),
        make=_score,
        work=len(texts) * len(places),
        context=(loaded, settings, places),
    )
    return encode, score


def _poolings(encoder: Trained, settings: SweepSettings) -> tuple[Pooling, ...]:
    """Those asked for, the encoder's own first."""
    own = own_use(local_folder(encoder.settings), encoder.settings).pooling or "mean"
    return tuple(dict.fromkeys((own, *settings.poolings)))


def _check(loaded: LoadedTarget, settings: SweepSettings) -> None:
    if not isinstance(loaded.data, BitextData):
        raise StudyError(
            f"target {loaded.target.name!r} cannot be swept: it has no bitexts",
            "a target of bitexts",
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
    stores = [
        np.lib.format.open_memmap(
            folder / _file(place), mode="w+", dtype=np.float32, shape=(len(texts), ready.width)
        )
        for place in places
    ]
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        workplace.report(done / len(texts))

    encode_into(stores, ready, texts, places, advance=advance)
    for store in stores:
        store.flush()
    own = {"hidden_state": ready.reading.hidden_state, "pooling": ready.reading.pooling}
    (folder / "own.json").write_text(json.dumps(own), encoding="utf-8")


def _score(step: Step, workplace: Workplace, folder: Path) -> None:
    loaded, settings, places = step.context
    kept = step.inputs["states"].open(workplace.store)
    names = texts_of(loaded.data)
    scores: dict[Place, tuple[float, float]] = {}
    for done, place in enumerate(places, 1):
        vectors = np.load(kept / _file(place), mmap_mode="r")
        scores[place] = _dev_and_rest(loaded.data, lookup(names, vectors), settings)
        workplace.report(done / len(places))
    own = json.loads((kept / "own.json").read_text(encoding="utf-8"))
    found = _curves(scores, own)
    (folder / "sweep.json").write_text(json.dumps(found), encoding="utf-8")


def _dev_and_rest(data: BitextData, vectors: Any, settings: SweepSettings) -> tuple[float, float]:
    """Macro top-1 accuracy, xx->en, on the dev part and on the rest."""
    dev: list[float] = []
    rest: list[float] = []
    for language, bitext in data.bitexts.items():
        right = top1_accuracy(rank_bitext(vectors, bitext).src_to_tgt)
        if settings.dev_languages is not None:
            (dev if language in settings.dev_languages else rest).append(float(right.mean()))
            continue
        for part, found in zip(_halves(bitext.items), (dev, rest), strict=True):
            if part.any():
                found.append(float(right[part].mean()))
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


def _curves(scores: Mapping[Place, tuple[float, float]], own: Mapping[str, Any]) -> dict[str, Any]:
    """The curves, the choice (the highest on dev; among equals the highest hidden state), and the
    encoder's own reading beside it."""
    chosen = max(scores, key=lambda place: (scores[place][0], place.hidden_state))
    states = sorted({place.hidden_state for place in scores})
    poolings = dict.fromkeys(place.pooling for place in scores)
    curves = [
        {
            "pooling": pooling,
            "hidden_states": states,
            "dev": [scores[Place(state, pooling)][0] for state in states],
            "rest": [scores[Place(state, pooling)][1] for state in states],
        }
        for pooling in poolings
    ]
    default = Place(own["hidden_state"], own["pooling"])
    return {
        "curves": curves,
        "chosen": chosen._asdict(),
        "score": scores[chosen][1],
        "default": default._asdict() | {"score": scores[default][1]},
    }


def sweep_report(
    settings: SweepSettings, arms: Sequence[tuple[str, int, Mapping[str, Any]]]
) -> dict[str, Any]:
    """What `sweep.json` of a run holds.

    Args:
        settings: of the sweep.
        arms: arm, seed and what its sweep step found.
    """
    languages = settings.dev_languages
    return {
        "target": settings.target,
        "metric": "top1_accuracy",
        "chosen_on": f"languages {', '.join(languages)}" if languages else "one half of the items",
        "reported_on": "the other languages" if languages else "the other half of the items",
        "arms": [{"arm": arm, "seed": seed, **found} for arm, seed, found in arms],
    }
