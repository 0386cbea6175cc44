"""The steps that encode a target's texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.artifacts.store import Store
from crosslift.encoders.load_encoder import reading_of_sides
from crosslift.making.encode import EncodedTexts, encode_texts, open_reading
from crosslift.making.loaded_target import LoadedTarget, TextSet
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.trained import Trained
from crosslift.making.vectors import OWN_READING, SRC_TEXTS, TGT_TEXTS, roles_of
from crosslift.steps.step import Step
from crosslift.targets.protocol import Protocol


def encode_steps(encoder: Trained | ObjectEncoder, loaded: LoadedTarget) -> dict[str, Step]:
    """The encoding steps of a target: as the encoder is read itself, and as other protocols read it.

    Returns:
        role -> step.
    """
    prompts = loaded.settings
    if prompts.side_prompts:
        steps = {
            SRC_TEXTS: _encode_step(encoder.of_side(prompts, "src"), loaded, loaded.src_texts),
            TGT_TEXTS: _encode_step(encoder.of_side(prompts, "tgt"), loaded, loaded.tgt_texts),
        }
    else:
        steps = {OWN_READING: _encode_step(encoder, loaded, loaded.all_texts)}
    for protocol in loaded.protocols:
        if not protocol.own_reading:
            read = encoder.read_by(protocol.name, protocol.reading)
            role = roles_of(protocol, loaded).src
            steps[role] = _encode_step(read, loaded, loaded.all_texts)
    return steps


def _encode_step(encoder: Trained | ObjectEncoder, loaded: LoadedTarget, texts: TextSet) -> Step:
    """Encodes every text of a set once: `vectors.npy`, float32 [texts, D].

    Its key has the texts themselves in it and not the target: two targets of the same texts share it.
    """
    return Step(
        kind="encode",
        label=f"texts of {loaded.target.name}",
        settings={"encoder": encoder.facts, "texts": texts.key},
        inputs=encoder.inputs,
        make=encode_texts,
        work=len(texts.texts),
        job=EncodedTexts(encoder, texts.texts),
    )


def reading_of(
    steps: Mapping[str, Step], protocol: Protocol, loaded: LoadedTarget, store: Store
) -> dict[str, Any]:
    """How a protocol's vectors were read from the encoder: pooling, prompt, ...

    Args:
        steps: as `encode_steps` gives them, made.
        protocol: one of the target's.
        loaded: the target.
        store: holds the vectors.
    """
    src, tgt = (open_reading(steps[role], store) for role in roles_of(protocol, loaded))
    return reading_of_sides(src, tgt)
