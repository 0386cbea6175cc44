"""The sweep over hidden states, poolings and prompts: chosen on one part, reported on another.

The texts are encoded once for each prompt; that run gives every hidden state and pooling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crosslift.encoders.encoder_folder import layers_of, own_use, prompt_of
from crosslift.encoders.encoder_settings import Poolings
from crosslift.encoders.reading import Place
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import StudyError, UnknownNameError
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.sweep import (
    SWEEP_METRIC,
    EveryPlace,
    EveryReading,
    encode_everywhere,
    score_readings,
)
from crosslift.making.trained import Trained
from crosslift.results.reading_sweep import Sweep, SweepArm
from crosslift.steps.step import Step


def sweep_steps(
    encoder: Trained, loaded: LoadedTarget, settings: SweepSettings
) -> tuple[Step, ...]:
    """The steps that read every hidden state, one for each prompt, and last the step that scores and
    chooses.

    The vectors of all readings are kept: 4 x width bytes for each text, hidden state, pooling and
        prompt.

    Raises:
        StudyError: the target has no bitexts, or has a prompt for each side; or no language remains to
            report on.
        UnknownNameError: the target lacks a dev language.
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
        make=score_readings,
        work=len(loaded.texts) * len(places) * len(prompts),
        job=EveryReading(loaded, settings, places, encoded),
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
        make=encode_everywhere,
        work=len(loaded.texts),
        job=EveryPlace(encoder, loaded.texts, places),
        devices=encoder.devices,
    )


def _poolings(encoder: Trained, settings: SweepSettings) -> tuple[Poolings, ...]:
    """The poolings of the settings, with the encoder's own first."""
    default = encoder.settings.pooling or own_use(encoder.settings).pooling or "mean"
    return tuple(dict.fromkeys((default, *settings.poolings)))


def _check(loaded: LoadedTarget, settings: SweepSettings) -> None:
    if not loaded.data.bitexts:
        raise StudyError(
            f"target {loaded.target.name!r} cannot be swept: it has no bitexts",
            "a target of bitexts",
        )
    if loaded.settings.side_prompts:
        raise StudyError(
            f"target {loaded.target.name!r} cannot be swept: it has a prompt for each side",
            "one prompt for both sides, which the sweep tries with every reading",
        )
    languages = list(loaded.data.bitexts)
    for language in settings.dev_languages or ():
        if language not in languages:
            raise UnknownNameError(f"dev language of {loaded.target.name}", language, languages)
    if settings.dev_languages and set(settings.dev_languages) >= set(languages):
        raise StudyError(
            "every language of the sweep is a dev language", "some left to report the choice on"
        )


def sweep_of(settings: SweepSettings, loaded: LoadedTarget, arms: Sequence[SweepArm]) -> Sweep:
    """The sweep of a run.

    Args:
        settings: settings of the sweep.
        loaded: target of the sweep.
        arms: choice of each arm and seed.
    """
    languages = settings.dev_languages
    return Sweep(
        target=settings.target,
        metric=SWEEP_METRIC,
        direction=loaded.protocols[0].direction,
        chosen_on=f"languages {', '.join(languages)}" if languages else "one half of the items",
        reported_on="the other languages" if languages else "the other half of the items",
        arms=tuple(arms),
    )
