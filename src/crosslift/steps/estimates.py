"""How long a step is expected to take: from what steps of its kind took in this store before."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from crosslift.artifacts.store import Store
from crosslift.steps.step import Kind, Step

SECONDS_PER_UNIT: dict[Kind, float] = {
    "pictures": 0.004,
    "features": 0.01,
    "overlap": 0.001,
    "translate": 0.01,
    "train": 0.009,
    "choose": 0.1,
    "encode": 0.0025,
    "embed-pictures": 0.002,
    "answer": 0.0025,
    "evaluate": 0.0003,
    "diagnose": 0.0001,
    "sweep": 0.0033,
}
"""Of the embedded encoder on two cores, where the store has no step of the kind yet.

Units: a picture of 64 pixels (pictures, features), a picture (embed-pictures), a target's text
(overlap, encode, evaluate, diagnose, sweep), a record in a language (translate, by Apertium), a text
of a dozen tokens (train, answer), a try (choose).
"""

_RECENT = 12


class Estimates:
    """Expected seconds of steps.

    Args:
        store: whose manifests tell what steps took on this machine.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates: dict[tuple[Kind, str], float | None] = {}

    def seconds(self, step: Step) -> float | None:
        """Expected seconds of a step; None where nothing is known of its encoder's speed."""
        encoder = _encoder_of(step.settings)
        measured = self._measured(step.kind, encoder)
        if measured is None and encoder and not encoder.startswith("embedded:"):
            return None
        return step.work * (measured or SECONDS_PER_UNIT[step.kind])

    def total(self, steps: Sequence[Step]) -> float:
        """Expected seconds of steps; those of unknown length count as the embedded encoder's."""
        return sum(self.seconds(s) or s.work * SECONDS_PER_UNIT[s.kind] for s in steps)

    def _measured(self, kind: Kind, encoder: str) -> float | None:
        if (kind, encoder) not in self._rates:
            rates = [
                manifest.seconds / manifest.work
                for manifest in self._store.manifests(kind)
                if manifest.work > 0 and _encoder_of(manifest.made_from["settings"]) == encoder
            ]
            self._rates[kind, encoder] = statistics.median(rates[-_RECENT:]) if rates else None
        return self._rates[kind, encoder]


def _encoder_of(settings: object) -> str:
    encoder = settings.get("encoder", {}) if hasattr(settings, "get") else {}
    return str(encoder.get("files", ""))
