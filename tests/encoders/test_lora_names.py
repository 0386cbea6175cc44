"""LoRA's default layers in models that name them otherwise, and in those with transposed weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_encoder import byte_tokenizer, load_tiny

from crosslift.encoders.adapters import adapters, merged, query_and_value
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.state import apply_changes, save_change

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
MODELS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "gpt2": (
        "GPT2Model",
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "bos_token_id": 0, "eos_token_id": 2},
        {"c_attn"},
    ),
    "deberta": ("DebertaModel", {**SIZES, "intermediate_size": 64}, {"in_proj"}),
    "deberta-v2": (
        "DebertaV2Model",
        {**SIZES, "intermediate_size": 64, "relative_attention": True},
        {"query_proj", "value_proj"},
    ),
}
TEXTS = ["a cat", "The dog sleeps.", "Rain, more rain and snow"]


def folder_of(kind: str, place: Path) -> Path:
    name, sizes, _ = MODELS[kind]
    tokenizer = byte_tokenizer()
    model_class = getattr(transformers, name)
    pad = tokenizer.pad_token_id
    config = model_class.config_class(vocab_size=len(tokenizer), pad_token_id=pad, **sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model_class(config).save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.mark.parametrize("kind", MODELS)
def test_the_merged_weights_of_the_default_layers_are_what_was_trained(
    kind: str, tmp_path: Path
) -> None:
    encoder = load_tiny(folder_of(kind, tmp_path / "model"), precision="float32")
    assert set(query_and_value(encoder)) == MODELS[kind][2]
    with adapters(encoder, None, rank=4, alpha=8.0, dropout=0.0, seed=1):
        masters = {n: p for n, p in encoder.model.named_parameters() if "lora_" in n}
        with torch.no_grad():
            for number, value in enumerate(masters.values()):
                generator = torch.Generator().manual_seed(number)
                value.copy_(torch.randn(value.shape, generator=generator))
        encoder.model.eval()
        adapted = encode(encoder, TEXTS)
        change = merged(encoder, masters)
    assert {name.rsplit(".", 2)[-2] for name in change} == MODELS[kind][2]
    assert np.abs(adapted - encode(encoder, TEXTS)).max() > 0.01
    save_change(change, encoder, tmp_path / "change.safetensors")
    apply_changes(encoder, [tmp_path / "change.safetensors"])
    np.testing.assert_allclose(encode(encoder, TEXTS), adapted, atol=2e-5)
