"""Lends one loaded encoder in several states, one after another, without loading it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from crosslift.encoders.encoder_folder import local_folder
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.graphs.graph_encoder import GraphEncoder, open_graph
from crosslift.encoders.graphs.graph_facts import graph_in
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.encoders.state import apply_changes
from crosslift.encoders.text_reader import TextReader, TorchReader
from crosslift.encoders.token_table import TokenTable

_State = tuple[EncoderSettings, tuple[Path, ...], tuple[Path, ...], float]
"""Requested settings and changes of an encoder."""


class LentEncoder:
    """Keeps one encoder in memory and lends it as loaded, or with saved changes applied.

    Changes that a borrower makes (training, dropout, frozen parameters) are undone before the encoder
    is lent again. Only one borrower at a time may use it.
    """

    def __init__(self) -> None:
        self._settings: EncoderSettings | None = None
        self._encoder: Encoder | None = None
        self._loaded_weights: dict[str, torch.Tensor] = {}
        self._former_rows: tuple[torch.Tensor, torch.Tensor] | None = None
        self._dropout: list[tuple[torch.nn.Dropout, float]] = []
        self._unchanged: _State | None = None
        self._graph: tuple[EncoderSettings, GraphEncoder] | None = None

    def lend(
        self,
        settings: EncoderSettings,
        changes: Sequence[Path] = (),
        further: Sequence[Path] = (),
        share: float = 1.0,
        *,
        to_read: bool = False,
    ) -> Encoder:
        """The encoder of these settings with changes applied, first to last, in evaluation mode.

        Args:
            settings: settings of the encoder.
            changes: files written by `save_change`.
            further, share: changes to apply in part (see `apply_changes`).
            to_read: the borrower changes nothing. The next such borrower of the same state gets it
                without reading the changes again.
        """
        state = (settings, tuple(changes), tuple(further), share)
        if self._encoder is not None and self._unchanged == state:
            self._unchanged = state if to_read else None
            return self._encoder
        self._unchanged = None
        encoder = self._encoder if settings == self._settings else None
        if encoder is None:
            self._encoder = None  # freed before the next is loaded
            encoder = self._keep(load_encoder(settings), settings)
        self._undo(encoder)
        self._former_rows = apply_changes(encoder, changes, further, share)
        encoder.model.eval()
        self._unchanged = state if to_read else None
        return encoder

    def lend_reader(
        self,
        settings: EncoderSettings,
        changes: Sequence[Path] = (),
        further: Sequence[Path] = (),
        share: float = 1.0,
    ) -> TextReader:
        """A reader of the encoder's vectors in a state; arguments as in `lend`."""
        if graph_in(local_folder(settings)) is None:
            return TorchReader(self.lend(settings, changes, further, share, to_read=True))
        if self._graph is None or self._graph[0] != settings:
            self._graph = None  # freed before the next is loaded
            own = settings.model_copy(update={"precision": "auto"})  # that of the graph
            self._graph = settings, open_graph(own)
        return self._graph[1]

    def _keep(self, encoder: Encoder, settings: EncoderSettings) -> Encoder:
        self._loaded_weights = {
            name: parameter.detach().clone()
            for name, parameter in encoder.model.named_parameters()
            if parameter is not encoder.table.whole
        }
        dropouts = (m for m in encoder.model.modules() if isinstance(m, torch.nn.Dropout))
        self._dropout = [(module, module.p) for module in dropouts]
        self._former_rows = None
        self._encoder, self._settings = encoder, settings
        return encoder

    def _undo(self, encoder: Encoder) -> None:
        with torch.no_grad():
            for name, parameter in encoder.model.named_parameters():
                if name in self._loaded_weights:
                    parameter.copy_(self._loaded_weights[name])
                parameter.grad = None
                parameter.requires_grad_(True)
            if self._former_rows is not None:
                ids, rows = self._former_rows
                encoder.table.whole[ids] = rows
        for module, probability in self._dropout:
            module.p = probability
        self._former_rows = None
        encoder.table = TokenTable(encoder.table.whole)
