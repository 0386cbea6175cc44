"""Which names of a study other packages and modules of the user declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crosslift.extensions.registry import Registry
from crosslift.forms.declared_forms import FORMS
from crosslift.metrics.table import METRICS
from crosslift.planning.plan import Plan
from crosslift.results.extension_facts import ExtensionFacts
from crosslift.studies.schema import Study
from crosslift.targets.all_targets import TARGETS
from crosslift.tasks.all_tasks import TASKS, form_name
from crosslift.training.guards.guard import GuardOnData


def extensions_used(plan: Plan) -> tuple[ExtensionFacts, ...]:
    """Every target, task, metric and form of a study that CrossLift itself does not declare."""
    tasks = list(dict.fromkeys(_task_names(plan.study)))
    protocols = (each for loaded in plan.targets.values() for each in loaded.protocols)
    return (
        *_foreign(TARGETS, plan.targets),
        *_foreign(TASKS, tasks),
        *_foreign(METRICS, (protocol.metric for protocol in protocols)),
        *_foreign(FORMS, map(form_name, tasks)),
    )


def _task_names(study: Study) -> Iterator[str]:
    stages = [stage for start in study.starts.values() for stage in start.stages]
    stages += [stage for arm in study.arms.values() for stage in arm.stages]
    for stage in stages:
        yield from (task.task for task in stage.tasks)
        for guard in stage.guards:
            if isinstance(guard, GuardOnData):
                yield str(guard.texts["task"])
    yield from (target.english_task for target in study.targets if target.english_task)


def _foreign(registry: Registry[Any], names: Iterable[str]) -> Iterator[ExtensionFacts]:
    for name in dict.fromkeys(names):
        origin = registry.origin(name)
        if origin is not None:
            yield ExtensionFacts(
                what=registry.what,
                name=name,
                package=origin.package,
                version=origin.version,
                module=origin.module,
            )
