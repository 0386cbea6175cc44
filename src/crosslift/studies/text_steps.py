"""The steps that encode a target's texts, and the vectors that they make."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.encoders.encode import encode
from crosslift.encoders.folder import layers_of
from crosslift.encoders.load import reading_of_sides
from crosslift.studies.loaded_target import LoadedTarget, TextSet
from crosslift.studies.steps import Step, Workplace
from crosslift.studies.training_steps import Trained
from crosslift.targets.evaluate import Lookup, SideLookups
from crosslift.targets.protocol import Protocol

OWN_READING = "texts"
"""Role of the step that encodes all texts as the encoder is read itself."""
_SRC, _TGT = "src texts", "tgt texts"


class Roles(NamedTuple):
    """The roles of the encoding steps whose vectors a protocol scores: one where both sides are read
    alike."""

    src: str
    tgt: str


def roles_of(protocol: Protocol, loaded: LoadedTarget) -> Roles:
    """The roles of a protocol's encoding steps."""
    if protocol.own_reading:
        return own_roles(loaded)
    role = f"texts as {protocol.name}"
    return Roles(role, role)


def own_roles(loaded: LoadedTarget) -> Roles:
    """The roles of the steps that read texts as the encoder and the target's settings say."""
    return Roles(_SRC, _TGT) if loaded.settings.side_prompts else Roles(OWN_READING, OWN_READING)


def encode_steps(encoder: Trained, loaded: LoadedTarget) -> dict[str, Step]:
    """The encoding steps of a target: as the encoder is read itself, and as other protocols read it.

    Returns:
        role -> step.
    """
    prompts = loaded.settings
    if prompts.side_prompts:
        steps = {
            _SRC: _encode_step(encoder.of_side(prompts, "src"), loaded, loaded.src_texts),
            _TGT: _encode_step(encoder.of_side(prompts, "tgt"), loaded, loaded.tgt_texts),
        }
    else:
        steps = {OWN_READING: _encode_step(encoder, loaded, loaded.all_texts)}
    for protocol in loaded.protocols:
        if not protocol.own_reading:
            settings = protocol.reading(encoder.settings, lambda: layers_of(encoder.settings))
            read = replace(encoder, settings=settings)
            role = roles_of(protocol, loaded).src
            steps[role] = _encode_step(read, loaded, loaded.all_texts)
    return steps


def _encode_step(encoder: Trained, loaded: LoadedTarget, texts: TextSet) -> Step:
    """Encodes every text of a set once: `vectors.npy`, float32 [texts, D].

    Its key has the texts themselves in it and not the target: two targets of the same texts share it.
    """
    return Step(
        kind="encode",
        label=f"texts of {loaded.target.name}",
        settings={"encoder": encoder.facts, "texts": texts.key},
        inputs=encoder.inputs,
        make=_encode,
        work=len(texts.texts),
        context=(encoder, texts.texts),
    )


def _encode(step: Step, workplace: Workplace, folder: Path) -> None:
    encoder, texts = step.context
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        workplace.report(done / len(texts))

    ready = encoder.load(workplace)
    np.save(folder / "vectors.npy", encode(ready, texts, advance=advance))
    (folder / "reading.json").write_text(json.dumps(ready.reading.facts()), encoding="utf-8")


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
    src, tgt = (_reading(steps[role], store) for role in roles_of(protocol, loaded))
    return reading_of_sides(src, tgt)


def _reading(step: Step, store: Store) -> dict[str, Any]:
    text = (step.open(store) / "reading.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts


def open_lookups(
    steps: Mapping[str, Step], loaded: LoadedTarget, store: Store
) -> dict[str, Lookup]:
    """The vectors of a target's texts: one lookup for roles that share a step.

    Args:
        steps: as `encode_steps` gives them, made.
        loaded: the target.
        store: holds the vectors.

    Returns:
        role -> lookup.
    """
    sets = {_SRC: loaded.src_texts, _TGT: loaded.tgt_texts} if _SRC in steps else {}
    by_key: dict[str, Lookup] = {}
    for role, step in steps.items():
        if step.key not in by_key:
            by_key[step.key] = open_lookup(step, sets.get(role, loaded.all_texts).texts, store)
    return {role: by_key[step.key] for role, step in steps.items()}


def side_lookups(by_role: Mapping[str, Lookup], roles: Roles) -> SideLookups:
    """The lookups of two roles."""
    return SideLookups(by_role[roles.src], by_role[roles.tgt])


def open_lookup(step: Step, names: Sequence[str], store: Store) -> Lookup:
    """The vectors that a step has made.

    Args:
        step: wrote `vectors.npy`, float32 [N, D].
        names: of its N rows.
        store: holds them.
    """
    return lookup(names, np.load(step.open(store) / "vectors.npy"))


def lookup(names: Sequence[str], vectors: NDArray[np.float32]) -> Lookup:
    """Finds vectors by name.

    Args:
        names: N distinct names.
        vectors: float32 [N, D], their vectors.
    """
    place = {name: i for i, name in enumerate(names)}
    return lambda asked: vectors[[place[name] for name in asked]]
