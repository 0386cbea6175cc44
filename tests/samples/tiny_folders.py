"""Model folders in the layouts that people publish, with a few thousand random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
from safetensors.torch import save_file
from tiny_encoder import POSITIONS, WIDTH, byte_tokenizer, make_tiny_encoder, word_piece_tokenizer

LEGACY = ("cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens")
LEGACY_POOLINGS = (*LEGACY, "weightedmean_tokens", "lasttoken")
"""Ends of the keys `pooling_mode_...`, in the order of their vectors."""


def write_json(path: Path, content: Any) -> None:
    """Writes a file, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def change_json(path: Path, **changes: Any) -> None:
    """Changes keys of a JSON file; the file is made where there is none."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_json(path, content | changes)


def write_modules(
    folder: Path, kinds: Sequence[str], *, first: str = "", package: str = "models"
) -> None:
    """Writes modules.json: each module but the first lies in a folder NUMBER_KIND."""
    entries = [
        {
            "idx": i,
            "name": str(i),
            "path": f"{i}_{kind}" if i else first,
            "type": f"sentence_transformers.{package}.{kind}",
        }
        for i, kind in enumerate(kinds)
    ]
    write_json(folder / "modules.json", entries)


def legacy_pooling(*active: str, **others: Any) -> dict[str, Any]:
    """A pooling's config.json by the keys of older releases."""
    modes = {f"pooling_mode_{name}": name in active for name in LEGACY_POOLINGS}
    return {"word_embedding_dimension": WIDTH, **modes, **others}


def write_dense(
    folder: Path, width: int, out: int, *, bias: bool = True, activation: str = "activation.Tanh"
) -> None:
    """Writes a Dense module with random weights."""
    generator = torch.Generator().manual_seed(width + out)
    tensors = {"linear.weight": torch.randn(out, width, generator=generator) / width**0.5}
    if bias:
        tensors["linear.bias"] = torch.randn(out, generator=generator) * 0.1
    config = {"in_features": width, "out_features": out, "bias": bias}
    config["activation_function"] = f"torch.nn.modules.{activation}"
    write_json(folder / "config.json", config)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def write_pooled(
    folder: Path, pooling: Mapping[str, Any], after: Sequence[str] = ("Normalize",)
) -> Path:
    """Writes the sentence-transformers files of a folder with a transformer."""
    write_modules(folder, ("Transformer", "Pooling", *after))
    write_json(folder / "1_Pooling" / "config.json", pooling)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 24, "do_lower_case": False})
    return folder


def randomised(model: Any, seed: int = 0) -> Any:
    """A model whose every weight is drawn anew, biases and norms too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim > 1:
                parameter.copy_(noise * 0.2)
            else:
                parameter.add_(noise * 0.02)
    return model.eval()


def saved(model: Any, tokenizer: Any, folder: Path) -> Path:
    """Writes a model and its tokenizer."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_labse(folder: Path) -> Path:
    """First token, a linear layer of the same width with Tanh, scaled to length 1."""
    write_pooled(make_tiny_encoder(folder), legacy_pooling("cls_token"), ("Dense", "Normalize"))
    write_dense(folder / "2_Dense", WIDTH, WIDTH)
    return folder


def make_distiluse(folder: Path) -> Path:
    """Mean, a linear layer to another width, not scaled."""
    make_tiny_encoder(folder, "distilbert")
    write_pooled(folder, legacy_pooling("mean_tokens"), ("Dense",))
    write_dense(folder / "2_Dense", WIDTH, 20)
    return folder


def make_gemma(folder: Path) -> Path:
    """As EmbeddingGemma: rows scaled where they are looked up, two linear layers without bias."""
    tokenizer = byte_tokenizer()
    config = transformers.Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention"],
        max_position_embeddings=POSITIONS,
        use_bidirectional_attention=True,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    saved(randomised(transformers.Gemma3TextModel(config)), tokenizer, folder)
    write_pooled(folder, legacy_pooling("mean_tokens"), ("Dense", "Dense", "Normalize"))
    identity = "linear.Identity"
    write_dense(folder / "2_Dense", WIDTH, 64, bias=False, activation=identity)
    write_dense(folder / "3_Dense", 64, WIDTH, bias=False, activation=identity)
    return folder


def make_last_token_decoder(folder: Path) -> Path:
    """As Qwen3-Embedding: a decoder whose last token is pooled, padded on the left."""
    tokenizer = byte_tokenizer()
    tokenizer.padding_side = "left"
    config = transformers.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=POSITIONS,
        pad_token_id=1,
    )
    saved(randomised(transformers.Qwen3Model(config)), tokenizer, folder)
    return write_pooled(folder, legacy_pooling("lasttoken"))


