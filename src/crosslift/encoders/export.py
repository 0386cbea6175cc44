"""Writing an encoder as an ordinary sentence-transformers folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from crosslift.artifacts.files import folder_written_whole
from crosslift.encoders.load import Encoder
from crosslift.encoders.packing import pack
from crosslift.encoders.precision import dtype_of
from crosslift.encoders.settings import Pooling
from crosslift.errors import EncoderError

_POOLING_NAMES: dict[Pooling, str] = {
    "mean": "mean_tokens",
    "first_token": "cls_token",
    "last_token": "lasttoken",
    "position_weighted": "weightedmean_tokens",
}


def write_sentence_transformer(encoder: Encoder, place: Path) -> None:
    """Writes the encoder so that sentence-transformers gives the same vectors, scaled to length 1.

    A `hidden_state` below the last is exported by leaving the layers above it out.

    Args:
        encoder: to be written; its weights are left as they are.
        place: new or empty folder.

    Raises:
        EncoderError: the folder is not empty; sentence-transformers has no such pooling; or the
            model does more after its last layer, so that no lower hidden state comes out of leaving
            layers out.
    """
    if encoder.reading.pooling not in _POOLING_NAMES:
        raise EncoderError(
            f"pooling {encoder.reading.pooling!r} cannot be exported: sentence-transformers lacks it",
            " or ".join(_POOLING_NAMES),
        )
    if place.is_dir():
        if any(place.iterdir()):
            raise EncoderError(f"{place} is not empty", "a new or empty folder")
        place.rmdir()
    _check_ends_with_its_layers(encoder)
    with folder_written_whole(place) as draft:
        _write_transformer(encoder, draft)
        encoder.tokenizer.model_max_length = encoder.reading.max_tokens
        encoder.tokenizer.save_pretrained(draft)
        for name, content in _files(encoder).items():
            path = draft / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _check_ends_with_its_layers(encoder: Encoder) -> None:
    layers, wanted = encoder.layers(), encoder.reading.hidden_state
    if wanted == len(layers):
        return
    outputs: list[Any] = []
    hook = layers[-1].register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    batch = pack([range(2, 9)]).to(encoder.device)
    try:
        with torch.inference_mode():
            rows = encoder.table.whole[batch.token_ids].to(dtype_of(encoder.reading.precision))
            states = encoder.runner.states(rows, batch, len(layers))
    finally:
        hook.remove()
    last = outputs[0][0] if isinstance(outputs[0], tuple) else outputs[0]
    if not torch.equal(last.reshape(states.shape), states):
        raise EncoderError(
            f"hidden_state {wanted} of a model of type {encoder.model.config.model_type} cannot be "
            "exported: the model does more after its last layer",
            f"hidden_state {len(layers)}, the last",
        )


def _write_transformer(encoder: Encoder, folder: Path) -> None:
    from safetensors.torch import save_file

    unused = [f".{i}." for i in range(encoder.reading.hidden_state, len(encoder.layers()))]
    stack = next(n for n, m in encoder.model.named_modules() if m is encoder.layers())
    tensors = {
        name: value.detach().to(torch.float32).cpu().contiguous()
        for name, value in encoder.model.state_dict().items()
        if not any(name.startswith(stack + number) for number in unused)
    }
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = encoder.model.config.to_dict()
    config |= {"num_hidden_layers": encoder.reading.hidden_state, "dtype": "float32"}
    if config.get("layer_types"):
        config["layer_types"] = config["layer_types"][: encoder.reading.hidden_state]
    config["architectures"] = [type(encoder.model).__name__]
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _files(encoder: Encoder) -> dict[str, Any]:
    reading = encoder.reading
    kinds = ("Transformer", "Pooling", "Normalize")
    modules = [
        {
            "idx": i,
            "name": str(i),
            "path": "" if i == 0 else f"{i}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for i, kind in enumerate(kinds)
    ]
    pooling = {
        "word_embedding_dimension": encoder.width,
        **{f"pooling_mode_{n}": p == reading.pooling for p, n in _POOLING_NAMES.items()},
    }
    prompts = {"prompts": {"query": reading.prompt}, "default_prompt_name": "query"}
    return {
        "modules.json": modules,
        "1_Pooling/config.json": pooling,
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": prompts if reading.prompt else {"prompts": {}},
        "sentence_bert_config.json": {"max_seq_length": reading.max_tokens, "do_lower_case": False},
    }
