"""Which image towers were trained on the photographs that a target tests with."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.results.arm_facts import ArmFacts, TaskTower
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import listed


def seen_photographs(target: TargetFacts, arms: Sequence[ArmFacts]) -> str:
    """Sentences on the arms whose towers saw the photographs, and on those of unknown towers.

    Args:
        target: any target.
        arms: arms of the study.

    Returns:
        Empty if the photographs are of no set that towers are trained on, or no tower saw them.
    """
    if target.photographs is None:
        return ""
    trained = [arm.name for arm in arms if any(_saw(tower, target) for tower in _towers(arm))]
    unknown = [
        arm.name
        for arm in arms
        if arm.name not in trained and any(tower.photographs is None for tower in _towers(arm))
    ]
    sentences = []
    if trained:
        sentences.append(
            f"The photographs are of {target.photographs}, on which the image tower of "
            f"{listed(trained)} was trained, with labels."
        )
    if unknown:
        sentences.append(
            f"Whether the image tower of {listed(unknown)} was trained on {target.photographs} is "
            "not recorded."
        )
    return " ".join(sentences)


def _saw(tower: TaskTower, target: TargetFacts) -> bool:
    return target.photographs in (tower.photographs or ())


def _towers(arm: ArmFacts) -> list[TaskTower]:
    return [task.tower for stage in arm.stages for task in stage.tasks if task.tower]
