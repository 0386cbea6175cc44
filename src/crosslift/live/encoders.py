"""The arms' encoders in memory, and the vectors of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import psutil

from crosslift.artifacts.progress import Listener, Phase, in_phase
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.live.arms import LiveArm
from crosslift.live.pool import Pool
from crosslift.live.rows import CandidateRows, TextMap, Vector
from crosslift.live.tower import PictureBatch, tower_of
from crosslift.making.trained import Trained
from crosslift.sources.picture import Picture
from crosslift.steps.step import Workplace

MAX_TEXT = 10_000
"""The most characters of a text."""
MAX_UPLOAD = 16 * 2**20
"""The most bytes of a picture."""
MAX_PIXELS = 50_000_000
"""The most pixels that a picture may declare."""
NO_TOWER = "no image tower"
"""Why an arm has no vectors of pictures."""
_COPIES = 2
"""Copies of the weights: those in use, and those that undo a change."""


class ArmEncoders:
    """Reads queries as each arm does.

    An arm keeps an encoder in memory for each prompt of queries if all of them fit into half of the
    free memory; else all arms share one encoder, whose weights are exchanged.

    Args:
        arms: arms of the run.
        store: with their weights.
    """

    def __init__(self, arms: Sequence[LiveArm], store: Store) -> None:
        self.arms = {arm.name: arm for arm in arms}
        self.towers = {arm.name: tower_of(arm.run, store) for arm in arms}
        self._store = store
        self.apart = False
        self._workplaces: dict[tuple[str, str | None] | None, Workplace] = {}

    def load(self, pools: Sequence[Pool], listener: Listener[Phase]) -> None:
        """Loads what queries need, by one trial query, and decides whether arms keep their encoders."""
        readings = list({pool.prompts: None for pool in pools})
        self.apart = self._needed(readings) <= psutil.virtual_memory().available / 2
        phase = Phase("loading the arms", "arms", len(self.arms))
        with in_phase(listener, phase):
            for number, name in enumerate(self.arms, 1):
                for prompts in readings:
                    self.text(name, "a", prompts)
                listener.advance(number)

    def text(self, arm: str, text: str, prompts: SidePrompts) -> Vector:
        """The vector [D] of a text as the arm's encoder reads a query.

        Raises:
            EncoderError: it is not finite.
        """
        encoder = self._encoder(arm, prompts)
        key = (arm, encoder.settings.prompt) if self.apart else None
        workplace = self._workplaces.setdefault(key, Workplace(self._store))
        vector: Vector = encoder.vectors([text], workplace)[0][0]
        return vector

    def _encoder(self, arm: str, prompts: SidePrompts) -> Trained:
        """The encoder of an arm as it reads queries."""
        return self.arms[arm].run.encoder.of_side(prompts, "src")

    def _needed(self, readings: Sequence[SidePrompts]) -> int:
        """Bytes of the encoders of all arms, one for each prompt of queries."""
        needed = 0
        for arm in self.arms:
            by_prompt = {e.settings.prompt: e for e in (self._encoder(arm, r) for r in readings)}
            needed += sum(_COPIES * encoder.weight_bytes for encoder in by_prompt.values())
        return needed

    def text_map(self, arm: str) -> TextMap | None:
        """The map from the arm's texts to the space of its pictures."""
        tower = self.towers[arm]
        return None if tower is None else tower.text_map


class Query(Protocol):
    """A text or a picture to search for."""

    def fault(self, arm: str, encoders: ArmEncoders) -> str | None:
        """Why an arm cannot read it; None: it can."""

    def scores(self, arm: str, encoders: ArmEncoders, rows: CandidateRows, pool: Pool) -> Vector:
        """Its cosines [N] with the candidates of a pool, whose vectors the arm has in `rows`."""


@dataclass(frozen=True)
class TextQuery:
    """A text to search for."""

    text: str

    def fault(self, arm: str, encoders: ArmEncoders) -> str | None:
        """Every arm reads texts."""
        del arm, encoders
        return None

    def scores(self, arm: str, encoders: ArmEncoders, rows: CandidateRows, pool: Pool) -> Vector:
        """See `Query`."""
        return rows.of_text(encoders.text(arm, self.text, pool.prompts))


class PictureQuery:
    """A picture to search for: it is decoded once for all arms."""

    def __init__(self, picture: Picture, max_pixels: int = MAX_PIXELS) -> None:
        self._batch = PictureBatch([picture], max_pixels)

    def fault(self, arm: str, encoders: ArmEncoders) -> str | None:
        """An arm without an image tower reads no pictures."""
        return NO_TOWER if encoders.towers[arm] is None else None

    def scores(self, arm: str, encoders: ArmEncoders, rows: CandidateRows, pool: Pool) -> Vector:
        """See `Query`.

        Raises:
            DataError: the picture cannot be read.
        """
        del pool
        tower = encoders.towers[arm]
        if tower is None:
            raise TypeError(f"arm {arm} has no image tower")
        return rows.of_picture(tower.vector(self._batch))
