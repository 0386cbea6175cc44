"""Registers your own targets, tasks, metrics and forms. Register them before you read a study."""

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
    """Registers a target, so that studies and commands of this process know its name.

    Args:
        target: a target of a kind in `crosslift.targets.kinds`. It replaces a target that the same
            module registered under the same name.

    Raises:
        StudyError: it is no target, another package declares the name, or the calling code is not in a
            file.
    """
    TARGETS.register(target, _calling_module())


def register_task(task: IntermediateTask) -> None:
    """Registers an intermediate task.

    Args:
        task: as in `register_target`.

    Raises:
        StudyError: as in `register_target`.
    """
    TASKS.register(task, _calling_module())


def register_metric(metric: Metric) -> None:
    """Registers a metric.

    Args:
        metric: as in `register_target`. The protocols of a target name it as their metric.

    Raises:
        StudyError: as in `register_target`.
    """
    METRICS.register(metric, _calling_module())


def register_form(form: FormFacts) -> None:
    """Registers a form of task.

    Args:
        form: as in `register_target`; `computed_by` names the module with its class. Registered tasks
            can have the form.

    Raises:
        StudyError: as in `register_target`.
    """
    FORMS.register(form, _calling_module())


def _calling_module() -> str:
    """Name of the module that called a function of this module."""
    name: str = sys._getframe(2).f_globals["__name__"]
    return name
