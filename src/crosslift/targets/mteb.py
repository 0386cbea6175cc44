"""Tasks of MTEB as targets: ``mteb:NAME`` is the task NAME. `mteb` is imported when data are loaded."""

from __future__ import annotations

from functools import cache

from crosslift.errors import StudyError
from crosslift.sources.mteb_results import PublishedModel, published_models
from crosslift.sources.mteb_tasks import MtebTask, load_mteb_task
from crosslift.targets.evaluate_mteb import outcomes_of_items
from crosslift.targets.kinds.mteb_tasks import MtebData, MtebTarget
from crosslift.targets.protocols import MTEB_TASK
from crosslift.targets.target_settings import MtebSettings

MTEB_PREFIX = "mteb:"


@cache
def mteb_target(name: str) -> MtebTarget:
    """The target of a task of MTEB.

    Args:
        name: ``mteb:NAME``; whether MTEB has the task is known when its data are loaded.
    """
    task = name.removeprefix(MTEB_PREFIX)
    return MtebTarget(
        name=name,
        title=task,
        description="a task of MTEB, run by `mteb` itself (needs `crosslift[mteb]`)",
        metric="mteb_score",
        protocols=MTEB_TASK,
        load=_load,
        licence="of the task's dataset",
        citation=f"MTEB (Enevoldsen et al. 2025, arXiv 2502.13595), task {task}",
    )


def _load(settings: MtebSettings) -> MtebData:
    name = settings.name.removeprefix(MTEB_PREFIX)
    task = load_mteb_task(name, settings.data, settings.languages, settings.eval_split)
    others = [split for split in task.task.metadata.eval_splits if split != task.split]
    unread = dict.fromkeys((f"split {split}" for split in others), f"{task.split} is scored")
    published: tuple[PublishedModel, ...] = ()
    if settings.published is not None:
        published = published_models(settings.published, task, settings.published_models)
    elif settings.published_models is not None:
        raise StudyError(
            f"`published_models` of target {settings.name!r} without `published`",
            "the folder of MTEB's results as `published`",
        )
    notes = {code: _note(task, code) for code in task.subsets}
    return MtebData(task, published, notes=notes, unread=unread)


def _note(task: MtebTask, language: str) -> str:
    what = f"{task.main_score} of MTEB, subset {task.subsets[language]}, split {task.split}"
    if outcomes_of_items(task):
        return what
    return f"{what}: one score, without outcomes of single items; no interval is over items"
