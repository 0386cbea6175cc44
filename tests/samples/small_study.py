"""A study of seconds: a tiny encoder, tiny budgets, embedded targets in few languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.studies.reading import study_of
from crosslift.studies.schema import Study

SCRATCH: dict[str, Any] = {"options": {"tower": "convolutional"}, "limit": 200}
"""Of tasks with pictures: the small tower, which starts from scratch, and few of the pictures."""


def small_study(encoder: Path, **changes: Any) -> Study:
    """The study, with some of its settings changed."""
    raw: dict[str, Any] = {
        "name": "small",
        "question": "Do pictures help?",
        "seeds": [1, 2],
        "starts": {
            "plain": {"encoder": str(encoder)},
            "mlm": {
                "encoder": str(encoder),
                "stages": [{"task": "gettext-mlm", "budget": {"updates": 2, "batch_size": 4}}],
            },
        },
        "start": "mlm",
        "budget": {"updates": 3, "batch_size": 6},
        "arms": {
            "baseline": {},
            "text": {"stages": [{"task": "name-alias"}]},
            "image": {"stages": [{"task": "picture-name", **SCRATCH}]},
            "image-shuffled": {
                "control_of": "image",
                "stages": [{"task": "picture-name", **SCRATCH, "control": "shuffled-pictures"}],
            },
            "image-locked": {
                "stages": [{"task": "picture-name", **SCRATCH, "text_side": "locked"}]
            },
            "plain": {"start": "plain", "reference": True},
        },
        "targets": [
            {"name": "names", "languages": ["de", "ar"]},
            {"name": "gettext", "languages": ["de", "he"]},
            {"name": "pictures", "languages": ["en", "fa"]},
        ],
        "comparisons": [{"arm": "image", "against": "image-shuffled", "question": "Content?"}],
    }
    return study_of(raw | changes)


def untrained_plan(encoder: Path, devices: int, targets: list[Any]) -> Plan:
    """The plan of a study that measures an encoder as it is on several devices."""
    study = small_study(
        encoder,
        starts={"plain": {"encoder": {"name": str(encoder), "max_tokens": 32}}},
        start="plain",
        comparisons=[],
        devices=devices,
        arms={"baseline": {}},
        targets=targets,
    )
    return plan_study(study)
