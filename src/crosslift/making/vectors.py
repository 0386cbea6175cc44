"""The vectors of a target's texts and pictures, as encoding steps have made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.making.loaded_target import LoadedTarget
from crosslift.steps.step import Step
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Lookup, SideLookups

OWN_READING = "texts"
"""Role of the step that encodes all texts as the encoder is read itself."""
SRC_TEXTS, TGT_TEXTS = "src texts", "tgt texts"
"""Roles of the steps that encode one side, where each has a prompt."""


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
    return (
        Roles(SRC_TEXTS, TGT_TEXTS)
        if loaded.settings.side_prompts
        else Roles(OWN_READING, OWN_READING)
    )


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
    sets = {SRC_TEXTS: loaded.src_texts, TGT_TEXTS: loaded.tgt_texts} if SRC_TEXTS in steps else {}
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
    return lambda requested: vectors[[place[name] for name in requested]]
