"""From an image tower's name to the local folder of its files, and facts in those files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crosslift.errors import EncoderError
from crosslift.images.tower_settings import CONVOLUTIONAL, EMBEDDED, TIMM, TowerSettings
from crosslift.model_files.find_model import WEIGHTS, ModelKind, PublishedModel, listing
from crosslift.model_files.read_model import check_weights, read_json_object


def _on_hub(name: str) -> str:
    """The hub's repository of a name; ``timm:NAME`` is ``timm/NAME`` there."""
    repository = name.removeprefix(TIMM)
    return f"timm/{repository}" if name.startswith(TIMM) and "/" not in repository else repository


_IMAGE_TOWER = ModelKind(
    name="image tower",
    error=EncoderError,
    files=("*.json", WEIGHTS, "*.txt", "*.model"),
    one_of=("config.json",),
    expected=f"`{EMBEDDED[0]}`, `{CONVOLUTIONAL}`, a folder with config.json, "
    "preprocessor_config.json and model.safetensors, `timm:NAME`, or a hub name such as "
    "`google/siglip2-base-patch16-224`",
    built_in=(*EMBEDDED, CONVOLUTIONAL),
    on_hub=_on_hub,
)


def tower_folder(settings: TowerSettings) -> Path:
    """The folder of a published tower's files: a local one, or one from the hub.

    For a tower with random weights only the configuration is fetched.

    Raises:
        EncoderError: no such folder, no network, no config.json, no safetensors weights.
    """
    return _checked_folder(_published(settings))


def check_published(settings: TowerSettings) -> None:
    """Raises if a published tower is not available. Fetches nothing.

    Raises:
        EncoderError: as `tower_folder`.
    """
    model = _published(settings)
    folder = model.present()
    if folder is not None and model.weights:
        check_weights(folder, "set weights: random to use the architecture alone")


def model_folder(name: str, revision: str | None) -> Path:
    """The folder of a vision model, or of a model of pictures and texts, with its weights.

    Args:
        name: a folder, a hub name, or ``timm:NAME``.
        revision: revision of a hub name.

    Raises:
        EncoderError: as for `tower_folder`.
    """
    return _checked_folder(PublishedModel(_IMAGE_TOWER, name, revision))


def published_fingerprint(settings: TowerSettings) -> str:
    """The text that identifies a tower's files in a key: see `PublishedModel.fingerprint`.

    Raises:
        EncoderError: a name that is neither a folder nor a hub name.
    """
    model = _published(settings)
    files = model.fingerprint(lambda folder: _sum_of_files(folder, model.files_in(folder)))
    return f"{files}:{settings.weights}"


def is_timm(folder: Path) -> bool:
    """Whether a folder has a timm model in the layout of the hub."""
    config = read_json_object(folder / "config.json")
    return "architecture" in config and "model_type" not in config


def _published(settings: TowerSettings) -> PublishedModel:
    weights = settings.weights != "random"
    return PublishedModel(_IMAGE_TOWER, settings.name, settings.revision, weights)


def _checked_folder(model: PublishedModel) -> Path:
    folder = model.folder()
    if model.weights:
        check_weights(folder, "set weights: random to use the architecture alone")
    return folder


def _sum_of_files(folder: Path, paths: list[Path]) -> str:
    return hashlib.sha256(listing(folder, sorted(paths)).encode()).hexdigest()
