"""Folders with an adapter (PEFT) for the model of another folder."""

from __future__ import annotations

from pathlib import Path

from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import EncoderError
from crosslift.model_files.read_model import read_json_object

_CONFIG = "adapter_config.json"


def is_adapter_folder(folder: Path) -> bool:
    """Whether a folder holds an adapter instead of a whole model.

    Raises:
        EncoderError: it has both, so the weights may already contain the adapter.
    """
    if not (folder / _CONFIG).is_file():
        return False
    whole = sorted(path.name for path in folder.glob("model*.safetensors"))
    if whole:
        raise EncoderError(
            f"{folder} has a whole model ({whole[0]}) and an adapter ({_CONFIG})",
            "one of them",
            f"delete {whole[0]}, or {_CONFIG} where the adapter was merged into the model",
        )
    return True


def base_settings(folder: Path) -> EncoderSettings:
    """The model that an adapter belongs to.

    Raises:
        EncoderError: the folder does not name it.
    """
    config = read_json_object(folder / _CONFIG)
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(name, str) or not name or not isinstance(revision, str | None):
        raise EncoderError(
            f"{folder}/{_CONFIG}: base_model_name_or_path {name!r}, revision {revision!r}",
            "a folder or a hub name, and its revision or null",
        )
    return EncoderSettings(name=name, revision=revision)
