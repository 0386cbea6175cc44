"""The trained weights: float32 masters, their optimizer, and the encoder's working copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import TrainingError
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.training.guards.guard import OpenGuard
from crosslift.training.stage_settings import StageSettings

_TABLE = "token_table"


class Weights:
    """The trained weights of a stage, in float32 whatever the precision of the encoder.

    The encoder's own parameters are working copies in its precision: gradients are read from them
    and the updated masters are written back to them.

    Args:
        encoder: encoder whose parameters are trained, unless the text side is locked.
        heads: task -> its form's head, trained in float32.
        token_ids: every token that can occur.
        settings: settings of the stage.
        guards: guards that decide which parameters of the encoder are trained, and pull them.
        ranks: ranks whose gradients are summed.
    """

    def __init__(
        self,
        encoder: Encoder,
        heads: Mapping[str, torch.nn.Module],
        token_ids: Iterable[int],
        settings: StageSettings,
        guards: Sequence[OpenGuard] = (),
        ranks: Ranks = ALONE,
    ) -> None:
        locked = settings.text_side == "locked"
        frozen = locked or settings.frozen_layers > 0 or settings.token_table == "frozen"
        frozen = frozen or not all(guard.trains(_TABLE) for guard in guards)
        self.settings = settings
        self._guards = guards
        self._ranks = ranks
        self.working = {} if locked else _trainable(encoder, settings, guards)
        table = encoder.table.keep_only(token_ids, trainable=not frozen)
        self.masters = {name: _master(p) for name, p in self.working.items()}
        self.heads = _named(heads, "named_parameters")
        self._buffers = _named(heads, "named_buffers")
        self._published = _published(heads)
        self.rows: dict[str, Tensor] = {} if frozen else {_TABLE: table}
        for guard in guards:
            guard.begin({**self.masters, **self.rows})
        groups = self._groups(_depths(encoder) if settings.layer_decay < 1 else {})
        if not groups:
            raise TrainingError(
                f"task {settings.title!r} has nothing to train: its text side is locked and its form "
                "has no head",
                "text_side: trainable",
            )
        self.optimizer = torch.optim.AdamW(groups, fused=True)
        self._peaks = [group["lr"] for group in self.optimizer.param_groups]

    def _groups(self, depths: Mapping[str, int]) -> list[dict[str, object]]:
        """Parameters grouped by learning rate and weight decay, in the order of the first name of each
        group."""
        settings = self.settings
        groups_by_rate: dict[tuple[float, float], list[Tensor]] = defaultdict(list)
        for name, value in {**self.masters, **self.rows}.items():
            rate = settings.learning_rate * settings.layer_decay ** depths.get(name, 0)
            plain = value.ndim < 2 or name == _TABLE
            groups_by_rate[rate, 0.0 if plain else settings.weight_decay].append(value)
        groups = [
            {"params": p, "lr": lr, "weight_decay": w} for (lr, w), p in groups_by_rate.items()
        ]
        tower_rate = settings.tower_learning_rate or settings.learning_rate
        for rate, published in ((settings.head_learning_rate, False), (tower_rate, True)):
            for plain in (False, True):
                parameters = [
                    p
                    for name, p in self.heads.items()
                    if (p.ndim < 2) == plain and (name in self._published) == published
                ]
                decay = 0.0 if plain else settings.weight_decay
                group = {"lr": rate, "weight_decay": decay}
                groups += [{"params": parameters, **group}] if parameters else []
        return groups

    def add_gradient(self, loss: Tensor) -> None:
        """Adds the gradient of a part of the update's loss, a scalar, to the masters, in float32."""
        loss.backward()
        for name, parameter in self.working.items():
            master = self.masters[name]
            if parameter is master or parameter.grad is None:
                continue
            gradient = parameter.grad.float()
            master.grad = gradient if master.grad is None else master.grad.add_(gradient)
            parameter.grad = None

    def step(self, rate: float) -> None:
        """One update with the gradients added so far.

        Args:
            rate: share of the peak learning rates, in [0, 1].
        """
        self._add_up_gradients()
        for guard in self._guards:
            guard.pull({**self.masters, **self.rows})
        trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(trained, self.settings.clip_norm)
        for group, peak in zip(self.optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._refresh()

    def _add_up_gradients(self) -> None:
        """Sums the gradients of all ranks; each rank has the gradient of its share of the loss. A
        weight without a gradient on every rank stays without one."""
        trained = [*self.masters.values(), *self.heads.values(), *self.rows.values()]
        present = self._ranks.summed([float(weight.grad is not None) for weight in trained])
        for weight, ranks in zip(trained, present, strict=True):
            if ranks and weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        dense = [*self.masters.values(), *self.heads.values()]
        self._ranks.add_up([weight.grad for weight in dense if weight.grad is not None])
        for table in self.rows.values():
            if table.grad is not None:
                self._ranks.add_up_rows(table.grad)

    def _refresh(self) -> None:
        with torch.no_grad():
            for name, parameter in self.working.items():
                parameter.copy_(self.masters[name])

    def sums(self) -> list[float]:
        """The sum of each trained weight and of each buffer of the heads."""
        return [float(value.detach().double().sum()) for value in self.named().values()]

    def named(self) -> dict[str, Tensor]:
        """Every trained weight by name, and the heads' buffers."""
        return {**self.masters, **self.rows, **self.heads, **self._buffers}

    def optimizer_state(self) -> dict[str, Tensor]:
        """The optimizer's tensors, by number of the weight and name of the moment."""
        state = self.optimizer.state_dict()["state"]
        return {f"{i}.{name}": value for i, part in state.items() for name, value in part.items()}

    def put_back(self, weights: Mapping[str, Tensor]) -> None:
        """Restores the weights that ``named`` returned."""
        with torch.no_grad():
            for name, value in self.named().items():
                value.copy_(weights[name])
        self._refresh()

    def restore(self, weights: Mapping[str, Tensor], optimizer: Mapping[str, Tensor]) -> None:
        """Restores what ``named`` and ``optimizer_state`` returned."""
        self.put_back(weights)
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in optimizer.items():
            number, _, moment = name.partition(".")
            state.setdefault(int(number), {})[moment] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _named(heads: Mapping[str, torch.nn.Module], what: str) -> dict[str, Tensor]:
    return {
        f"head.{task}.{name}": value
        for task, head in heads.items()
        for name, value in getattr(head, what)()
    }


def _published(heads: Mapping[str, torch.nn.Module]) -> set[str]:
    """Names of the weights of the heads that began with published values: trained image towers."""
    began = {
        id(weight)
        for head in heads.values()
        for module in head.modules()
        for part in getattr(module, "published", ())
        for weight in part.parameters()
    }
    return {n for n, weight in _named(heads, "named_parameters").items() if id(weight) in began}


def _master(parameter: torch.nn.Parameter) -> Tensor:
    if parameter.dtype == torch.float32:
        return parameter
    return parameter.detach().float().clone().requires_grad_(True)


def _trainable(
    encoder: Encoder, settings: StageSettings, guards: Sequence[OpenGuard]
) -> dict[str, torch.nn.Parameter]:
    model = encoder.model
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(all(guard.trains(name) for guard in guards))
    encoder.table.whole.requires_grad_(False)
    if settings.frozen_layers > 0:
        _freeze(encoder, settings.frozen_layers)
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _freeze(encoder: Encoder, layers: int) -> None:
    stack = encoder.layers()
    if layers > len(stack):
        raise TrainingError(f"frozen_layers {layers}", f"at most the encoder's {len(stack)} layers")
    trained = {id(p) for layer in stack[layers:] for p in layer.parameters()}
    inside = {id(p) for p in stack.parameters()}
    lowest = {id(p) for p in _embeddings(encoder)}
    for parameter in encoder.model.parameters():
        if (id(parameter) in inside and id(parameter) not in trained) or id(parameter) in lowest:
            parameter.requires_grad_(False)


def _embeddings(encoder: Encoder) -> Iterable[torch.nn.Parameter]:
    embeddings = getattr(encoder.model, "embeddings", None)
    return embeddings.parameters() if embeddings is not None else ()


def _depths(encoder: Encoder) -> dict[str, int]:
    """Name of a parameter -> layers above it: 0 for the highest layer and what follows it, one more
    than the lowest layer's for the embeddings and the token rows."""
    stack = encoder.layers()
    above = {
        id(p): len(stack) - 1 - number
        for number, layer in enumerate(stack)
        for p in layer.parameters()
    }
    above |= {id(p): len(stack) for p in _embeddings(encoder)}
    depths = {name: above.get(id(p), 0) for name, p in encoder.model.named_parameters()}
    return depths | {_TABLE: len(stack)}
