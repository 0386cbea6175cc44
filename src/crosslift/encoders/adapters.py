"""Low-rank adapters on an encoder during a training stage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import peft
import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from crosslift.encoders.dropout import make_dropout_cheap
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import TrainingError

_ADAPTER = "default"
_MARK = "lora_"


def is_adapter(name: str) -> bool:
    """Whether a parameter or module of that name belongs to an adapter."""
    return _MARK in name


@contextlib.contextmanager
def adapters(
    encoder: Encoder,
    modules: Sequence[str] | None,
    *,
    rank: int,
    alpha: float,
    dropout: float,
    seed: int,
) -> Iterator[None]:
    """Adds low-rank adapters to linear layers of an encoder, and removes them at the end.

    At first they change nothing, because one of their two matrices is zero. Call `merged` before the
    end: removal discards what they learned.

    Args:
        encoder: the encoder.
        modules: suffixes of the names of the linear layers; None: see `query_and_value`.
        rank: rank of the adapters.
        alpha: their products are scaled by alpha / rank.
        dropout: dropout of their inputs.
        seed: seed of their initial weights.

    Raises:
        TrainingError: no linear layer has a name with such a suffix.

    Source: Hu et al. 2022 (arXiv 2106.09685), section 4.
    """
    model = encoder.model
    modules = query_and_value(encoder) if modules is None else modules
    _check_modules(model, modules)
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=list(modules),
        fan_in_fan_out=_transposed(model, modules),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peft.inject_adapter_in_model(config, model, adapter_name=_ADAPTER)
    make_dropout_cheap(model)
    try:
        yield
    finally:
        for name, layer in _adapted(model).items():
            model.set_submodule(name, layer.get_base_layer())
        vars(model).pop("peft_config", None)


_QUERY_AND_VALUE = (
    ("query", "value"),  # BERT, RoBERTa, XLM-R
    ("q_proj", "v_proj"),  # Llama, Mistral, Qwen, Gemma
    ("q_lin", "v_lin"),  # DistilBERT, XLM
    ("attn.q", "attn.v"),  # MPNet
    ("SelfAttention.q", "SelfAttention.v"),  # T5, mT5
    ("query_proj", "value_proj"),  # DeBERTa-v2 and v3
    ("q_head", "v_head"),  # Funnel
    ("Wqkv",),  # ModernBERT, all three in one
    ("query_key_value",),  # GPT-NeoX, BLOOM, all three in one
    ("qkv_proj",),  # Phi-3, CodeGen, all three in one
    ("in_proj",),  # DeBERTa, all three in one
    ("c_attn",),  # GPT-2, all three in one
)
_LINEAR = (torch.nn.Linear, Conv1D)
"""Conv1D: GPT-2's linear layer, whose weight is transposed."""


def query_and_value(encoder: Encoder) -> tuple[str, ...]:
    """Suffixes of the names of an encoder's projections of queries and values.

    Raises:
        TrainingError: no layer has one of the known names.
    """
    layers = _linear_layers(encoder.model)
    for names in _QUERY_AND_VALUE:
        if all(any(_ends(layer, name) for layer in layers) for name in names):
            return names
    raise TrainingError(
        f"the projections of queries and values of a {encoder.model.config.model_type} model are "
        "not known by their names",
        f"`modules` with ends of names such as {', '.join(_endings(layers))}",
    )


def merged(encoder: Encoder, masters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Trained parameters by the model's own names, with adapters merged into the weights.

    Args:
        encoder: the encoder, with or without adapters.
        masters: name -> float32 value of each trained parameter, adapters' among them.

    Returns:
        Name -> float32 value; for an adapted layer, its whole weight.
    """
    weights = {name: value for name, value in masters.items() if not is_adapter(name)}
    for name, layer in _adapted(encoder.model).items():
        first, second = (f"{name}.lora_{side}.{_ADAPTER}.weight" for side in "AB")
        if first in masters:  # not in a frozen layer
            product = masters[second].detach() @ masters[first].detach()
            product = product.T if layer.fan_in_fan_out else product
            weight = layer.get_base_layer().weight.detach().float()
            weights[f"{name}.weight"] = weight + product * layer.scaling[_ADAPTER]
    return weights


def _adapted(model: Any) -> dict[str, Any]:
    return {n: module for n, module in model.named_modules() if isinstance(module, LoraLayer)}


def _linear_layers(model: Any) -> list[str]:
    return [n for n, m in model.named_modules() if isinstance(m, _LINEAR)]


def _transposed(model: Any, modules: Sequence[str]) -> bool:
    """Whether the weights of the layers whose names have these ends are transposed."""
    return any(
        isinstance(module, Conv1D) and any(_ends(name, end) for end in modules)
        for name, module in model.named_modules()
    )


def _ends(name: str, end: str) -> bool:
    return name == end or name.endswith(f".{end}")


def _endings(layers: Sequence[str]) -> list[str]:
    return sorted({name.rpartition(".")[2] for name in layers})


def _check_modules(model: Any, modules: Sequence[str]) -> None:
    layers = _linear_layers(model)
    for ending in modules:
        if not any(_ends(name, ending) for name in layers):
            raise TrainingError(
                f"no linear layer of this encoder has a name that ends in {ending!r}",
                f"ends of names such as {', '.join(_endings(layers))}",
            )
