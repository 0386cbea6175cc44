"""Low-rank adapters: the only part of the encoder that is trained; merged into its weights at the
end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from crosslift.training.guards.guard import Guard, OpenGuard

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.form import FormOptions


class LoraSettings(BaseModel):
    """Low-rank adapters instead of full training; merged into the weights at the end.

    Source: Hu et al. 2022 (arXiv 2106.09685), by the library peft.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: Annotated[int, Field(ge=1)] = 16
    """Rank of each adapter's two matrices."""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """The adapters' products are scaled by alpha / rank."""
    dropout: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Dropout of the adapters' input."""
    modules: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Ends of the names of linear layers that get an adapter. None: the projections of queries
    and values."""


class Lora(Guard):
    """Trains only the adapters: the weights under them and the token rows do not change."""

    settings: LoraSettings
    name = "lora"
    trains_weights = False
    excludes: ClassVar[Mapping[str, str]] = {"l2_sp": "adapters have no start to be pulled to"}

    @contextlib.contextmanager
    def open(self, encoder: Encoder, options: FormOptions) -> Iterator[OpenGuard]:
        """Adapters on the encoder; see `crosslift.encoders.adapters`.

        Raises:
            TrainingError: no linear layer has such a name.
        """
        from crosslift.encoders.adapters import adapters, is_adapter

        settings = self.settings
        with adapters(
            encoder,
            settings.modules,
            rank=settings.rank,
            alpha=settings.alpha,
            dropout=settings.dropout,
            seed=options.seed,
        ):
            yield _AdaptersAlone(is_adapter)


@dataclass(frozen=True)
class _AdaptersAlone(OpenGuard):
    is_adapter: Callable[[str], bool]

    def trains(self, name: str) -> bool:
        return self.is_adapter(name)
