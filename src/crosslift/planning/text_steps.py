"""The steps that encode a target's texts."""

from __future__ import annotations

from typing import Any

from crosslift.artifacts.store import Store
from crosslift.encoders.reading import reading_of_sides
from crosslift.making.encode import EncodedTexts, encode_texts, open_reading
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.text_sets import TextSet
from crosslift.making.trained import Trained
from crosslift.making.vectors import OWN_ROLES, Roles, roles_of
from crosslift.steps.step import Step
from crosslift.targets.protocol import Protocol

TextSteps = dict[str, dict[str, Step]]
"""Language -> role -> the step that encodes the language's texts, with others of the same set."""


def encode_steps(encoder: Trained | ObjectEncoder, loaded: LoadedTarget) -> TextSteps:
    """The encoding steps of a target: with the encoder's usual reading, and with those of other
    protocols."""
    steps: TextSteps = {language: {} for language in loaded.data.languages}
    group = f"texts of {loaded.target.name}"
    made: dict[tuple[Roles, int], Step] = {}
    for roles, reading in _readings(encoder, loaded).items():
        for (language, side), texts in loaded.text_sets.items():
            read = reading.of_side(loaded.settings, side) if roles == OWN_ROLES else reading
            if (roles, id(texts)) not in made:
                made[roles, id(texts)] = encode_step(read, group, texts)
            steps[language][roles.of(side)] = made[roles, id(texts)]
    return steps


def _readings(
    encoder: Trained | ObjectEncoder, loaded: LoadedTarget
) -> dict[Roles, Trained | ObjectEncoder]:
    """Roles -> the encoder with the reading of their steps, before the prompts of sides."""
    readings: dict[Roles, Trained | ObjectEncoder] = {OWN_ROLES: encoder}
    for protocol in loaded.protocols:
        if not protocol.own_reading:
            readings[roles_of(protocol)] = encoder.read_by(protocol.name, protocol.reading)
    return readings


def encode_step(encoder: Trained | ObjectEncoder, group: str, texts: TextSet) -> Step:
    """Encodes every text of a set once: `vectors.npy`, float32 [texts, D].

    Its key depends on the texts and not on the target: two targets with the same texts share the step.

    Args:
        encoder: encoder with the reading of the texts.
        group: name of the texts, in words.
        texts: set of texts.
    """
    return Step(
        kind="encode",
        label=f"{group}, {texts.words}",
        settings={"encoder": encoder.facts, "texts": texts.key},
        inputs=encoder.inputs,
        make=encode_texts,
        work=len(texts.texts),
        job=EncodedTexts(encoder, texts.texts),
        group=group,
        devices=encoder.devices,
    )


def reading_of(scored: Step, protocol: Protocol, store: Store) -> dict[str, Any]:
    """How a protocol's vectors were read from the encoder: pooling, prompt, ...

    Args:
        scored: finished step that scores any language of a target. It has the steps of `encode_steps`
            as inputs, or has encoded its texts itself.
        protocol: one of the target's protocols.
        store: store with the vectors.
    """
    roles = [role for role in roles_of(protocol) if role in scored.inputs]
    if not roles:
        return open_reading(scored, store)
    readings = [open_reading(scored.inputs[role], store) for role in roles]
    return reading_of_sides(readings[0], readings[-1])
