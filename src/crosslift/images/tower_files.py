"""From an image tower's name to the local folder of its files, and what those files say."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crosslift.artifacts.files import sha256_of_file
from crosslift.artifacts.places import user_path
from crosslift.artifacts.published import check_weights, read_json_object
from crosslift.errors import EncoderError, nearest
from crosslift.images.tower_settings import CONVOLUTIONAL, EMBEDDED, TIMM, TowerSettings

CONFIGS = ("*.json", "*.txt", "*.model")
WEIGHTS = ("*.safetensors",)


def tower_folder(settings: TowerSettings) -> Path:
    """The folder of a published tower's files: as given, or fetched from the hub.

    Of a tower with random weights only the configuration is fetched.

    Raises:
        EncoderError: no such folder, no network, no config.json, no safetensors weights.
    """
    random = settings.weights == "random"
    return model_folder(settings.name, settings.revision, weights=not random)


def model_folder(name: str, revision: str | None, *, weights: bool = True) -> Path:
    """The folder of a vision model, or of a model of pictures and texts.

    Args:
        name: a folder, a hub name, or ``timm:NAME``.
        revision: of a hub name.
        weights: whether they are needed too.

    Raises:
        EncoderError: as `tower_folder` has it.
    """
    folder = user_path(name)
    if not folder.is_dir():
        folder = _from_hub(name, revision, CONFIGS + (WEIGHTS if weights else ()))
    if not (folder / "config.json").is_file():
        raise EncoderError(
            f"{folder} has no config.json", "the folder of a transformers or timm vision model"
        )
    if weights:
        check_weights(folder, "give weights: random, if its architecture alone is wanted")
    return folder


def published_fingerprint(settings: TowerSettings) -> str:
    """What identifies a tower's files in a key: a checksum, or a hub name and commit.

    A hub name that is not in the local cache and has no pinned revision is identified by its name
    alone until it has been fetched.

    Raises:
        EncoderError: a name that is neither a folder nor a hub name.
    """
    folder = user_path(settings.name)
    if folder.is_dir():
        patterns = CONFIGS if settings.weights == "random" else CONFIGS + WEIGHTS
        return f"folder:{_sum_of_folder(folder, patterns)}:{settings.weights}"
    repository = hub_name(settings.name)
    commit = _cached_commit(repository, settings.revision) or settings.revision or "main"
    return f"hub:{repository}@{commit}:{settings.weights}"


def hub_name(name: str) -> str:
    """The hub's repository of a name; ``timm:NAME`` is ``timm/NAME`` there.

    Raises:
        EncoderError: it cannot be one.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    repository = name.removeprefix(TIMM)
    if name.startswith(TIMM) and "/" not in repository:
        repository = f"timm/{repository}"
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        near = nearest(name, [*EMBEDDED, CONVOLUTIONAL])
        raise EncoderError(
            f"no image tower {name!r}: no folder of that path, and no hub name",
            f"`{EMBEDDED[0]}`, `{CONVOLUTIONAL}`, a folder, a hub name such as "
            "`google/siglip2-base-patch16-224`, or `timm:NAME`",
            f"did you mean {near[0]!r}?" if near else None,
        ) from error
    return repository


def is_timm(folder: Path) -> bool:
    """Whether a folder is a timm model's, as the hub lays it out."""
    config = read_json_object(folder / "config.json")
    return "architecture" in config and "model_type" not in config


def _sum_of_folder(folder: Path, patterns: tuple[str, ...]) -> str:
    total = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        total.update(f"{path.name}:{sha256_of_file(path)};".encode())
    return total.hexdigest()


def _cached_commit(repository: str, revision: str | None) -> str | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, "config.json", revision=revision)
    return Path(found).parent.name if isinstance(found, str) else None


def _from_hub(name: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository = hub_name(name)
    try:
        found = snapshot_download(repository, revision=revision, allow_patterns=list(patterns))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        near = nearest(name, [*EMBEDDED, CONVOLUTIONAL])
        hint = f"did you mean {near[0]!r}? Otherwise give" if near else "give"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise EncoderError(
            f"image tower {name!r} is neither a folder here nor in the hub's local cache, and could "
            f"not be fetched: {reason}",
            f"`{EMBEDDED[0]}`, `{CONVOLUTIONAL}`, a folder with config.json, preprocessor_config.json "
            "and model.safetensors, or a hub name while there is a network",
            f"{hint} the folder's path, or fetch it where there is a network: "
            f"`hf download {repository}`",
        ) from error
    return Path(found)
