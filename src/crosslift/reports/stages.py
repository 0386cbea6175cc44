"""The stages of an arm in words: its tasks and their shares, its settings, records left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslift.errors import shorten
from crosslift.results.arm_facts import ArmFacts, Augmentation, StageFacts, StageTask, TaskTower
from crosslift.wording import count, listed, plural, share

_TITLES = {
    "text_side": "text side",
    "l2_sp": "L2-SP",
    "lora": "LoRA",
    "dev_evaluations": "dev evaluations",
    "head_learning_rate": "learning rate of heads",
    "warmup_share": "warm-up share",
    "cached_texts": "texts at a time in the cached loss",
    "cached_tokens": "tokens at a time in the cached loss",
    "keep_best": "best dev weights kept",
    "shuffle_pictures": "pictures shuffled",
    "accumulate": "accumulation",
    "dev_limit": "limit of dev records",
    "limit": "limit of records",
    "translate": "translated",
}
_MOST_LETTERS = 60


@dataclass(frozen=True)
class StageWords:
    """A stage in the words of the page and the model card.

    Args:
        tasks: its tasks, each with its form and, if there are several, its share of the examples.
        budget: updates, batch size, learning rate.
        settings: every other setting that is not at its default.
        kept_weights: which update's weights were kept; empty if the last.
    """

    tasks: str
    budget: str
    settings: str
    kept_weights: str


@dataclass(frozen=True)
class TaskRow:
    """The training data of a task, with the arms that were trained on it.

    Args:
        task: its name.
        form: its form.
        train: number of its training records.
        rows: number of rows that training drew from.
        dev: number of its dev records.
        left_out: reasons, each with the number of its records.
        arms: names of the arms that read this data.
    """

    task: str
    form: str
    train: str
    rows: str
    dev: str
    left_out: tuple[str, ...]
    arms: str


def stage_words(stage: StageFacts) -> StageWords:
    """A stage in words."""
    updates = plural(stage.updates, "update")
    return StageWords(
        tasks=", ".join(_task(task, len(stage.tasks) > 1) for task in stage.tasks),
        budget=f"{updates} of {stage.batch_size}, {_rates(stage)}",
        settings=setting_words(stage.settings),
        kept_weights=_kept(stage.kept_updates),
    )


def _rates(stage: StageFacts) -> str:
    """The peak learning rate, or those that the seeds chose."""
    chosen = [f"{rate:g}" for rate in stage.learning_rates]
    if len(set(chosen)) > 1:
        return f"learning rates {listed(chosen)}, one for each seed (chosen)"
    return f"learning rate {stage.learning_rate:g}{' (chosen)' if chosen else ''}"


def _task(task: StageTask, mixed: bool) -> str:
    copies = _copies(task.augmentation) if task.augmentation else ""
    cost = f"an update costs {task.cost:.3g} plain ones" if task.cost != 1 else ""
    tower = tower_words(task.tower) if task.tower else ""
    english = ""
    if task.english_share is not None:
        english = f"{share(task.english_share)} of its records read as English"
    facts = (task.form, setting_words(task.settings), english, tower, copies, cost)
    return (
        f"{task.task} ({'; '.join(filter(None, facts))}){f' {share(task.share)}' if mixed else ''}"
    )


def tower_words(tower: TaskTower) -> str:
    """Words such as ``image tower embedded, frozen, was trained on ImageNet-1k photographs``."""
    side = "trained here" if tower.side == "trainable" else tower.side
    return f"image tower {tower.name}, {side}, was trained on {tower.trained_on}"


def _copies(augmentation: Augmentation) -> str:
    """Words such as ``3 copies of each record, 42% of their words with synonyms, 31% replaced``."""
    shares = [
        share(number / augmentation.words)
        for number in (augmentation.with_synonyms, augmentation.replaced)
    ]
    return (
        f"{augmentation.copies} copies of each record, {shares[0]} of their words with synonyms "
        f"({augmentation.source}), {shares[1]} replaced"
    )


def _kept(updates: Sequence[int]) -> str:
    if not updates:
        return ""
    if len(set(updates)) == 1:
        return f"the weights of update {updates[0]:,} were kept"
    numbers = listed([count(update) for update in updates])
    return f"the weights of updates {numbers} were kept, one for each seed"


def setting_words(settings: Mapping[str, Any]) -> str:
    """Settings in words, in their order.

    Args:
        settings: name -> value, as JSON.

    Returns:
        Such as ``LoRA (rank 8, alpha 16); frozen layers 6``; empty for none. Parts of a setting that
        are None are left out.
    """
    return "; ".join(_setting(name, value, nested=False) for name, value in settings.items())


def _setting(name: str, value: Any, nested: bool) -> str:
    title = _TITLES.get(name, name.replace("_", " "))
    if value is True or value == {}:
        return title
    if value is False or value is None:
        return f"{title}: {'no' if value is False else 'none'}"
    if not isinstance(value, Mapping):
        return f"{title} {_value(value)}"
    entries = {str(key): entry for key, entry in value.items() if entry is not None}
    inner = [_setting(key, entry, nested=True) for key, entry in entries.items()]
    if len(inner) == 1 and not nested:
        return f"{title} {inner[0]}"
    return f"{title} ({', '.join(inner)})"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return listed([_value(entry) for entry in value])
    return shorten(str(value), _MOST_LETTERS)


def task_rows(arms: Sequence[ArmFacts]) -> list[TaskRow]:
    """The training data of every task of every arm; arms that read the same data share a row.

    Args:
        arms: arms of the study, in order.

    Returns:
        A row for each task and reading of it, in the order of the arms.
    """
    groups: dict[tuple[Any, ...], dict[str, StageTask]] = {}
    for arm in arms:
        for stage in arm.stages:
            for task in stage.tasks:
                reading = (task.train, task.rows, task.dev, *sorted(task.left_out.items()))
                groups.setdefault((task.task, task.form, *reading), {})[arm.name] = task
    return [
        _task_row(next(iter(task_of_arm.values())), list(task_of_arm))
        for task_of_arm in groups.values()
    ]


def _task_row(task: StageTask, arms: list[str]) -> TaskRow:
    return TaskRow(
        task=task.task,
        form=task.form,
        train=count(task.train),
        rows=count(task.rows),
        dev=count(task.dev),
        left_out=left_out_words(task),
        arms=", ".join(arms),
    )


def left_out_words(task: StageTask) -> tuple[str, ...]:
    """Records that were not trained on, the most frequent reason first ("1,204 × no gold label")."""
    ordered = sorted(task.left_out.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(f"{count(number)} × {reason}" for reason, number in ordered if number)
