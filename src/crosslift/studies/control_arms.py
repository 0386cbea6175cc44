"""The control arms that come with an arm."""

from __future__ import annotations

from typing import Any, Literal

from crosslift.studies.arms import Arm
from crosslift.tasks.all_tasks import form_name
from crosslift.tasks.controls import CONTROLS, Control, automatic_controls, legal_controls
from crosslift.training.stage_settings import CACHED


def control_arms(
    name: str, arm: Arm, of_the_study: Literal["auto"] | tuple[Control, ...] = ()
) -> dict[str, Arm]:
    """The control arms that come with an arm, by name.

    In each, every task of the last stage that can have the control is trained on it; the earlier
    stages, the budget and the settings are the same as in the arm.

    Args:
        name: name of the arm.
        arm: the arm.
        of_the_study: controls of arms that state none.

    Raises:
        ValueError: no task of the arm's last stage has a control that the study asks for.
    """
    controls = arm.controls
    if controls is None:
        controls = (
            of_the_study if arm.stages and arm.control_of is None and not arm.reference else ()
        )
    if not controls:
        return {}
    if not arm.stages:
        raise ValueError(f"controls of arm {name}, which trains nothing")
    forms = [form_name(task.task) for task in arm.stages[-1].tasks]
    if controls == "auto":
        candidates = dict.fromkeys(c for form in forms for c in automatic_controls(form))
        locked = arm.stages[-1].text_side == "locked"
        controls = tuple(c for c in candidates if not (locked and c == "captions-only"))
    return {f"{name}--{control}": _control_arm(name, arm, control) for control in controls}


def _control_arm(name: str, arm: Arm, control: Control) -> Arm:
    stage = arm.stages[-1]
    able = {t.task for t in stage.tasks if control in legal_controls(form_name(t.task))}
    if not able:
        raise ValueError(f"control {control} of arm {name}: no task of its last stage has it")
    changed: dict[str, Any] = {
        "tasks": tuple(
            t.model_copy(update={"control": control}) if t.task in able else t for t in stage.tasks
        )
    }
    if control == "same-updates-no-task":
        changed |= dict.fromkeys(CACHED)  # it reads tokens; the loss is the same without
    stages = (*arm.stages[:-1], stage.model_copy(update=changed))
    update = {
        "description": f"{CONTROLS[control]} (control of {name})",
        "stages": stages,
        "control_of": name,
        "control": control,
        "controls": (),
        "interpolate": (),
    }
    return arm.model_copy(update=update)
