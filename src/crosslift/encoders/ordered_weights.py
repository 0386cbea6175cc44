"""Weights in oneDNN's own order, during encoding.

oneDNN reorders a plain weight at each product. With weights that are reordered once, products take a
tenth less time, and give the same bits in bfloat16; in float32 they take a sixth less on processors
with AVX-512, where torch multiplies plain weights with MKL, and differ from it in rounding. In
training, where each update changes the weights, reordering costs what it saves.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import torch
from torch import Tensor

from crosslift.artifacts.device import multiplies_bfloat16

_FEWEST_ROWS = 2048
"""Fewest rows of products. With this number, products of the size of the packaged encoder save three
times the cost of reordering in bfloat16 (AVX-512), and about its cost in float32 with AVX2 kernels."""
_OPERATIONS = ("_reorder_linear_weight", "_linear_pointwise")


@contextlib.contextmanager
def ordered_weights(model: torch.nn.Module, rows: int) -> Iterator[None]:
    """Multiplies with reordered copies of the weights of a model's `torch.nn.Linear` layers.

    No gradient is needed, and no weight changes meanwhile. Layers on other devices or in other
    precisions do not change, and without oneDNN no layer does.

    Args:
        model: the model that computes.
        rows: number of rows in all products of a layer, such as the tokens of all texts; if there are
            few, nothing is reordered.
    """
    layers = list(_layers_to_order(model)) if rows >= _FEWEST_ROWS else []
    try:
        for layer in layers:
            weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), None)
            product = functools.partial(_product, weight=weight, bias=layer.bias)
            layer.forward = product  # type: ignore[method-assign]
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _layers_to_order(model: torch.nn.Module) -> Iterator[torch.nn.Linear]:
    dtypes = precisions_in_order()
    for layer in model.modules():
        if type(layer) is torch.nn.Linear:
            weight = layer.weight
            if weight.device.type == "cpu" and weight.dtype in dtypes:
                yield layer


def precisions_in_order() -> tuple[torch.dtype, ...]:
    """The precisions in which this machine multiplies with reordered weights."""
    backend, operations = torch.backends.mkldnn, torch.ops.mkldnn
    if not (backend.is_available() and backend.enabled):
        return ()
    if not all(hasattr(operations, name) for name in _OPERATIONS):
        return ()
    if multiplies_bfloat16():
        return torch.float32, torch.bfloat16
    return (torch.float32,)


def _product(states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")
    return product
