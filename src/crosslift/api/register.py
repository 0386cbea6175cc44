"""Own targets, tasks, metrics and forms, declared from Python. Register them before a study is read."""

from __future__ import annotations

import sys
from typing import Any

from crosslift.forms.declared_forms import FORMS
from crosslift.forms.form_facts import FormFacts
from crosslift.metrics.table import METRICS, Metric
from crosslift.targets.all_targets import TARGETS
from crosslift.targets.target import Target
from crosslift.tasks.all_tasks import TASKS
from crosslift.tasks.task import IntermediateTask


def register_target(target: Target[Any, Any]) -> None:
    """Makes a target known by its name, in studies and commands of this process.

    Args:
        target: of one of the kinds of `crosslift.targets.kinds`. One that the same module registered
            before under the same name is replaced.

    Raises:
        StudyError: it is no target, another package declares the name, or the calling code is in no
            file.
    """
    TARGETS.register(target, _calling_module())


def register_task(task: IntermediateTask) -> None:
    """Makes an intermediate task known by its name.

    Args:
        task: as for `register_target`.

    Raises:
        StudyError: as `register_target`.
    """
    TASKS.register(task, _calling_module())


def register_metric(metric: Metric) -> None:
    """Makes a metric known by its name.

    Args:
        metric: as for `register_target`. A target names it as the metric of its protocols.

    Raises:
        StudyError: as `register_target`.
    """
    METRICS.register(metric, _calling_module())


def register_form(form: FormFacts) -> None:
    """Makes a form of task known by its name.

    Args:
        form: as for `register_target`; `computed_by` names the module with its class. A task that is
            registered, too, has the form.

    Raises:
        StudyError: as `register_target`.
    """
    FORMS.register(form, _calling_module())


def _calling_module() -> str:
    """The module that called the function that calls this one."""
    name: str = sys._getframe(2).f_globals["__name__"]
    return name
