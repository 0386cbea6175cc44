"""Folders that hold an adapter (PEFT) for the model of another folder."""

from __future__ import annotations

from pathlib import Path

from crosslift.artifacts.published import read_json_object
from crosslift.encoders.settings import EncoderSettings
from crosslift.errors import EncoderError

_CONFIG = "adapter_config.json"


def is_adapter_folder(folder: Path) -> bool:
    """Whether a folder holds an adapter instead of a whole model."""
    return (folder / _CONFIG).is_file() and not (folder / "config.json").is_file()


def base_settings(folder: Path) -> EncoderSettings:
    """The model that an adapter belongs to.

    Raises:
        EncoderError: the folder does not say.
    """
    config = read_json_object(folder / _CONFIG)
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(name, str) or not name or not isinstance(revision, str | None):
        raise EncoderError(
            f"{folder}/{_CONFIG}: base_model_name_or_path {name!r}, revision {revision!r}",
            "a folder or a hub name, and its revision or null",
        )
    return EncoderSettings(name=name, revision=revision)
