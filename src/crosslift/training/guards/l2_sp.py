"""L2-SP: pulls weights towards their values at the start of the stage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from crosslift.training.guards.guard import Guard, OpenGuard

if TYPE_CHECKING:
    from torch import Tensor

    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.form import FormOptions


class L2SP(Guard):
    """Adds half its strength times the squared distance from the start to the loss.

    Source: Li et al. 2018 (arXiv 1802.01483), equation 2.
    """

    settings: float
    """The strength."""
    name = "l2_sp"

    @contextlib.contextmanager
    def open(self, encoder: Encoder, options: FormOptions) -> Iterator[OpenGuard]:
        """The pull on all weights that are trained."""
        del encoder, options
        yield _Pull(self.settings)


class _Pull(OpenGuard):
    def __init__(self, strength: float) -> None:
        self._strength = strength
        self._starts: dict[str, Tensor] = {}

    def begin(self, weights: Mapping[str, Tensor]) -> None:
        self._starts = {name: value.detach().clone() for name, value in weights.items()}

    def pull(self, weights: Mapping[str, Tensor]) -> None:
        for name, start in self._starts.items():
            value = weights[name]
            pull = (value.detach() - start).mul_(self._strength)
            value.grad = pull if value.grad is None else value.grad.add_(pull)
