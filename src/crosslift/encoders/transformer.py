"""Loading the transformer of a model folder, or a base model with the adapter of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING

from crosslift.encoders.adapter_folder import is_adapter_folder
from crosslift.encoders.encoder_folder import base_of
from crosslift.errors import EncoderError
from crosslift.model_files.load_model import load_config, load_model, quiet_transformers
from crosslift.model_files.read_model import check_weights, library_errors_explained, tensor_shapes

ENCODERS_INSIDE = ("m2m_100",)
"""Encoder-decoders whose encoder is used although transformers has no class for it alone: NLLB is of
this type. Its tokenizer puts one language's code before every text, that of its configuration."""


def load_transformer(folder: Path) -> Any:
    """A transformer with its weights in float32, safetensors only; no code of the folder is run.

    For an encoder-decoder such as T5 or NLLB it is the encoder alone. The pooler of pretraining is left
    out: vectors are pooled from hidden states.

    Raises:
        EncoderError: it cannot be loaded, lacks weights, or is not a text encoder.
    """
    if is_adapter_folder(folder):
        return _with_adapter(load_transformer(base_of(folder)), folder)
    config = load_config(folder)
    with library_errors_explained(folder):
        _check_kind(config, folder)
        _check_layers(config, folder)
    encoding = type(config) in MODEL_FOR_TEXT_ENCODING_MAPPING
    kind = transformers.AutoModelForTextEncoding if encoding else transformers.AutoModel
    model = load_model(folder, kind, not_needed=("pooler.",))
    if config.model_type in ENCODERS_INSIDE:
        model = model.get_encoder()
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model


def _check_kind(config: Any, folder: Path) -> None:
    kind = config.model_type
    usable = type(config) in MODEL_FOR_TEXT_ENCODING_MAPPING or kind in ENCODERS_INSIDE
    if config.is_encoder_decoder and not usable:
        raise EncoderError(f"{folder} is an encoder-decoder ({kind})", "an encoder alone")
    sizes = (getattr(config, name, None) for name in ("num_hidden_layers", "hidden_size"))
    if any(size is None for size in sizes):
        parts = [name for name in ("text_config", "vision_config") if hasattr(config, name)]
        raise EncoderError(
            f"{folder} is not a text encoder: it is a {kind} model"
            + (f" of several parts ({', '.join(parts)})" if parts else ""),
            "the folder of a text encoder, such as `xlm-roberta-base`",
            "name it as the `tower` of a task with pictures" if "vision_config" in parts else None,
        )
    languages = getattr(config, "languages", None)
    if languages and getattr(config, "default_language", None) is None:
        raise EncoderError(
            f"{folder} has adapters for {', '.join(languages)}, and no default among them",
            "one of these as `default_language` in its config.json, for every text",
        )


def _check_layers(config: Any, folder: Path) -> None:
    """Compares the number of layers with that of the tensors: a damaged number takes all memory."""
    count = len(tensor_shapes(folder))
    if not 0 <= config.num_hidden_layers <= count:
        raise EncoderError(
            f"{folder}/config.json: {config.num_hidden_layers} layers",
            f"as many as the {count} tensors of the weights can fill",
        )


def _with_adapter(model: Any, folder: Path) -> Any:
    """The model with the adapter of a folder merged into its weights."""
    import peft

    check_weights(folder)
    with (
        library_errors_explained(folder, "cannot be merged into its base model"),
        quiet_transformers(),
    ):
        adapted = peft.PeftModel.from_pretrained(model, str(folder), use_safetensors=True)
        _check_adapter(set(peft.get_peft_model_state_dict(adapted)), folder)
        merge = getattr(adapted, "merge_and_unload", None)
        if merge is None:
            raise EncoderError(
                f"{folder} is an adapter that cannot be merged into its base model", "such as LoRA"
            )
        return merge()


def _check_adapter(expected: set[str], folder: Path) -> None:
    """Raises EncoderError if an adapter has other weights than its base model takes: an adapter of a
    model with a head has other names, and PEFT would ignore them."""
    names = set(tensor_shapes(folder, "adapter_model*.safetensors"))
    if names != expected:
        raise EncoderError(
            f"{folder}: {len(expected - names)} weights of the adapter are missing, such as "
            f"{min(expected - names, default='none')}, and {len(names - expected)} fit nowhere, such "
            f"as {min(names - expected, default='none')}",
            "an adapter of the base model without a head",
            "merge it into its base model with PEFT and name that folder",
        )


def learned_positions(model: Any) -> int | None:
    """Number of tokens in a model's table of learned positions; None without such a table.

    RoBERTa and its kind count positions from the one after the pad id: those before it are not used.
    """
    rows = getattr(model.config, "max_position_embeddings", None)
    words = model.get_input_embeddings()
    for name, module in model.named_modules():
        if not isinstance(module, torch.nn.Embedding) or module is words:
            continue
        of_positions = "position" in name or name.endswith("wpe")
        if module.num_embeddings == rows and of_positions:
            before = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - before
    return None
