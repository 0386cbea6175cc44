"""What `run.json` tells of a stage: its tasks and what they drew from, its settings, what it spent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crosslift.analysis.collect import Gathered
from crosslift.artifacts.store import Store
from crosslift.images.tower_knowledge import knowledge_of
from crosslift.planning.picture_steps import form_of
from crosslift.planning.training_steps import task_of
from crosslift.steps.step import Step
from crosslift.training.settings import MixedTaskSettings, StageSettings

_TOLD_OF_A_TASK = {"task", "data", "columns"}
_TOLD_OF_A_STAGE = {"tasks", "budget", "learning_rate"}


def stage_facts(gathered: Gathered, arm: str, number: int) -> dict[str, Any]:
    """The facts of a stage of an arm, JSON-like.

    Args:
        gathered: the run.
        arm: name of the arm.
        number: of the stage, from 0.

    Returns:
        tasks (with examples drawn, records, settings), updates (mean over seeds), batch size, learning
        rate, other settings that are not what they are by default, and for `keep_best` the update
        whose weights each seed kept.
    """
    study = gathered.plan.study
    stage = study.arms[arm].stages[number]
    steps = [run.stage_steps[number] for run in gathered.plan.runs if run.arm == arm]
    spent = [_read(step, gathered.store, "spent") for step in steps]
    records = _read(steps[0], gathered.store, "records")
    return {
        "tasks": _tasks(steps[0], stage, records, spent[0]),
        "updates": round(sum(each["updates"] for each in spent) / len(spent)),
        "batch_size": study.budget_of(stage).batch_size,
        "learning_rate": stage.learning_rate,
        "settings": _changed(stage, _TOLD_OF_A_STAGE),
        "kept_updates": [each["best_update"] for each in spent] if stage.keep_best else [],
    }


def _tasks(
    step: Step, stage: StageSettings, records: Mapping[str, Any], spent: Mapping[str, Any]
) -> list[dict[str, Any]]:
    taken, cost = spent["taken"], spent["cost"]
    drawn = sum(taken.get(name, 0) for name in records) or 1
    forms = [each["form"]["name"] for each in step.settings["tasks"]]
    rows = zip(forms, stage.tasks, records.items(), strict=True)
    return [
        {
            "task": name,
            "form": form,
            "examples": taken.get(name, 0),
            "share": taken.get(name, 0) / drawn,
            "settings": _changed(settings, _TOLD_OF_A_TASK),
            "cost": cost.get(name, 1.0),
            "tower": _tower(step, name),
            **found,
        }
        for form, settings, (name, found) in rows
    ]


def _tower(step: Step, name: str) -> dict[str, Any] | None:
    task = task_of(step, name).task
    if not task.pictures:
        return None
    form = form_of(task)
    knowledge = knowledge_of(form.tower_settings)
    return {
        "name": form.tower,
        "side": "frozen" if form.frozen else "trainable",
        "trained_on": knowledge.words,
        "photographs": knowledge.photographs,
    }


def _changed(settings: StageSettings | MixedTaskSettings, told: set[str]) -> dict[str, Any]:
    """The settings that are not what they are by default and not told elsewhere; nested ones whole."""
    whole = settings.model_dump(mode="json", exclude=told)
    changed = settings.model_dump(mode="json", exclude=told, exclude_defaults=True)
    return {name: whole[name] for name in changed}


def _read(step: Step, store: Store, name: str) -> dict[str, Any]:
    text = (step.open(store) / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
