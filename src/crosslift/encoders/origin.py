"""The published model that an encoder's weights derive from, for the card of an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from crosslift.artifacts.places import user_path
from crosslift.encoders.encoder_folder import EMBEDDED
from crosslift.encoders.encoder_settings import EncoderSettings

CARD_FILE = "README.md"


class Origin(NamedTuple):
    """What an encoder's weights derive from.

    Args:
        hub_name: name of the model on the hub; None if unknown.
        licence: identifier of its licence, such as ``mit``; None if unknown.
        note: remark on its licence for users, in words.
    """

    hub_name: str | None
    licence: str | None
    note: str


_EMBEDDED = Origin(
    "intfloat/multilingual-e5-small",
    "mit",
    "The weights derive from multilingual-e5-small (MIT), which is carried in 4 bits.",
)


def origin_of(settings: EncoderSettings, folder: Path) -> Origin:
    """The origin of an encoder: its hub name, and its licence by its own model card. It fetches
    nothing.

    Args:
        settings: settings of the encoder.
        folder: folder of its files.
    """
    if settings.name == EMBEDDED:
        return _EMBEDDED
    card = _front_matter(folder / CARD_FILE)
    licence = card.get("license") if isinstance(card.get("license"), str) else None
    hub_name = base_model(folder) if user_path(settings.name).is_dir() else settings.name
    states = f", whose model card states {licence}" if licence else ": its licence holds"
    return Origin(hub_name, licence, f"The weights derive from {settings.name}{states}.")


def base_model(folder: Path) -> str | None:
    """The hub name of the model that a folder's model card names as its base; None if it names
    none."""
    base = _front_matter(folder / CARD_FILE).get("base_model")
    return base if isinstance(base, str) else None


def _front_matter(card: Path) -> dict[str, Any]:
    """The front matter of a model card; empty if there is no card, or it cannot be read."""
    try:
        parts = card.read_text(encoding="utf-8").split("---\n", 2)
        content = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else {}
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}