def make_t5(folder: Path, kind: str = "T5") -> Path:
    """As sentence-t5 and GTR: the encoder of a T5, mean, a linear layer."""
    tokenizer = byte_tokenizer()
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        pad_token_id=1,
        eos_token_id=2,
    )
    model = randomised(getattr(transformers, f"{kind}EncoderModel")(config))
    saved(model, tokenizer, folder)
    write_pooled(folder, legacy_pooling("mean_tokens"), ("Dense", "Normalize"))
    write_dense(folder / "2_Dense", WIDTH, 24, bias=False, activation="linear.Identity")
    return folder


def make_static(folder: Path) -> Path:
    """A StaticEmbedding, as sentence-transformers writes it."""
    tokenizer = word_piece_tokenizer()
    generator = torch.Generator().manual_seed(0)
    folder.mkdir(parents=True)
    table = torch.randn(len(tokenizer), WIDTH, generator=generator)
    save_file({"embedding.weight": table}, folder / "model.safetensors")
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    write_modules(folder, ("StaticEmbedding", "Normalize"))
    return folder


def make_model2vec(folder: Path) -> Path:
    """A model2vec folder: rows that tokens share, and a weight for each token."""
    make_static(folder)
    size = len(word_piece_tokenizer())
    generator = torch.Generator().manual_seed(1)
    tensors = {
        "embeddings": torch.randn(20, WIDTH, generator=generator),
        "mapping": torch.randint(0, 20, (size,), generator=generator),
        "weights": torch.rand(size, generator=generator, dtype=torch.float64),
    }
    save_file(tensors, folder / "model.safetensors")
    write_json(folder / "config.json", {"model_type": "model2vec", "normalize": True})
    write_modules(folder, ("StaticEmbedding", "Normalize"), first=".")
    return folder


def make_adapter(folder: Path) -> Path:
    """A LoRA adapter and the folder of the model that it belongs to."""
    base = make_tiny_encoder(folder.with_name(f"{folder.name}-base"))
    model = transformers.AutoModel.from_pretrained(base)
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=["query", "value"])
    adapted = peft.get_peft_model(model, config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:  # zero, and so no change, as PEFT makes it
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    adapted.peft_config["default"].base_model_name_or_path = str(base)
    adapted.save_pretrained(folder)
    word_piece_tokenizer().save_pretrained(folder)
    return write_pooled(folder, legacy_pooling("mean_tokens"))


def make_layer_norm(folder: Path) -> Path:
    """A layer norm between two scalings to length 1, and a Dropout that does nothing."""
    kinds = ("Normalize", "LayerNorm", "Dropout", "Normalize")
    write_pooled(make_tiny_encoder(folder), legacy_pooling("mean_tokens"), kinds)
    generator = torch.Generator().manual_seed(0)
    weights = {
        f"norm.{name}": torch.randn(WIDTH, generator=generator) for name in ("weight", "bias")
    }
    write_json(folder / "3_LayerNorm" / "config.json", {"dimension": WIDTH})
    save_file(weights, folder / "3_LayerNorm" / "model.safetensors")
    write_json(folder / "4_Dropout" / "config.json", {"dropout": 0.5})
    return folder


def make_old_layout(folder: Path) -> Path:
    """As sentence-transformers before 2.0 wrote it: the transformer in a folder of its own, with the
    file names of that time."""
    inside = write_pooled(make_tiny_encoder(folder / "0_Transformer"), legacy_pooling("max_tokens"))
    shutil.move(inside / "1_Pooling", folder / "1_Pooling")
    (inside / "modules.json").unlink()
    config = inside / "sentence_bert_config.json"
    config.rename(inside / "sentence_distilbert_config.json")
    write_modules(folder, ("Transformer", "Pooling"), first="0_Transformer")
    write_json(folder / "config.json", {"__version__": "0.3.8"})
    return folder


def make_two_towers(folder: Path) -> Path:
    """A CLIP, with a tokenizer and the preparation of its pictures."""
    tokenizer = word_piece_tokenizer()
    small = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    marks = {"bos_token_id": 2, "eos_token_id": 3}
    config = transformers.CLIPConfig(
        text_config={**small, **marks, "vocab_size": len(tokenizer), "max_position_embeddings": 12},
        vision_config={**small, "image_size": 8, "patch_size": 4},
        projection_dim=8,
    )
    saved(randomised(transformers.CLIPModel(config)), tokenizer, folder)
    preparation = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 8},
        "do_center_crop": True,
        "crop_size": {"height": 8, "width": 8},
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "resample": 3,
    }
    write_json(folder / "preprocessor_config.json", preparation)
    return folder


KINDS = {
    "labse": make_labse,
    "distiluse": make_distiluse,
    "gemma": make_gemma,
    "last-token decoder": make_last_token_decoder,
    "t5": make_t5,
    "mt5": lambda folder: make_t5(folder, "MT5"),
    "umt5": lambda folder: make_t5(folder, "UMT5"),
    "static": make_static,
    "model2vec": make_model2vec,
    "adapter": make_adapter,
    "layer norm": make_layer_norm,
    "old layout": make_old_layout,
}
"""Name -> what makes such a folder."""
