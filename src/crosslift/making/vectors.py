"""The vectors of a target's texts and pictures, read from encoding steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import Side
from crosslift.making.encode import EncodedTexts
from crosslift.steps.step import Step
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Lookup, SideLookups


class Roles(NamedTuple):
    """The roles of the encoding steps whose vectors a protocol scores."""

    src: str
    tgt: str

    def of(self, side: Side) -> str:
        """The role of a side."""
        return self.src if side == "src" else self.tgt


OWN_ROLES = Roles("src texts", "tgt texts")
"""The roles of the steps that read texts as the encoder and the target's settings say."""


def roles_of(protocol: Protocol) -> Roles:
    """The roles of a protocol's encoding steps."""
    if protocol.own_reading:
        return OWN_ROLES
    return Roles(*(f"{role} as {protocol.name}" for role in OWN_ROLES))


def role_of_language(role: str, language: str) -> str:
    """The role of a step that encodes texts of one language, if the step that reads it reads
    several."""
    return f"{role}, {language}"


def open_lookups(steps: Mapping[str, Step], store: Store) -> dict[str, Lookup]:
    """The vectors of texts: one lookup for roles that share a step.

    Args:
        steps: role -> finished encoding step.
        store: store with the vectors.

    Returns:
        role -> lookup.
    """
    by_key: dict[str, Lookup] = {}
    for step in steps.values():
        if step.key not in by_key:
            by_key[step.key] = open_lookup(step, step.job_as(EncodedTexts).texts, store)
    return {role: by_key[step.key] for role, step in steps.items()}


def side_lookups(by_role: Mapping[str, Lookup], roles: Roles) -> SideLookups:
    """The lookups of two roles; texts that are compared with pictures have only one side."""
    return SideLookups(by_role[roles.src], by_role.get(roles.tgt, by_role[roles.src]))


def open_lookup(step: Step, names: Sequence[str], store: Store) -> Lookup:
    """The vectors of a finished step. They stay on disk: a search reads one part after another.

    Args:
        step: step that wrote `vectors.npy`, float32 [N, D].
        names: names of the N rows.
        store: store with the vectors.
    """
    return lookup(names, np.load(step.open(store) / "vectors.npy", mmap_mode="r"))


def lookup(names: Sequence[str], vectors: NDArray[np.float32]) -> Lookup:
    """Finds vectors by name.

    Args:
        names: N distinct names.
        vectors: vector of each name, float32 [N, D].
    """
    place = {name: i for i, name in enumerate(names)}
    return lambda requested: vectors[np.fromiter(map(place.__getitem__, requested), np.int64)]
