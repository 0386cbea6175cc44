"""A text encoder after training steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.encoder_folder import (
    check_encoder,
    fingerprint,
    layers_of,
    weight_bytes,
    width_of,
    with_prompt_text,
)
from crosslift.encoders.encoder_settings import EncoderSettings, Side, SidePrompts
from crosslift.encoders.graphs.graph_folder import check_torch, precision_of
from crosslift.errors import StudyError
from crosslift.making.on_devices import advancing, shared_file
from crosslift.making.weight_files import weights_file
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.steps.step import Step, Workplace

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder
    from crosslift.encoders.text_reader import TextReader


@dataclass(frozen=True, slots=True)
class Trained:
    """A text encoder after some stages of training.

    Args:
        settings: settings of the published encoder that it began as; precision resolved.
        fingerprint: fingerprint of the published encoder's files.
        stages: training steps that changed its text side, first to last.
        share: share of the way from the weights after the first `since` stages (0) to the last weights
            (1): each weight in a straight line (WiSE-FT, Wortsman et al. 2022, arXiv 2109.01903,
            section 3).
        since: number of stages before the way begins; see `share`.
        checkpoint: name of the kept weights of the last stage; None: the weights at its end.
        devices: number of devices that encode texts; it does not decide the vectors.
    """

    settings: EncoderSettings
    fingerprint: str
    stages: tuple[Step, ...] = ()
    share: float = 1.0
    since: int = 0
    checkpoint: str | None = None
    devices: int = 1

    @classmethod
    def untouched(cls, settings: EncoderSettings, devices: int = 1) -> Trained:
        """An encoder as it was published."""
        resolved = with_prompt_text(settings)
        precise = resolved.model_copy(update={"precision": precision_of(resolved)})
        return cls(precise, fingerprint(settings), devices=devices)

    @property
    def name(self) -> str:
        """The name of the published encoder that it began as."""
        return self.settings.name

    @property
    def width(self) -> int:
        """Length of its vectors, from its files alone."""
        return width_of(self.settings)

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights that must be loaded."""
        return weight_bytes(self.settings)

    def of_side(self, prompts: SidePrompts, side: Side) -> Trained:
        """The encoder as it reads one side of texts in pairs."""
        read = with_prompt_text(prompts.encoder_of_side(self.settings, side))
        return self if read == self.settings else replace(self, settings=read)

    def read_by(
        self,
        protocol: str,
        reading: Callable[[EncoderSettings, Callable[[], int]], EncoderSettings],
    ) -> Trained:
        """The encoder as a protocol reads it.

        Args:
            protocol: name of the protocol.
            reading: function from the settings, and a function that returns the number of layers, to
                the protocol's settings.
        """
        del protocol
        return replace(self, settings=reading(self.settings, lambda: layers_of(self.settings)))

    def read_from(self, hidden_state: int | None) -> Trained:
        """The encoder with vectors from a hidden state; None: from the encoder's usual one.

        Raises:
            StudyError: the encoder has fewer hidden states.
        """
        if hidden_state is None:
            return self
        layers = layers_of(self.settings)
        if hidden_state > layers:
            raise StudyError(
                f"hidden state {hidden_state} of {self.settings.name}", f"0 to {layers}"
            )
        settings = self.settings.model_copy(update={"hidden_state": hidden_state})
        return replace(self, settings=settings)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that decide its vectors, besides the stages."""
        settings = self.settings.model_dump(
            mode="json", exclude={"name", "revision", "prompt_name"}
        )
        between = {"share": self.share, "since": self.since} if self.share < 1 else {}
        kept = {"checkpoint": self.checkpoint} if self.checkpoint else {}
        return {"files": self.fingerprint, **settings, **between, **kept}

    def part_of_the_way(self, share: float, since: int) -> Trained:
        """The encoder between its weights after `since` stages (share 0) and its last weights (share
        1)."""
        if share == 0:
            return replace(self, stages=self.stages[:since])
        return replace(self, share=share, since=since)

    @property
    def inputs(self) -> dict[str, Step]:
        """The steps that make the encoder, as a step's inputs: each of them is read."""
        if not self.stages:
            return {}
        *before, last = self.stages
        return {f"encoder, stage {n}": step for n, step in enumerate(before, 1)} | {"encoder": last}

    def check_needs(self) -> None:
        """Raises if the published encoder cannot be found or fetched; see `check_encoder`."""
        check_encoder(self.settings)

    def check_trains(self) -> None:
        """Raises if the published encoder cannot train; see `check_torch`."""
        check_torch(self.settings)

    def vectors(
        self, texts: Sequence[str], workplace: Workplace, ranks: Ranks = ALONE
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """The vectors of N texts, float32 [N, D], in memory, and how they were read (this loads torch).

        Args:
            texts: N distinct texts.
            workplace: workplace with the artifacts of the encoder's stages.
            ranks: ranks that encode together: each runs its share of the batches, which are the same as
                in one process, and has the vectors of all.

        Raises:
            EncoderError: a vector is not finite.
        """
        import torch

        reader = self._reader(workplace)
        vectors = np.zeros((len(texts), reader.width), np.float32)
        advance = workplace.counting(math.ceil(len(texts) / ranks.count))
        reader.encode_into(vectors, texts, turn=ranks.turn, advance=advance)
        ranks.add_up([torch.from_numpy(vectors)])
        return vectors, reader.reading.facts()

    def write_vectors(
        self, path: Path, texts: Sequence[str], workplace: Workplace, ranks: Ranks
    ) -> dict[str, Any]:
        """Writes the vectors of N texts, and returns how they were read (this loads torch).

        Args:
            path: path of the new ``.npy`` file, float32 [N, D].
            texts: N distinct texts.
            workplace: workplace with the artifacts of the encoder's stages.
            ranks: ranks that encode together: each writes the vectors of its batches, which are the
                same as in one process.

        Raises:
            EncoderError: a vector is not finite.
        """
        reader = self._reader(workplace)
        advance = advancing(ranks, workplace, len(texts))
        with shared_file(ranks, path, (len(texts), reader.width), np.float32) as file:
            reader.encode_into(file, texts, turn=ranks.turn, advance=advance)
        return reader.reading.facts()

    def _reader(self, workplace: Workplace) -> TextReader:
        from crosslift.encoders.lend import LentEncoder

        lent = workplace.the(LentEncoder)
        return lent.lend_reader(self.settings, *self._changes(workplace))

    def load(self, workplace: Workplace) -> Encoder:
        """The encoder itself, which the caller may change (this loads torch).

        Args:
            workplace: workplace with the artifacts of the encoder's stages.

        Raises:
            EncoderError: the encoder is exported as a graph.
        """
        from crosslift.encoders.lend import LentEncoder

        return workplace.the(LentEncoder).lend(self.settings, *self._changes(workplace))

    def _changes(self, workplace: Workplace) -> tuple[list[Path], list[Path], float]:
        """Files of changes, files of changes that are applied in part, and that part."""
        folders = [step.open(workplace.store) for step in self.stages]
        changes = [folder / weights_file("encoder") for folder in folders]
        if self.checkpoint:
            changes[-1] = folders[-1] / weights_file("encoder", self.checkpoint)
        if self.share == 1:
            return changes, [], 1.0
        return changes[: self.since], changes[self.since :], self.share
