"""Refuses a task in whose records no negative can be found, before anything is trained."""

from __future__ import annotations

from crosslift.forms.alike import check_negatives, refuse_without_negatives
from crosslift.making.task_run import TaskRun

_OWN_NEGATIVES = "negative"


def check_negatives_of(run: TaskRun) -> None:
    """Checks that some record of a task can have a negative, if planning can read the records quickly.

    It does not read the records of published datasets: training refuses them.

    Args:
        run: task with its limit.

    Raises:
        DataError: each record is alike every other one, whatever batches are drawn.
    """
    form = run.task.form.changed({"hard_negatives": "none"})  # drawn from the task's own records
    if not form.learns_from_others:
        return
    what = f"records of task {run.task.name!r}"
    if run.settings.limit == 1 and run.translated is None:
        refuse_without_negatives(what, 1)
    records = run.at_hand  # translation adds no negatives
    if records is not None:
        columns = [bound for name, bound in form.columns.items() if name != _OWN_NEGATIVES]
        check_negatives(records, columns, what)
