"""Products in int8, during encoding.

Each token's inputs of a product have a separate scale, and so has each row of its weights. Training and
everything else of the encoder is in float32. On processors without bfloat16, this makes encoding
faster. No default chooses it, because scores differ a little (docs/small.md).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import torch
from torch import Tensor

from crosslift.encoders.graphs.rounding import int8_rows
from crosslift.errors import EncoderError

_OPERATIONS = ("qlinear_prepack", "qlinear_pointwise")
_LARGEST_INPUT = 127
_LARGEST_WEIGHT = 64
"""Processors without VNNI add two products in 16 bits: 2 * 255 * 64 is the most that these hold."""
_MIDDLE = 128


@contextlib.contextmanager
def int8_products(model: torch.nn.Module) -> Iterator[None]:
    """Multiplies with rounded copies of the weights of a model's `torch.nn.Linear` layers.

    No gradient is needed, and no weight changes meanwhile.

    Args:
        model: the model that computes, in float32 on the CPU.

    Raises:
        EncoderError: the model is on another device, or torch has no products in int8 here.
    """
    _check(model)
    layers = [each for each in model.modules() if type(each) is torch.nn.Linear]
    try:
        for layer in layers:
            layer.forward = _rounded(layer)  # type: ignore[method-assign]
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _check(model: torch.nn.Module) -> None:
    device = next(model.parameters()).device.type
    backend, operations = torch.backends.mkldnn, torch.ops.onednn
    available = backend.is_available() and all(hasattr(operations, name) for name in _OPERATIONS)
    if device != "cpu" or not available:
        where = f"on {device}" if device != "cpu" else "by a torch without oneDNN"
        raise EncoderError(
            f"precision int8 {where}", "a CPU, and torch with oneDNN", "use another `precision`"
        )


def _rounded(layer: torch.nn.Linear) -> functools.partial[Tensor]:
    values, scales = int8_rows(layer.weight.detach().numpy(), _LARGEST_WEIGHT)
    weight = torch.ops.onednn.qlinear_prepack(torch.from_numpy(values), None)
    return functools.partial(
        _product,
        weight=weight,
        scales=torch.from_numpy(scales[:, 0]),
        zeros=torch.zeros(len(scales), dtype=torch.int32),
        bias=layer.bias,
    )


def _product(
    states: Tensor, weight: Tensor, scales: Tensor, zeros: Tensor, bias: Tensor | None
) -> Tensor:
    """States [..., D] times weights [E, D], plus the bias."""
    rows = states.reshape(-1, states.shape[-1])
    shares = rows.abs().amax(1, keepdim=True).div_(_LARGEST_INPUT).clamp_min_(1e-12)
    inputs = (rows / shares).round_().add_(_MIDDLE).to(torch.uint8)
    product: Tensor = torch.ops.onednn.qlinear_pointwise(
        *(inputs, 1.0, _MIDDLE),
        *(weight, scales, zeros, None),
        *(1.0, 0, torch.float32),
        *("none", [], ""),
    )
    product.mul_(shares)
    if bias is not None:
        product.add_(bias)
    return product.reshape(*states.shape[:-1], len(scales))
