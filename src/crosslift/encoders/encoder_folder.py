"""Finds the local folder of an encoder, and reads from its files how it is used."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosslift.artifacts.read_once import read_once
from crosslift.encoders.adapter_folder import base_settings, is_adapter_folder
from crosslift.encoders.description import (
    Description,
    OwnPrompts,
    describe,
    module_folders,
    prompts_in,
)
from crosslift.encoders.embedded import (
    CONVERSION,
    DEFAULT_PROMPT,
    PROMPTS,
    SOURCE_SHA256,
    check_embedded,
    embedded_folder,
)
from crosslift.encoders.encoder_settings import EncoderSettings, Side, SidePrompts
from crosslift.encoders.graphs.graph_facts import GRAPH_FILES, graph_files, graph_in
from crosslift.errors import EncoderError, UnknownNameError
from crosslift.model_files.find_model import WEIGHTS, ModelKind, PublishedModel, listing
from crosslift.model_files.read_model import check_weights, read_json_object, tensor_shapes

EMBEDDED = "embedded"
_ENCODER = ModelKind(
    name="encoder",
    error=EncoderError,
    files=("*.json", WEIGHTS, "*.txt", "*.model", "*.spm", "*.bpe"),
    one_of=("config.json", "modules.json", "adapter_config.json"),
    expected="`embedded`, a folder with config.json, model.safetensors and tokenizer files, or a hub "
    "name such as `FacebookAI/xlm-roberta-large`",
    built_in=(EMBEDDED,),
    weights=(WEIGHTS, *GRAPH_FILES),
)
_GRAPH = replace(_ENCODER, files=(*_ENCODER.files, *GRAPH_FILES))


def is_encoder_folder(folder: Path) -> bool:
    """Whether a folder has the configuration of a model."""
    return any((folder / file).is_file() for file in _ENCODER.one_of)


def local_folder(settings: EncoderSettings) -> Path:
    """The folder of an encoder: the converted one (``embedded``), a local one, or one from the hub.

    Raises:
        EncoderError: no such folder, no network.
    """
    if settings.name == EMBEDDED:
        return embedded_folder()
    folder = _published(settings).folder()
    if graph_in(folder) is not None and not graph_files(folder):  # of the hub
        return PublishedModel(_GRAPH, settings.name, settings.revision).folder()
    return folder


@read_once()
def check_encoder(settings: EncoderSettings) -> None:
    """Raises an error if an encoder cannot be found. It fetches, converts and loads nothing.

    Raises:
        EncoderError: its files are neither on this machine nor on the hub, or are not those of an
            encoder.
    """
    if settings.name == EMBEDDED:
        check_embedded()
        return
    folder = _published(settings).present()
    if folder is None:
        return
    if graph_in(folder) is not None:
        return
    if is_adapter_folder(folder):
        check_encoder(base_settings(folder))
    else:
        check_weights(describe(folder, pooled_here=settings.pooling is None).input)


def folder_here(settings: EncoderSettings) -> Path | None:
    """The folder of a published encoder on this machine; returns None if its weights are not here. It
    fetches nothing.

    Raises:
        EncoderError: an adapter that does not name its model.
    """
    folder = folder_on_disk(settings)
    adapter = folder is not None and is_adapter_folder(folder)
    return folder_here(base_settings(folder)) if folder is not None and adapter else folder


def folder_on_disk(settings: EncoderSettings) -> Path | None:
    """The folder that a name means, as in `folder_here`; for an adapter, the folder of the adapter.

    Raises:
        EncoderError: the name cannot be a folder or a hub name.
    """
    return _published(settings).on_disk()


def _published(settings: EncoderSettings) -> PublishedModel:
    return PublishedModel(_ENCODER, settings.name, settings.revision)


def base_of(folder: Path) -> Path:
    """The folder of the model that an adapter belongs to; fetched if it is a hub name.

    Raises:
        EncoderError: the adapter does not name its model, the model does not exist, or it is an adapter
            too.
    """
    base = local_folder(base_settings(folder))
    if is_adapter_folder(base):
        raise EncoderError(f"{folder} is an adapter of an adapter, {base}", "an adapter of a model")
    return base


def fingerprint(settings: EncoderSettings) -> str:
    """The text that identifies the encoder's files in a key: a checksum, or a hub name and commit.

    A hub name that is not in the local cache and has no pinned revision is identified by its name
    alone until it is fetched.
    """
    if settings.name == EMBEDDED:
        return f"embedded:{CONVERSION}:{SOURCE_SHA256}"
    model = _published(settings)
    return model.fingerprint(lambda folder: _sum_of_folder(model, folder))


PUBLISHED_LAYERS = {
    "FacebookAI/xlm-roberta-base": 12,
    "FacebookAI/xlm-roberta-large": 24,
    "google-bert/bert-base-multilingual-cased": 12,
}
"""Hub name -> layers, of the encoders that XTREME's protocols were written for, so that a study of them
can be planned before they are fetched (Conneau et al. 2020, arXiv 1911.02116; Devlin et al. 2019).
They have no sentence-transformers files, so no prompts."""


def layers_of(settings: EncoderSettings) -> int:
    """The number of layers of an encoder, from its folder's config.json.

    Raises:
        EncoderError: the folder cannot be found, or its config does not state it.
    """
    if _is_published_elsewhere(settings):
        return PUBLISHED_LAYERS[settings.name]
    description = describe(local_folder(settings), pooled_here=False)
    if description.kind == "static":
        return 0
    config = _config_of(description.input)
    for name in _LAYERS:
        if type(config.get(name)) is int:
            return int(config[name])
    raise EncoderError(
        f"{description.input}/config.json does not say how many layers there are",
        "num_hidden_layers",
    )


def _is_published_elsewhere(settings: EncoderSettings) -> bool:
    """Whether it is one of `PUBLISHED_LAYERS` and its files are not here."""
    model = _published(settings)
    return (
        settings.name in PUBLISHED_LAYERS
        and model.local_folder() is None
        and model.cached_commit() is None
    )


def _sum_of_folder(model: PublishedModel, folder: Path) -> str:
    places = (folder, *module_folders(folder))
    paths = [path for place in places for path in model.files_in(place)]
    if graph_in(folder) is not None:
        paths += graph_files(folder)
    whole = listing(folder, paths)
    if is_adapter_folder(folder):
        whole += fingerprint(base_settings(folder))
    return hashlib.sha256(whole.encode()).hexdigest()


def own_prompts(settings: EncoderSettings) -> OwnPrompts:
    """The prompts of the encoder's own files, independent of the settings.

    Raises:
        EncoderError: the encoder cannot be found or fetched.
    """
    if settings.name == EMBEDDED:  # known without its files, whose checksums take a second
        return OwnPrompts(PROMPTS, PROMPTS.get(DEFAULT_PROMPT or "", ""))
    if _is_published_elsewhere(settings):
        return OwnPrompts({}, "")
    return prompts_in(local_folder(settings))


def prompt_of(settings: EncoderSettings) -> str:
    """The prompt before every text: that of the settings or, if it is None, the default of the
    encoder's own files; empty for none.

    Raises:
        EncoderError: the encoder cannot be found or fetched, or names no prompts.
        UnknownNameError: its files name prompts, but not the one of the settings.
    """
    if settings.prompt is not None:
        return settings.prompt
    prompts = own_prompts(settings)
    if settings.prompt_name is None:
        return prompts.default
    if not prompts.by_name:
        raise EncoderError(
            f"prompt_name {settings.prompt_name!r}: {settings.name!r} names no prompts",
            "`config_sentence_transformers.json` with `prompts`, or the prompt's text",
        )
    if settings.prompt_name not in prompts.by_name:
        raise UnknownNameError(f"prompt of {settings.name}", settings.prompt_name, prompts.by_name)
    return prompts.by_name[settings.prompt_name]


def with_prompt_text(settings: EncoderSettings) -> EncoderSettings:
    """The settings with the text of the prompt that they name.

    Raises:
        EncoderError, UnknownNameError: as in `prompt_of`.
    """
    if settings.prompt_name is None:
        return settings
    return settings.model_copy(update={"prompt": prompt_of(settings), "prompt_name": None})


def prompts_of_sides(prompts: SidePrompts, settings: EncoderSettings) -> dict[Side, str]:
    """The text of the prompt of each side that has one.

    Args:
        prompts: prompts of the sides, as texts or names.
        settings: the encoder whose files hold the names.

    Raises:
        EncoderError, UnknownNameError: as in `prompt_of`.
    """
    sides = prompts.sides_with_prompts()
    return {side: prompt_of(prompts.encoder_of_side(settings, side)) for side in sides}


def own_use(settings: EncoderSettings, folder: Path | None = None) -> Description:
    """How the encoder's own files define its vectors.

    If the settings name a pooling, the pooling in the files and the modules after it are ignored. If
    they name a hidden state, the modules after the pooling are ignored.

    Args:
        settings: settings of the encoder.
        folder: its folder; None: found by name.

    Raises:
        EncoderError: the encoder cannot be found or fetched, or defines vectors in an unsupported way.
    """
    place = local_folder(settings) if folder is None else folder
    description = describe(place, pooled_here=settings.pooling is None)
    dimensions = settings.dimensions or description.dimensions
    modules = description.modules if settings.hidden_state is None else ()
    return replace(description, modules=modules, dimensions=dimensions)


def width_of(settings: EncoderSettings) -> int:
    """Length of an encoder's vectors, from its files alone.

    Raises:
        EncoderError: as in `own_use`, or the files do not state it.
    """
    description = own_use(settings)
    if description.kind == "static":
        return description.width(_table_width(description.input))
    config = _config_of(description.input)
    for name in _WIDTHS:
        if type(config.get(name)) is int:
            return description.width(config[name])
    raise EncoderError(
        f"{description.input}/config.json does not say how wide states are", "hidden_size"
    )


def weight_bytes(settings: EncoderSettings) -> int:
    """Size of the files of an encoder's weights, in bytes.

    Raises:
        EncoderError: the encoder cannot be found or fetched.
    """
    folder = local_folder(settings)
    places = [folder, *module_folders(folder)]
    if is_adapter_folder(folder):
        places.append(base_of(folder))
    paths = [path for place in places for path in place.glob(WEIGHTS)]
    if graph_in(folder) is not None:
        paths += graph_files(folder)
    return sum(path.stat().st_size for path in paths)


_WIDTHS = ("hidden_size", "d_model", "dim", "n_embd", "emb_dim")
_LAYERS = ("num_hidden_layers", "n_layers", "num_layers", "n_layer")


def _config_of(folder: Path) -> dict[str, Any]:
    """The config.json of a transformer; of an adapter, that of its base."""
    return read_json_object(
        (base_of(folder) if is_adapter_folder(folder) else folder) / "config.json"
    )


def _table_width(folder: Path) -> int:
    shapes = tensor_shapes(folder, "model.safetensors")
    name = "embedding.weight" if "embedding.weight" in shapes else "embeddings"
    if len(shapes.get(name, ())) != 2:
        raise EncoderError(
            f"{folder}/model.safetensors holds {', '.join(sorted(shapes)) or 'nothing'}",
            "a token table `embedding.weight` or `embeddings`",
        )
    return shapes[name][1]
