"""Estimates the time of a step from the times of earlier steps of its kind in this store."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from crosslift.artifacts.device import has_accelerator
from crosslift.artifacts.matrix_speed import matrix_speed
from crosslift.artifacts.store import Store
from crosslift.steps.step import Kind, Step

SECONDS_PER_UNIT: dict[Kind, float] = {
    "pictures": 0.0006,
    "features": 0.001,
    "overlap": 0.0003,
    "translate": 0.01,
    "train": 0.0027,
    "choose": 0.1,
    "encode": 0.0007,
    "embed-pictures": 0.0001,
    "answer": 0.0008,
    "evaluate": 0.0001,
    "mteb": 0.0008,
    "diagnose": 0.0001,
    "sweep": 0.001,
    "search": 4e-9,
}
"""Seconds of a unit with the embedded encoder at `_SPEED`, used if the store has no step of the kind.

Units: a picture of 64 pixels (pictures, features), a picture (embed-pictures), a target's text
(overlap, encode, evaluate, mteb: encode and evaluate, diagnose, sweep), a pair of
texts (search), a record in a language (translate, by Apertium), a text
of a dozen tokens (train, answer), a try (choose).
"""

_PRODUCTS: frozenset[Kind] = frozenset(
    ("features", "train", "encode", "mteb", "answer", "sweep", "search")
)
"""Kinds that mostly multiply matrices: their time follows the speed of products on a machine."""
_SPEED = 1000e9
"""Operations per second of the machine that measured `SECONDS_PER_UNIT`: two cores with bfloat16."""
_FOLLOWS = 0.45
"""Share of those seconds that follows the speed of products. With it, the estimate of the demo's time
is within a sixth of the measured time at 1000, 413 and 180 billion operations a second (3 min 17 s, 5
min 54 s, 8 min 50 s)."""

_OF_A_DEVICE = 0.87
"""Share of its speed that a device has while other devices work: two ranks of one thread each took 1 /
1.74 of the time of one (`python -m benchmarks.ranks`)."""

_RECENT = 12


class Estimates:
    """Expected seconds of steps.

    Args:
        store: store with manifests that record the times of steps on this machine.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates: dict[tuple[Kind, str, int], float | None] = {}

    def seconds(self, step: Step) -> float | None:
        """Expected seconds of a step; None if the speed of its encoder is unknown."""
        encoder = _encoder_of(step.settings)
        measured = self._measured(step.kind, encoder, step.devices)
        if measured is None and encoder and not encoder.startswith("embedded:"):
            return None
        return step.work * (measured or _unit(step.kind, step.devices))

    def total(self, steps: Sequence[Step]) -> float:
        """Expected seconds of steps; steps of unknown length count as the embedded encoder's steps
        do."""
        return sum(self.seconds(s) or s.work * _unit(s.kind, s.devices) for s in steps)

    def _measured(self, kind: Kind, encoder: str, devices: int) -> float | None:
        """Seconds of a unit on some devices: measured on equally many, else converted from other
        numbers."""
        if (kind, encoder, devices) not in self._rates:
            manifests = [
                manifest
                for manifest in self._store.manifests(kind)
                if manifest.work > 0 and _encoder_of(manifest.made_from["settings"]) == encoder
            ]
            same = [manifest for manifest in manifests if manifest.devices == devices] or manifests
            rates = [
                each.seconds / each.work * _faster(each.devices) / _faster(devices) for each in same
            ]
            rate = statistics.median(rates[-_RECENT:]) if rates else None
            self._rates[kind, encoder, devices] = rate
        return self._rates[kind, encoder, devices]


def _unit(kind: Kind, devices: int) -> float:
    """Seconds of a unit of a kind with the embedded encoder on some devices of this machine."""
    slower = _SPEED / matrix_speed() if kind in _PRODUCTS else 1.0
    return SECONDS_PER_UNIT[kind] * (1 - _FOLLOWS + _FOLLOWS * slower) / _faster(devices)


def _faster(devices: int) -> float:
    """The speed of several devices relative to one. Processes without accelerators divide the threads
    of the machine among them, so they count as one device."""
    if devices == 1 or not has_accelerator():
        return 1.0
    return devices * _OF_A_DEVICE


def _encoder_of(settings: object) -> str:
    encoder = settings.get("encoder", {}) if hasattr(settings, "get") else {}
    return str(encoder.get("files", ""))
