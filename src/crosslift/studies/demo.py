"""The study of `crosslift demo`."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from crosslift.studies.reading import parse_study
from crosslift.studies.schema import Study
from crosslift.targets.target_settings import TargetSettings


def demo_study(data: Path | None, start: str) -> Study:
    """The demo's study.

    Args:
        data: folder of Tatoeba files, which adds that target. None: without it.
        start: what the arms start from.
    """
    text = (resources.files("crosslift.studies") / "demo.yaml").read_text(encoding="utf-8")
    study = parse_study(text, source="the demo's study")
    changes: dict[str, object] = {"start": start}
    if start == "embedded":
        changes["name"] = "demo-embedded"
        changes["arms"] = {n: a for n, a in study.arms.items() if not a.reference}
    if data is not None:
        tatoeba = TargetSettings(name="tatoeba", data=data)
        changes["targets"] = (*study.targets, tatoeba)
    return study.model_copy(update=changes)
