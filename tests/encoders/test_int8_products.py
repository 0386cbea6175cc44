"""Encoding with products in int8: near the vectors of float32, each text by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from test_encoder_folders import TEXTS, least_cosine
from tiny_encoder import load_tiny, make_tiny_encoder

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.int8_products import int8_products
from crosslift.encoders.precision import dtype_of, resolve_precision
from crosslift.errors import EncoderError


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "mpnet"])
def test_vectors_are_near_those_of_float32(kind: str, tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "model", kind)
    vectors = encode(load_tiny(folder, precision="int8"), TEXTS)
    assert 0.995 < least_cosine(vectors, encode(load_tiny(folder), TEXTS)) < 1 - 1e-9


def test_a_text_has_one_vector_whatever_is_encoded_beside_it(tmp_path: Path) -> None:
    encoder = load_tiny(make_tiny_encoder(tmp_path / "model"), precision="int8")
    together = encode(encoder, TEXTS)
    alone = np.concatenate([encode(encoder, [text]) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=2e-3 * np.abs(together).max())


def test_products_are_those_of_rounded_numbers() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(40, 24)
    states = torch.randn(3, 5, 40)
    states[0, 0] = 0
    states[1] *= 1000  # one scale for all tokens would leave nothing of the others
    with torch.inference_mode():
        expected = layer(states)
        with int8_products(torch.nn.Sequential(layer)):
            product = layer(states)
        error = (product - expected).norm(dim=-1) / expected.norm(dim=-1)
        assert 1e-5 < float(error.max()) < 0.03
        torch.testing.assert_close(product[0, 0], layer.bias)
        torch.testing.assert_close(layer(states), expected)


def test_training_and_the_automatic_precision_are_never_int8() -> None:
    assert dtype_of("int8") == torch.float32
    assert resolve_precision("auto") in ("float32", "bfloat16")
    assert resolve_precision("int8") == "int8"


def test_devices_without_int8() -> None:
    with (
        pytest.raises(EncoderError, match="precision int8 on meta"),
        int8_products(torch.nn.Linear(2, 2, device="meta")),
    ):
        pass
