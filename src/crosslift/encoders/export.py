"""Writes an encoder as an ordinary sentence-transformers folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from crosslift.artifacts.files import folder_written_whole
from crosslift.encoders.description import LEGACY_POOLINGS, POOLING_NAMES
from crosslift.encoders.encoder_settings import Side
from crosslift.encoders.graphs.write_graph import check_backend, replace_weights
from crosslift.encoders.kinds import Backend, WeightPrecision
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import pack
from crosslift.encoders.pooler import pooler_tensors
from crosslift.encoders.precision import dtype_of
from crosslift.encoders.static import StaticModel
from crosslift.encoders.transformer import ENCODERS_INSIDE
from crosslift.errors import EncoderError

_DTYPES: Mapping[WeightPrecision, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
ROLES: Mapping[str, Side] = {"query": "src", "document": "tgt"}
"""Name of a prompt in sentence-transformers' files, of `encode_query` and `encode_document` -> side."""
_NO_PROMPTS: Mapping[Side, str] = {}
_PUBLISHED_NAMES = {ours: published for published, ours in POOLING_NAMES.items()}


def write_encoder(
    encoder: Encoder,
    place: Path,
    backend: Backend = "torch",
    precision: WeightPrecision = "float32",
    dimensions: int | None = None,
    prompts: Mapping[Side, str] = _NO_PROMPTS,
) -> None:
    """Writes the encoder as a folder of sentence-transformers, for a backend.

    Args:
        encoder: the encoder; its weights do not change.
        place: new or empty folder.
        backend: what runs the exported encoder.
        precision: precision of the written weights.
        dimensions: number of dimensions kept from the start of each vector; None: those of the encoder.
        prompts: as in `write_sentence_transformer`.

    Raises:
        EncoderError: as in `write_sentence_transformer`, `check_precision` and `replace_weights`.
    """
    check_precision(backend, precision)
    if backend == "torch":
        write_sentence_transformer(encoder, place, precision, dimensions, prompts)
        return
    _make_way(place)
    with folder_written_whole(place) as draft:
        write_sentence_transformer(encoder, draft, "float32", dimensions, prompts)
        replace_weights(draft, backend, precision)


def check_precision(backend: Backend, precision: WeightPrecision) -> None:
    """Checks that a backend writes a precision, and that its packages are installed.

    Raises:
        EncoderError: it does not, or they are not.
    """
    if backend != "torch":
        check_backend(backend, precision)
    elif precision not in _DTYPES:
        raise EncoderError(
            f"precision {precision} for the backend torch",
            " or ".join(_DTYPES),
            f"export {precision} with `--backend onnx` or `--backend openvino`",
        )


def write_sentence_transformer(
    encoder: Encoder,
    place: Path,
    precision: WeightPrecision = "float32",
    dimensions: int | None = None,
    prompts: Mapping[Side, str] = _NO_PROMPTS,
) -> None:
    """Writes the encoder so that sentence-transformers gives the same vectors, scaled to length 1.

    For a `hidden_state` below the last, the export leaves out the layers above it. It includes the
    pooler that transformers loads with BERT and similar models, although no vector depends on it.
    Vectors are cut to fewer dimensions by a linear layer, before they are scaled: sentence-transformers
    does not scale vectors that it cuts itself.

    Args:
        encoder: the encoder; its weights do not change.
        place: new or empty folder.
        precision: precision of the model's written weights. Modules after the pooling remain in
            float32.
        dimensions: number of dimensions kept from the start of each vector; None: those of the encoder.
        prompts: prompts of queries (src) and documents (tgt); without one, the encoder's prompt.

    Raises:
        EncoderError: the folder is not empty; sentence-transformers has no such pooling, or no class
            for the encoder of such a model alone; the model does more after its last layer, so that
            a model without its upper layers does not give a lower hidden state; a weight is too
            large for float16; or the vectors have fewer dimensions.
    """
    if dimensions is not None and not 1 <= dimensions <= encoder.width:
        raise EncoderError(
            f"dimensions {dimensions}", f"1 to {encoder.width}, those of the vectors"
        )
    for pooling in encoder.reading.pooling.split("+"):
        if pooling not in _PUBLISHED_NAMES:
            raise EncoderError(
                f"pooling {pooling!r} cannot be exported: sentence-transformers lacks it",
                " or ".join(_PUBLISHED_NAMES),
            )
    kind = encoder.model.config.model_type
    if kind in ENCODERS_INSIDE:
        raise EncoderError(
            f"the encoder of a {kind} model cannot be exported: sentence-transformers loads such a "
            "model only with its decoder",
            "a text encoder, such as xlm-roberta-base",
            "use it in CrossLift; `crosslift evaluate` reads its folder",
        )
    _make_way(place)
    _check_ends_with_its_layers(encoder)
    with folder_written_whole(place) as draft:
        modules = [_write_input(encoder, draft, precision)]
        for kind, config, tensors in _modules(encoder, dimensions or encoder.width):
            path = f"{len(modules)}_{kind}"
            _write_json(draft / path / "config.json", config)
            if tensors:
                _write_tensors(tensors, draft / path, "float32")
            modules.append((kind, path))
        _write_json(draft / "modules.json", [_entry(i, *each) for i, each in enumerate(modules)])
        _write_json(draft / "config_sentence_transformers.json", _use(encoder, prompts))


