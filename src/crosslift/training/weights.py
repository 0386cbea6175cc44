"""The trained weights: float32 masters, their optimizer, and the encoder's working copies."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from crosslift.encoders.load import Encoder
from crosslift.errors import TrainingError
from crosslift.training.settings import StageSettings

_TABLE = "token_table"
_HEAD = "head."


class Weights:
    """What a stage trains, in float32 whatever the encoder computes in.

    The encoder's own parameters are working copies in its precision: gradients are read from them
    and the updated masters are written back to them.

    Args:
        encoder: whose parameters are trained, unless the text side is locked.
        head: the form's head, trained in float32.
        token_ids: every token that can occur.
        settings: of the stage.
    """

    def __init__(
        self,
        encoder: Encoder,
        head: torch.nn.Module,
        token_ids: Iterable[int],
        settings: StageSettings,
    ) -> None:
        locked = settings.text_side == "locked"
        frozen = locked or settings.frozen_layers > 0 or settings.token_table == "frozen"
        self.settings = settings
        self.working = {} if locked else _trainable(encoder, settings)
        table = encoder.table.keep_only(token_ids, trainable=not frozen)
        self.masters = {name: _master(p) for name, p in self.working.items()}
        self.others = {_HEAD + name: p for name, p in head.named_parameters()}
        if not frozen:
            self.others[_TABLE] = table
        groups = self._groups()
        if not groups:
            raise TrainingError(
                f"task {settings.task!r} has nothing to train: its text side is locked and its form "
                "has no head of its own",
                "text_side: trainable",
            )
        self.optimizer = torch.optim.AdamW(groups, fused=True)
        self._peaks = [group["lr"] for group in self.optimizer.param_groups]

    def _groups(self) -> list[dict[str, object]]:
        settings = self.settings
        text = list(self.masters.values())
        rows = [p for name, p in self.others.items() if name == _TABLE]
        head = [p for name, p in self.others.items() if name != _TABLE]
        plain = [p for p in text if p.ndim < 2] + rows
        groups = (
            ([p for p in text if p.ndim >= 2], settings.learning_rate, settings.weight_decay),
            (plain, settings.learning_rate, 0.0),
            ([p for p in head if p.ndim >= 2], settings.head_learning_rate, settings.weight_decay),
            ([p for p in head if p.ndim < 2], settings.head_learning_rate, 0.0),
        )
        return [{"params": p, "lr": rate, "weight_decay": w} for p, rate, w in groups if p]

    def step(self, loss: Tensor, rate: float) -> None:
        """One update.

        Args:
            loss: scalar, finite.
            rate: share of the peak learning rates, in [0, 1].
        """
        loss.backward()
        for name, parameter in self.working.items():
            if parameter is not self.masters[name]:
                self.masters[name].grad = _float_gradient(parameter)
                parameter.grad = None
        trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(trained, self.settings.clip_norm)
        for group, peak in zip(self.optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._refresh()

    def _refresh(self) -> None:
        with torch.no_grad():
            for name, parameter in self.working.items():
                parameter.copy_(self.masters[name])

    def named(self) -> dict[str, Tensor]:
        """Every trained weight by name."""
        return {**self.masters, **self.others}

    def optimizer_state(self) -> dict[str, Tensor]:
        """The optimizer's tensors, by number of the weight and name of the moment."""
        state = self.optimizer.state_dict()["state"]
        return {f"{i}.{name}": value for i, part in state.items() for name, value in part.items()}

    def restore(self, weights: dict[str, Tensor], optimizer: dict[str, Tensor]) -> None:
        """Puts back what ``named`` and ``optimizer_state`` gave."""
        with torch.no_grad():
            for name, value in self.named().items():
                value.copy_(weights[name])
        self._refresh()
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in optimizer.items():
            number, _, moment = name.partition(".")
            state.setdefault(int(number), {})[moment] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _float_gradient(parameter: Tensor) -> Tensor | None:
    return None if parameter.grad is None else parameter.grad.float()


def _master(parameter: torch.nn.Parameter) -> Tensor:
    if parameter.dtype == torch.float32:
        return parameter
    return parameter.detach().float().clone().requires_grad_(True)


def _trainable(encoder: Encoder, settings: StageSettings) -> dict[str, torch.nn.Parameter]:
    model = encoder.model
    model.requires_grad_(True)
    encoder.table.whole.requires_grad_(False)
    if settings.frozen_layers > 0:
        _freeze(encoder, settings.frozen_layers)
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _freeze(encoder: Encoder, layers: int) -> None:
    stack = encoder.layers()
    if layers > len(stack):
        raise TrainingError(f"frozen_layers {layers}", f"at most the encoder's {len(stack)} layers")
    kept = {id(p) for layer in stack[layers:] for p in layer.parameters()}
    inside = {id(p) for p in stack.parameters()}
    embeddings = getattr(encoder.model, "embeddings", None)
    lowest = {id(p) for p in embeddings.parameters()} if embeddings is not None else set()
    for parameter in encoder.model.parameters():
        if (id(parameter) in inside and id(parameter) not in kept) or id(parameter) in lowest:
            parameter.requires_grad_(False)
