"""From an encoder's name to a local folder, and what that folder's own files say of its use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.artifacts.files import sha256_of_file
from crosslift.artifacts.places import user_path
from crosslift.encoders.embedded import (
    CONVERSION,
    DEFAULT_PROMPT,
    PROMPTS,
    SOURCE_SHA256,
    embedded_folder,
)
from crosslift.encoders.settings import EncoderSettings, Pooling
from crosslift.errors import EncoderError, nearest

EMBEDDED = "embedded"
_FILES_NEEDED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.spm", "*.bpe"]
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def local_folder(settings: EncoderSettings) -> Path:
    """The folder of an encoder: converted (``embedded``), as given, or fetched from the hub.

    Raises:
        EncoderError: no such folder, no network, no safetensors weights.
    """
    if settings.name == EMBEDDED:
        return embedded_folder()
    folder = user_path(settings.name)
    if not folder.is_dir():
        folder = _from_hub(settings)
    _refuse_pickles(folder)
    return folder


def fingerprint(settings: EncoderSettings) -> str:
    """What identifies the encoder's files in a key: a checksum, or a hub name and commit.

    A hub name that is not in the local cache and has no pinned revision is identified by its name
    alone until it has been fetched.
    """
    if settings.name == EMBEDDED:
        return f"embedded:{CONVERSION}:{SOURCE_SHA256}"
    folder = user_path(settings.name)
    if folder.is_dir():
        return "folder:" + _sum_of_folder(folder)
    _check_hub_name(settings.name)
    commit = _cached_commit(settings) or settings.revision or "main"
    return f"hub:{settings.name}@{commit}"


PUBLISHED_LAYERS = {
    "FacebookAI/xlm-roberta-base": 12,
    "FacebookAI/xlm-roberta-large": 24,
    "google-bert/bert-base-multilingual-cased": 12,
}
"""Hub name -> layers, of the encoders that XTREME's protocols were written for, so that a study of them
can be planned before they are fetched (Conneau et al. 2020, arXiv 1911.02116; Devlin et al. 2019).
They have no sentence-transformers files, so no prompts."""


def layers_of(settings: EncoderSettings) -> int:
    """How many layers an encoder has, as its folder's config.json says.

    Raises:
        EncoderError: the folder cannot be found, or its config does not say.
    """
    if _is_published_elsewhere(settings):
        return PUBLISHED_LAYERS[settings.name]
    folder = local_folder(settings)
    config = _read_json(folder / "config.json")
    for name in ("num_hidden_layers", "n_layers", "num_layers", "n_layer"):
        if isinstance(config.get(name), int):
            return int(config[name])
    raise EncoderError(
        f"{folder}/config.json does not say how many layers there are", "num_hidden_layers"
    )


def _is_published_elsewhere(settings: EncoderSettings) -> bool:
    """Whether it is one of `PUBLISHED_LAYERS` and its files are not here."""
    here = settings.name == EMBEDDED or user_path(settings.name).is_dir()
    return not here and settings.name in PUBLISHED_LAYERS and _cached_commit(settings) is None


def _sum_of_folder(folder: Path) -> str:
    import hashlib

    total = hashlib.sha256()
    for pattern in (*_FILES_NEEDED, "*/config.json"):
        for path in sorted(folder.glob(pattern)):
            total.update(f"{path.relative_to(folder)}:{sha256_of_file(path)};".encode())
    return total.hexdigest()


def _check_hub_name(name: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        near = nearest(name, [EMBEDDED])
        raise EncoderError(
            f"no encoder {name!r}: no folder of that path, and no hub name",
            "`embedded`, a folder, or a hub name such as `xlm-roberta-large`",
            f"did you mean {near[0]!r}?" if near else None,
        ) from error


def _cached_commit(settings: EncoderSettings) -> str | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(settings.name, "config.json", revision=settings.revision)
    return Path(found).parent.name if isinstance(found, str) else None


def _from_hub(settings: EncoderSettings) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    _check_hub_name(settings.name)
    try:
        found = snapshot_download(
            settings.name, revision=settings.revision, allow_patterns=_FILES_NEEDED
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        near = nearest(settings.name, [EMBEDDED])
        hint = f"did you mean {near[0]!r}? Otherwise give" if near else "give"
        raise EncoderError(
            f"encoder {settings.name!r} is neither a folder here nor in the hub's local cache, and "
            f"could not be fetched: {_first_line(error)}",
            "`embedded`, a folder with config.json, model.safetensors and tokenizer files, or a hub "
            "name while there is a network",
            f"{hint} the folder's path, or fetch it where there is a network: "
            f"`hf download {settings.name}`",
        ) from error
    return Path(found)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _refuse_pickles(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise EncoderError(
            f"{folder} has no config.json",
            "a transformers or sentence-transformers folder",
        )
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(p.name for pattern in _PICKLES for p in folder.glob(pattern))
    if pickles:
        raise EncoderError(
            f"{folder} has its weights only as a pickle ({', '.join(pickles)}), which is refused: "
            "a pickle can run code when it is opened",
            "weights as .safetensors",
            "load it once where you trust it and save it with "
            "`model.save_pretrained(FOLDER, safe_serialization=True)`",
        )
    raise EncoderError(f"{folder} has no weights", "a file model.safetensors")


@dataclass(frozen=True, slots=True)
class OwnUse:
    """How an encoder is used; None where neither settings nor the folder's own files say.

    Args:
        pooling: of the tokens.
        prompt: the default prompt.
        max_tokens: the longest input.
    """

    pooling: Pooling | None = None
    prompt: str | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class OwnPrompts:
    """The prompts of an encoder's own sentence-transformers files.

    Args:
        named: name -> prompt.
        default: what goes before a text where no prompt is asked for; empty for none.
    """

    named: Mapping[str, str]
    default: str


def own_prompts(settings: EncoderSettings) -> OwnPrompts:
    """What the encoder's own files say of prompts, whatever the settings ask for.

    Raises:
        EncoderError: the encoder cannot be found or fetched.
    """
    if settings.name == EMBEDDED:  # known without its files, whose checksums take a second
        return OwnPrompts(PROMPTS, PROMPTS.get(DEFAULT_PROMPT or "", ""))
    if _is_published_elsewhere(settings):
        return OwnPrompts({}, "")
    return _prompts_in(local_folder(settings))


def prompt_of(settings: EncoderSettings) -> str:
    """What goes before every text: the settings' prompt, or where they have None, the default of the
    encoder's own files; empty for none.

    Raises:
        EncoderError: the encoder cannot be found or fetched.
    """
    return own_prompts(settings).default if settings.prompt is None else settings.prompt


def _prompts_in(folder: Path) -> OwnPrompts:
    config = _read_json(folder / "config_sentence_transformers.json")
    named = {name: prompt or "" for name, prompt in (config.get("prompts") or {}).items()}
    return OwnPrompts(named, named.get(config.get("default_prompt_name"), ""))


def own_use(folder: Path, settings: EncoderSettings) -> OwnUse:
    """What the settings ask for, and where they ask nothing, what the folder's own files say.

    The files are those of sentence-transformers: modules.json, 1_Pooling/config.json,
    config_sentence_transformers.json and sentence_bert_config.json.

    Raises:
        EncoderError: the folder makes vectors in a way that is not supported here.
    """
    own_prompt = _prompts_in(folder).default or None
    lengths = _read_json(folder / "sentence_bert_config.json")
    return OwnUse(
        pooling=settings.pooling or _own_pooling(folder),
        prompt=own_prompt if settings.prompt is None else settings.prompt,
        max_tokens=settings.max_tokens or lengths.get("max_seq_length"),
    )


_POOLING_NAMES: dict[str, Pooling] = {
    "mean": "mean",
    "cls": "first_token",
    "lasttoken": "last_token",
    "mean_tokens": "mean",
    "cls_token": "first_token",
    "weightedmean": "position_weighted",
    "weightedmean_tokens": "position_weighted",
}


def _own_pooling(folder: Path) -> Pooling | None:
    modules = _read_json(folder / "modules.json") or []
    kinds = [str(m.get("type", "")).rpartition(".")[2] for m in modules]
    unknown = [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
    if unknown:
        raise EncoderError(
            f"{folder} makes its vectors with {', '.join(unknown)} too, which is not supported",
            "Transformer, Pooling and Normalize alone",
            "set `pooling` of the encoder to use it without",
        )
    pooling = [m for m, kind in zip(modules, kinds, strict=True) if kind == "Pooling"]
    if not pooling:
        return None
    config = _read_json(folder / pooling[0].get("path", "1_Pooling") / "config.json")
    asked = [
        k.removeprefix("pooling_mode_") for k, v in config.items() if _is_mode(k) and v is True
    ]
    if isinstance(config.get("pooling_mode"), str):
        asked = [config["pooling_mode"]]
    if len(asked) != 1 or asked[0] not in _POOLING_NAMES:
        raise EncoderError(
            f"{folder} pools by {asked or config}, which is not supported",
            f"one of {', '.join(sorted(_POOLING_NAMES))}",
            "set `pooling` of the encoder",
        )
    return _POOLING_NAMES[asked[0]]


def _is_mode(name: str) -> bool:
    return name.startswith("pooling_mode_")


def _read_json(path: Path) -> Any:
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EncoderError(f"{path} is not valid JSON: {error}") from error
