"""Encoders exported as graphs: the same vectors, small files, clear refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_encoder_folders import KINDS, TEXTS, least_cosine
from tiny_encoder import load_tiny

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.export import write_encoder
from crosslift.encoders.graphs.graph_encoder import GraphEncoder, open_graph
from crosslift.encoders.kinds import GraphBackend

BACKENDS: tuple[GraphBackend, ...] = ("onnx", "openvino")
TRANSFORMERS = [kind for kind in KINDS if kind not in ("static", "model2vec")]


def opened(folder: Path, **settings: object) -> GraphEncoder:
    return open_graph(EncoderSettings(name=str(folder), **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_a_graph_gives_the_vectors_of_the_encoder(
    kind: str, backend: GraphBackend, tmp_path: Path
) -> None:
    encoder = load_tiny(KINDS[kind](tmp_path / "model"))
    write_encoder(encoder, tmp_path / "graph", backend)
    vectors = opened(tmp_path / "graph").encode(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert least_cosine(vectors, encode(encoder, TEXTS)) > 0.99999