def _write_input(encoder: Encoder, folder: Path, precision: WeightPrecision) -> tuple[str, str]:
    """Writes the module that reads the texts; returns its kind and its path."""
    if isinstance(encoder.model, StaticModel):
        _write_tensors({"embedding.weight": encoder.table.whole}, folder, precision)
        encoder.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        return "StaticEmbedding", ""
    _write_transformer(encoder, folder, precision)
    encoder.tokenizer.model_max_length = encoder.reading.max_tokens
    encoder.tokenizer.save_pretrained(folder)
    limits = {
        "max_seq_length": encoder.reading.max_tokens,
        "do_lower_case": encoder.reading.lower_case,
    }
    _write_json(folder / "sentence_bert_config.json", limits)
    return "Transformer", ""


def _modules(
    encoder: Encoder, dimensions: int
) -> Iterator[tuple[str, dict[str, Any], dict[str, Tensor]]]:
    """Kind, config.json and weights of each module after the one that reads the texts."""
    if not isinstance(encoder.model, StaticModel):
        yield "Pooling", _pooling(encoder), {}
    for module in encoder.modules:
        yield module.kind, module.config(), module.tensors()
    width = encoder.modules[-1].width if encoder.modules else encoder.pooled_width
    if dimensions < width:
        yield _first_dimensions(width, dimensions)
    yield "Normalize", {}, {}


def _first_dimensions(width: int, dimensions: int) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    """A linear layer that keeps the first dimensions of vectors."""
    config = {
        "in_features": width,
        "out_features": dimensions,
        "bias": False,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    return "Dense", config, {"linear.weight": torch.eye(dimensions, width)}


def _pooling(encoder: Encoder) -> dict[str, Any]:
    """The pooling's config.json, with the keys that all releases know if these suffice."""
    names = [_PUBLISHED_NAMES[name] for name in encoder.reading.pooling.split("+")]
    modes: dict[str, Any] = {key: name in names for key, name in LEGACY_POOLINGS.items()}
    if names != [name for name in LEGACY_POOLINGS.values() if name in names]:
        modes = {"pooling_mode": names}
    return {
        "word_embedding_dimension": encoder.state_width,
        **modes,
        "include_prompt": encoder.reading.include_prompt,
    }


def _entry(number: int, kind: str, path: str) -> dict[str, Any]:
    kind = f"sentence_transformers.models.{kind}"
    return {"idx": number, "name": str(number), "path": path, "type": kind}


def _use(encoder: Encoder, prompts: Mapping[Side, str]) -> dict[str, Any]:
    """The prompts, in the format of config_sentence_transformers.json.

    Both roles have a prompt: sentence-transformers puts nothing before a document if only queries have
    one. The default is the encoder's prompt, which `encode` puts before every text.
    """
    default = encoder.reading.prompt
    named = {name: prompts.get(side, default) for name, side in ROLES.items()}
    if not any(named.values()) and not default:
        return {"prompts": {}}
    if default and default not in named.values():
        named["default"] = default
    name = next((name for name, prompt in named.items() if default and prompt == default), None)
    return {"prompts": named, "default_prompt_name": name}


def _make_way(place: Path) -> None:
    """Deletes an empty folder, so that a whole one can take its place."""
    if place.is_dir():
        if any(place.iterdir()):
            raise EncoderError(f"{place} is not empty", "a new or empty folder")
        place.rmdir()


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_tensors(tensors: Mapping[str, Tensor], folder: Path, precision: WeightPrecision) -> None:
    """Writes weights in a precision; a tensor with several names by the first of them."""
    distinct: dict[tuple[int, torch.Size], tuple[str, Tensor]] = {}
    for name, value in tensors.items():
        written = value.detach().cpu()
        if value.is_floating_point():
            written = written.to(_DTYPES[precision])
            _check_finite(name, value, written, precision)
        distinct.setdefault((value.data_ptr(), value.shape), (name, written.contiguous()))
    save_file(dict(distinct.values()), folder / "model.safetensors", {"format": "pt"})


def _check_finite(name: str, value: Tensor, written: Tensor, precision: WeightPrecision) -> None:
    if not bool(written.isfinite().all()):
        raise EncoderError(
            f"the weight {name} has values up to {float(value.detach().abs().max()):.3g}, which "
            f"{precision} does not hold",
            f"at most {torch.finfo(written.dtype).max:g}",
            "use `bfloat16` or `float32`",
        )


def _check_ends_with_its_layers(encoder: Encoder) -> None:
    layers, state = encoder.layers(), encoder.reading.hidden_state
    if state == len(layers):
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
            f"hidden_state {state} of a model of type {encoder.model.config.model_type} cannot be "
            "exported: the model does more after its last layer",
            f"hidden_state {len(layers)}, the last",
        )


def _write_transformer(encoder: Encoder, folder: Path, precision: WeightPrecision) -> None:
    unused = [f".{i}." for i in range(encoder.reading.hidden_state, len(encoder.layers()))]
    stack = next(n for n, m in encoder.model.named_modules() if m is encoder.layers())
    tensors = {
        name: value
        for name, value in encoder.model.state_dict().items()
        if not any(name.startswith(stack + number) for number in unused)
    }
    _write_tensors(tensors | pooler_tensors(encoder.model, encoder.folder), folder, precision)
    config = encoder.model.config.to_dict()
    config |= {"num_hidden_layers": encoder.reading.hidden_state, "dtype": precision}
    if config.get("layer_types"):
        config["layer_types"] = config["layer_types"][: encoder.reading.hidden_state]
    config["architectures"] = [type(encoder.model).__name__]
    _write_json(folder / "config.json", config)
