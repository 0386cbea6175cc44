"""The study of `crosslift demo`."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from crosslift.studies.reading import parse_study
from crosslift.studies.schema import Study
from crosslift.targets.target_settings import TargetSettings
from crosslift.training.budget import Budget

_QUICK_ARMS = ("baseline", "text", "image", "image-shuffled")
_QUICK_LANGUAGES = {
    "names": ("ar", "de", "ja", "ru"),
    "gettext": ("ar", "de", "hi"),
    "pictures": ("en", "ar", "de", "ja", "ru"),
}


def demo_study(data: Path | None, start: str, *, quick: bool = False) -> Study:
    """The demo's study.

    Args:
        data: folder of Tatoeba files, which adds the target Tatoeba. None: no such target.
        start: encoder that the arms start from.
        quick: fewer seeds, arms, updates and languages: a first report.
    """
    text = (resources.files("crosslift.studies") / "demo.yaml").read_text(encoding="utf-8")
    study = parse_study(text, source="the demo's study")
    changes: dict[str, Any] = {"start": start}
    if start == "embedded":
        changes["name"] = "demo-embedded"
        changes["arms"] = {n: a for n, a in study.arms.items() if not a.reference}
    if quick:
        changes |= _quick(study, start)
    if data is not None:
        tatoeba = TargetSettings(name="tatoeba", data=data)
        changes["targets"] = (*changes.get("targets", study.targets), tatoeba)
    return study.model_copy(update=changes)


def _quick(study: Study, start: str) -> dict[str, Any]:
    """The settings that differ in a quick demo: fewer seeds, arms, updates and languages."""
    (stage,) = study.starts["embedded-mlm"].stages
    short = stage.model_copy(update={"budget": Budget(updates=45, batch_size=32)})
    deep = study.starts["embedded-mlm"].model_copy(update={"stages": (short,)})
    targets = tuple(
        target.model_copy(
            update={"languages": _QUICK_LANGUAGES[target.name], "pairs": target.pairs and 100}
        )
        for target in study.targets
    )
    return {
        "name": "demo-quick" if start == "embedded-mlm" else "demo-embedded-quick",
        "seeds": (1, 2, 3),
        "budget": Budget(updates=14, batch_size=64),
        "starts": study.starts | {"embedded-mlm": deep},
        "arms": {name: study.arms[name] for name in _QUICK_ARMS},
        "targets": targets,
    }
