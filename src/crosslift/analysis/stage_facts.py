"""The facts of a stage for ``run.json``: its tasks and their data, its settings, its updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosslift.analysis.collect import Gathered
from crosslift.images.tower_knowledge import knowledge_of
from crosslift.making.training_files import (
    Spent,
    TaskRecords,
    read_curve,
    read_spent,
    read_task_records,
)
from crosslift.planning.choice_steps import chooses, chosen_settings
from crosslift.planning.picture_steps import form_of
from crosslift.planning.training_steps import task_of
from crosslift.results.arm_facts import Learning, StageFacts, StageTask, TaskTower
from crosslift.steps.step import Step
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

Curve = list[tuple[int, str, str, float]]
"""Rows of update, task, metric and value."""

_FIELDS_OF_A_TASK = {"task", "data", "columns"}
_FIELDS_OF_A_STAGE = {"tasks", "budget", "learning_rate"}


def stage_facts(gathered: Gathered, arm: str, number: int) -> StageFacts:
    """The facts of a stage of an arm.

    Args:
        gathered: the run.
        arm: name of the arm.
        number: number of the stage, from 0.
    """
    study = gathered.plan.study
    stage = study.arms[arm].stages[number]
    steps = [run.stage_steps[number] for run in gathered.plan.runs if run.arm == arm]
    spent = [read_spent(step.open(gathered.store)) for step in steps]
    records = read_task_records(steps[0].open(gathered.store))
    curves = [read_curve(step.open(gathered.store)) for step in steps]
    rates = _chosen_rates(gathered, steps)
    return StageFacts(
        tasks=tuple(_tasks(steps[0], stage, records, spent[0], curves)),
        updates=round(sum(each.updates for each in spent) / len(spent)),
        batch_size=study.budget_of(stage).batch_size,
        learning_rate=sum(rates) / len(rates) if rates else stage.learning_rate,
        settings=_changed(stage, _FIELDS_OF_A_STAGE),
        kept_updates=tuple(each.best_update for each in spent) if stage.keep_best else (),
        learning_rates=rates,
    )


def _chosen_rates(gathered: Gathered, steps: Sequence[Step]) -> tuple[float, ...]:
    """The learning rate that each seed chose; empty where none was chosen."""
    chosen = [chosen_settings(step, gathered.store).settings for step in steps if chooses(step)]
    return tuple(each["learning_rate"] for each in chosen if "learning_rate" in each)


def _tasks(
    step: Step,
    stage: StageSettings,
    records: Mapping[str, TaskRecords],
    spent: Spent,
    curves: Sequence[Curve],
) -> Iterator[StageTask]:
    taken = spent.taken
    drawn = sum(taken.get(name, 0) for name in records) or 1
    forms = [each["form"]["name"] for each in step.settings["tasks"]]
    rows = zip(forms, stage.tasks, records.items(), strict=True)
    for form, settings, (name, counts) in rows:
        yield StageTask(
            task=name,
            form=form,
            examples=taken.get(name, 0),
            share=taken.get(name, 0) / drawn,
            settings=_changed(settings, _FIELDS_OF_A_TASK),
            cost=spent.cost.get(name, 1.0),
            tower=_tower(step, name),
            train=counts.train,
            dev=counts.dev,
            rows=counts.rows,
            left_out=counts.left_out,
            english_share=task_of(step, name).english_share,
            learning=_learning(step, name, stage.keep_best, curves),
            augmentation=counts.augmentation,
        )


def _learning(step: Step, name: str, keep_best: bool, curves: Sequence[Curve]) -> Learning | None:
    """Whether a task was learnt, by the dev scores of all seeds."""
    run = task_of(step, name)
    guess = run.task.form.facts.guess
    if guess is None:
        return None
    of_seeds = [
        [value for _, task, metric, value in curve if (task, metric) == (name, guess.metric)]
        for curve in curves
    ]
    if not all(of_seeds):
        return None
    score = sum(max(v) if keep_best else v[-1] for v in of_seeds) / len(of_seeds)
    dev = run.dev()
    return Learning(
        metric=guess.metric,
        score=score,
        guess=guess.score(dev),
        learnt=score > guess.learnt_above(dev),
    )


def _tower(step: Step, name: str) -> TaskTower | None:
    task = task_of(step, name).task
    if not task.pictures:
        return None
    form = form_of(task)
    knowledge = knowledge_of(form.tower_settings)
    return TaskTower(
        name=form.tower,
        side="frozen" if form.frozen else "trainable",
        trained_on=knowledge.words,
        photographs=knowledge.photographs,
    )


def _changed(settings: StageSettings | MixedTaskSettings, own_fields: set[str]) -> dict[str, Any]:
    """The settings that differ from their defaults and have no separate field in the facts; nested
    settings are whole."""
    whole = settings.model_dump(mode="json", exclude=own_fields)
    changed = settings.model_dump(mode="json", exclude=own_fields, exclude_defaults=True)
    return {name: whole[name] for name in changed}
