"""Finds the data of guards that learn from texts.

What trains does not import this module: it would make every reader of every task a part of its code.
"""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.tasks.all_tasks import find_task
from crosslift.training.guards.guard import Guard, GuardOnData


def on_their_data(guards: Sequence[Guard]) -> tuple[Guard, ...]:
    """Guards with the tasks whose texts they take.

    Args:
        guards: as `StageSettings.guards` gives them.

    Raises:
        CrossLiftError: a task is unknown, or its data cannot be used.
    """
    return tuple(_on_its_data(g) if isinstance(g, GuardOnData) else g for g in guards)


def _on_its_data(guard: GuardOnData) -> Guard:
    texts = dict(guard.texts)
    return guard.on(find_task(texts.pop("task"), **texts))
