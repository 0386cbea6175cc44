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
"""Of weights: those in use, and those that a change is undone with."""


class ArmEncoders:
    """Reads queries as each arm does.

    An arm keeps its encoder in memory if all of them fit into half of the free memory; else
    one encoder is changed from arm to arm.

    Args:
        arms: of the run.
        store: with their weights.
    """

    def __init__(self, arms: Sequence[LiveArm], store: Store) -> None:
        self.arms = {arm.name: arm for arm in arms}
        self.towers = {arm.name: tower_of(arm.run, store) for arm in arms}
        self._store = store
        needed = _COPIES * sum(arm.run.encoder.weight_bytes for arm in arms)
        self.apart = needed <= psutil.virtual_memory().available / 2
        self._workplaces: dict[tuple[str, SidePrompts] | None, Workplace] = {}

    def load(self, pools: Sequence[Pool], listener: Listener[Phase]) -> None:
        """Loads what queries need, by asking once."""
        readings = list({pool.prompts: None for pool in pools})
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
        workplace = self._workplaces.setdefault(
            (arm, prompts) if self.apart else None, Workplace(self._store)
        )
        encoder = self.arms[arm].run.encoder.of_side(prompts, "src")
        vector: Vector = encoder.vectors([text], workplace)[0][0]
        return vector

    def text_map(self, arm: str) -> TextMap | None:
        """What puts the arm's texts into the space of its pictures."""
        tower = self.towers[arm]
        return None if tower is None else tower.text_map


class Query(Protocol):
    """A text or a picture that is looked for."""

    def fault(self, arm: str, encoders: ArmEncoders) -> str | None:
        """Why an arm cannot read it; None: it can."""

    def scores(self, arm: str, encoders: ArmEncoders, rows: CandidateRows, pool: Pool) -> Vector:
        """Its cosines [N] with the candidates of a pool, whose vectors the arm has in `rows`."""


@dataclass(frozen=True)
class TextQuery:
    """A text that is looked for."""

    text: str

    def fault(self, arm: str, encoders: ArmEncoders) -> str | None:
        """Every arm reads texts."""
        del arm, encoders
        return None

    def scores(self, arm: str, encoders: ArmEncoders, rows: CandidateRows, pool: Pool) -> Vector:
        """See `Query`."""
        return rows.of_text(encoders.text(arm, self.text, pool.prompts))


class PictureQuery:
    """A picture that is looked for: it is decoded once for all arms."""

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
