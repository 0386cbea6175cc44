"""Encoders exported as graphs: the same vectors, small files, clear refusals."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import transformers
from sentence_transformers import SentenceTransformer
from test_encoder_folders import KINDS, TEXTS, least_cosine
from tiny_encoder import WIDTH, byte_tokenizer, load_tiny, make_tiny_encoder
from tiny_folders import change_json

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import fingerprint, weight_bytes, width_of
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.export import write_encoder
from crosslift.encoders.graphs.graph_encoder import GraphEncoder, open_graph
from crosslift.encoders.kinds import Backend, GraphBackend, WeightPrecision
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.text_reader import load_reader
from crosslift.errors import EncoderError
from crosslift.making.trained import Trained

USE = {"pooling": "mean", "prompt": "ask: ", "max_tokens": 40}
BACKENDS: tuple[GraphBackend, ...] = ("onnx", "openvino")
TRANSFORMERS = [kind for kind in KINDS if kind not in ("static", "model2vec", "gemma")]


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


@pytest.mark.parametrize(
    ("backend", "precision", "least"),
    [
        ("onnx", "float16", 0.9999),
        ("onnx", "int8", 0.98),
        ("openvino", "float16", 0.9999),
        ("openvino", "bfloat16", 0.998),
        ("openvino", "int8", 0.99),
    ],
)
def test_lower_precisions_make_smaller_files_and_close_vectors(
    backend: GraphBackend, precision: WeightPrecision, least: float, wide: Encoder, tmp_path: Path
) -> None:
    write_encoder(wide, tmp_path / "whole", backend)
    write_encoder(wide, tmp_path / "small", backend, precision)
    sizes = [
        sum(p.stat().st_size for p in (tmp_path / name / backend).iterdir())
        for name in ("whole", "small")
    ]
    assert sizes[1] < sizes[0] * (0.45 if precision == "int8" else 0.7)
    small = opened(tmp_path / "small")
    assert small.reading.precision == precision
    vectors = small.encode(TEXTS)
    assert least < least_cosine(vectors, encode(wide, TEXTS)) < 1 - 1e-9


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """An encoder whose weights are most of its file."""
    tokenizer = byte_tokenizer()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.08,
        pad_token_id=tokenizer.pad_token_id,
    )
    folder = tmp_path_factory.mktemp("wide")
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load_tiny(folder)


@pytest.mark.parametrize("include_prompt", [True, False])
@pytest.mark.parametrize(
    "pooling", ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
)
def test_every_pooling_is_in_the_graph(pooling: str, include_prompt: bool, tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "model", "xlm-roberta", use=USE)
    modes = {"pooling_mode": pooling, "include_prompt": include_prompt}
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"embedding_dimension": WIDTH, **modes}), encoding="utf-8"
    )
    encoder = load_tiny(folder)
    write_encoder(encoder, tmp_path / "graph", "onnx")
    graph = opened(tmp_path / "graph")
    assert graph.reading.include_prompt is include_prompt
    assert least_cosine(graph.encode(TEXTS), encode(encoder, TEXTS)) > 0.99999
    if include_prompt:
        other = opened(tmp_path / "graph", prompt="other: ").encode(TEXTS)
        assert least_cosine(other, encode(load_tiny(folder, prompt="other: "), TEXTS)) > 0.99999
    else:
        with pytest.raises(EncoderError, match="the prompt 'other: '"):
            opened(tmp_path / "graph", prompt="other: ")


def test_a_graph_has_the_lower_hidden_state_and_the_length_of_the_encoder(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "model")
    encoder = load_tiny(folder, hidden_state=1, max_tokens=6)
    write_encoder(encoder, tmp_path / "graph", "onnx")
    graph = opened(tmp_path / "graph")
    assert graph.reading.max_tokens == 6
    assert least_cosine(graph.encode(TEXTS), encode(encoder, TEXTS)) > 0.99999
    shorter = opened(tmp_path / "graph", max_tokens=4)
    assert max(map(len, shorter.tokenise(TEXTS))) == 4


@pytest.mark.parametrize("backend", ["torch", *BACKENDS])
def test_fewer_dimensions_are_the_first_ones_scaled_anew(backend: Backend, tmp_path: Path) -> None:
    encoder = load_tiny(make_tiny_encoder(tmp_path / "model", use=USE))
    write_encoder(encoder, tmp_path / "small", backend, dimensions=5)
    settings = EncoderSettings(name=str(tmp_path / "small"), precision="float32")
    vectors = load_reader(settings).encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 5) and width_of(settings) == 5
    assert least_cosine(vectors, encode(encoder, TEXTS)[:, :5]) > 0.99999
    if backend == "torch":
        model = SentenceTransformer(str(tmp_path / "small"), device="cpu")
        vectors = np.asarray(model.encode(list(TEXTS)))
        assert least_cosine(vectors, encode(encoder, TEXTS)[:, :5]) > 0.99999
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    with pytest.raises(EncoderError, match=f"dimensions {WIDTH + 1}"):
        write_encoder(encoder, tmp_path / "large", backend, dimensions=WIDTH + 1)
    assert not (tmp_path / "large").exists()


def test_sentence_transformers_can_pool_the_states_of_a_graph(tmp_path: Path) -> None:
    encoder = load_tiny(make_tiny_encoder(tmp_path / "model"))
    write_encoder(encoder, tmp_path / "graph", "onnx")
    names = {path.name for path in (tmp_path / "graph").iterdir()}
    assert {"modules.json", "config.json", "tokenizer.json", "1_Pooling", "onnx"} <= names
    assert not list((tmp_path / "graph").rglob("*.safetensors"))
    session = onnxruntime.InferenceSession(str(tmp_path / "graph" / "onnx" / "model.onnx"))
    assert [each.name for each in session.get_inputs()] == ["input_ids", "attention_mask"]
    (ids,) = encoder.tokenise(TEXTS[:1])
    feed = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}
    states, vectors = session.run(["last_hidden_state", "sentence_embedding"], feed)
    assert least_cosine(states.mean(1), vectors) > 0.99999


def test_the_files_of_a_graph_decide_its_fingerprint(tmp_path: Path) -> None:
    write_encoder(load_tiny(make_tiny_encoder(tmp_path / "model")), tmp_path / "graph", "onnx")
    settings = EncoderSettings(name=str(tmp_path / "graph"))
    before = fingerprint(settings)
    path = tmp_path / "graph" / "onnx" / "model.onnx"
    assert weight_bytes(settings) == path.stat().st_size
    path.write_bytes(path.read_bytes() + b"\0")
    assert fingerprint(settings) != before
    path.write_bytes(b"damaged")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        opened(tmp_path / "graph")
    path.unlink()
    with pytest.raises(EncoderError, match=r"has no model\.onnx"):
        opened(tmp_path / "graph")


def test_a_graph_computes_one_reading_and_does_not_train(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    write_encoder(load_tiny(make_tiny_encoder(tmp_path / "model")), folder, "onnx", "int8")
    for setting, value in {"pooling": "max", "hidden_state": 0, "precision": "float32"}.items():
        with pytest.raises(EncoderError, match=f"{setting} {value} of .*exported for onnx"):
            opened(folder, **{setting: value})
        with pytest.raises(EncoderError, match=f"{setting} {value} of .*exported for onnx"):
            Trained.untouched(EncoderSettings(name=str(folder), **{setting: value}))
    assert opened(folder, pooling="mean", hidden_state=2).width == WIDTH
    for value, most in {"max_tokens": 10**6, "dimensions": WIDTH + 1}.items():
        with pytest.raises(EncoderError, match=f"{value} {most}"):
            opened(folder, **{value: most})
    for use in (
        lambda: load_tiny(folder),
        Trained.untouched(EncoderSettings(name=str(folder))).check_trains,
    ):
        with pytest.raises(EncoderError, match="can neither train nor give hidden states"):
            use()


def test_a_damaged_description_of_a_graph(tmp_path: Path) -> None:
    write_encoder(load_tiny(make_tiny_encoder(tmp_path / "model")), tmp_path / "graph", "onnx")
    change_json(tmp_path / "graph" / "graph.json", backend="tpu")
    with pytest.raises(EncoderError, match=r"graph\.json: backend") as caught:
        opened(tmp_path / "graph")
    assert caught.value.remedy == "export the encoder again"


@pytest.mark.parametrize("backend", BACKENDS)
def test_encoders_that_no_graph_is_made_of(backend: GraphBackend, tmp_path: Path) -> None:
    static = load_tiny(KINDS["static"](tmp_path / "static"))
    with pytest.raises(EncoderError, match="an encoder of word vectors"):
        write_encoder(static, tmp_path / "graph", backend)
    two_way = load_tiny(KINDS["gemma"](tmp_path / "gemma"))
    with pytest.raises(
        EncoderError, match=f"gemma3_text cannot be written for {backend}"
    ) as caught:
        write_encoder(two_way, tmp_path / "graph", backend)
    assert "`--backend`" in str(caught.value.remedy)
    assert [path.name for path in tmp_path.iterdir() if "graph" in path.name] == []


def test_precisions_and_packages_that_a_backend_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    encoder = load_tiny(make_tiny_encoder(tmp_path / "model"))
    with pytest.raises(EncoderError, match="int8 for the backend torch"):
        write_encoder(encoder, tmp_path / "small", "torch", "int8")
    with pytest.raises(EncoderError, match="bfloat16 for the backend onnx"):
        write_encoder(encoder, tmp_path / "small", "onnx", "bfloat16")
    present = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name in ("onnxruntime", "openvino") else present(name),
    )
    for backend in BACKENDS:
        with pytest.raises(EncoderError, match=f"{backend} needs .* is not installed") as caught:
            write_encoder(encoder, tmp_path / "small", backend)
        assert caught.value.remedy == f"pip install 'crosslift[{backend}]'"


def test_openvino_reports_no_use_to_its_makers(tmp_path: Path) -> None:
    write_encoder(load_tiny(make_tiny_encoder(tmp_path / "model")), tmp_path / "graph", "openvino")
    assert sys.modules.get("openvino_telemetry") is None
