"""Reading the data of a target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crosslift.making.loaded_target import Loaded
from crosslift.targets.all_targets import find_target
from crosslift.targets.target_settings import TargetSettings


def load_target(settings: TargetSettings) -> Loaded[Any]:
    """Reads the data of a target, in the class of its kind of data.

    Raises:
        UnknownNameError: there is no such target, direction or protocol.
        StudyError: the target's kind does not read one of the settings.
        DataError: the data cannot be used.
    """
    target = find_target(settings.name).with_direction(settings.direction)
    settings.check_read_by(target.settings)
    languages = list(settings.languages) if settings.languages else None
    user_files = settings.data is not None or settings.catalogs is not None
    protocols = target.protocols_for(settings.protocols)
    data_settings: dict[str, Any] = {"languages": languages, "own files": user_files}
    data = target.load(settings)
    part = data.part(settings)
    if part is not None:
        data, data_settings = part.data, data_settings | part.limits
        target = replace(target, title=f"{target.title} ({part.words})")
    if data.split == "dev":
        target = replace(target, title=f"{target.title}, dev")
    return Loaded(target, data, data_settings, protocols, settings, part.words if part else "")
