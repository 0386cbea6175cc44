"""From a translation model's name to its folder and checksum."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.places import user_path
from crosslift.errors import DataError
from crosslift.sources.text_files import read_text
from crosslift.sources.translation.sums import sum_of_file

_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.spm")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NEEDED = "a folder with config.json, model.safetensors and tokenizer files, or a hub name"


def model_folder(name: str, revision: str | None) -> Path:
    """The folder of a model: as given, or fetched from the hub.

    Raises:
        DataError: no such folder, no network, or no weights as safetensors.
    """
    folder = user_path(name)
    if not folder.is_dir():
        folder = _from_hub(name, revision)
    if not (folder / "config.json").is_file():
        raise DataError(f"{folder} has no config.json", _NEEDED)
    if not any(folder.glob("*.safetensors")):
        raise DataError(
            f"{folder} has no weights as safetensors (a pickle is refused: it can run code)",
            "a file model.safetensors",
            "load it once where you trust it and save it with `model.save_pretrained(FOLDER)`; some "
            "hub models have them in another revision",
        )
    return folder


def not_yet_fetched(name: str, revision: str | None) -> bool:
    """Whether a model is a commit of the hub that is not in the local cache."""
    from huggingface_hub import try_to_load_from_cache

    if user_path(name).is_dir() or not _COMMIT.fullmatch(revision or ""):
        return False
    return not isinstance(try_to_load_from_cache(name, "config.json", revision=revision), str)


def model_facts(files: str) -> dict[str, Any]:
    """What decides a model's translations: its files (see `model_checksum`), and a library that some
    tokenizers normalise punctuation with where it is installed."""
    sacremoses = importlib.util.find_spec("sacremoses") is not None
    return {"engine": "seq2seq", "files": files, "sacremoses": sacremoses}


def model_checksum(folder: Path, name: str) -> str:
    """What identifies a model's files in a key: a checksum, or a hub name and commit."""
    if folder.parent.name == "snapshots":
        return f"hub:{name}@{folder.name}"
    paths = sorted(path for pattern in _WANTED for path in folder.glob(pattern))
    sums = ";".join(f"{path.name}:{sum_of_file(path)}" for path in paths)
    return "folder:" + hashlib.sha256(sums.encode()).hexdigest()


def read_config(folder: Path) -> dict[str, Any]:
    """A model's config.json.

    Raises:
        DataError: it cannot be read or is no JSON object.
    """
    path = folder / "config.json"
    config = parse_json(read_text(path), str(path))
    if not isinstance(config, dict):
        raise DataError(f"{path} holds a {type(config).__name__}", "an object")
    return config


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(_WANTED)))
    except HFValidationError as error:
        raise DataError(
            f"no translation model {name!r}: no folder of that path, and no hub name", _NEEDED
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise DataError(
            f"translation model {name!r} is neither a folder here nor in the hub's local cache, and "
            f"could not be fetched: {said}",
            _NEEDED + " while there is a network",
            f"give the folder's path, or fetch it where there is a network: `hf download {name}`",
        ) from error
