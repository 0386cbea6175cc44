"""The step that translates a task's training data."""

from __future__ import annotations

from dataclasses import asdict

from crosslift.errors import StudyError
from crosslift.making.translate import translate_task
from crosslift.making.translated import Translation
from crosslift.sources.translation.engines import engine_facts
from crosslift.sources.translation.translation_settings import TranslationSettings
from crosslift.steps.step import Step
from crosslift.tasks.task import IntermediateTask


def translate_step(task: IntermediateTask, settings: TranslationSettings) -> Step:
    """Translates the English training records of a task; nothing is translated yet, and only
    files that decide the key are downloaded.

    Its artifact: `records.jsonl`, all training records (English ones, if they are kept, then the
    records of each language), and `translation.json`: facts of the engine and, for each language, how
    many records were translated and dropped, by reason.

    Raises:
        StudyError: the task has no English texts, or texts that cannot be translated.
        DataError: the engine, a language pair or the model is missing.
    """
    task.form.facts.check_translatable()
    facts = engine_facts(settings)
    if not any(code.partition("-")[0] == "en" for code in task.languages):
        raise StudyError(
            f"task {task.name!r} has no English records to translate",
            "a task with English texts",
            "take `translate` out of this task",
        )
    return Step(
        kind="translate",
        label=f"{task.name} in {', '.join(settings.to)}",
        settings={
            "task": task.name,
            "form": asdict(task.form),
            "records": task.source.checksum(),
            "translation": settings.model_dump(mode="json", exclude={"model", "revision"}),
            "engine": facts,
        },
        inputs={},
        make=translate_task,
        work=most_records(task, settings.limit) * len(settings.to),
        job=Translation(task, settings),
    )


def most_records(task: IntermediateTask, limit: int | None) -> int:
    """The approximate number of training records of a task, without reading data of the hub.

    Args:
        task: the task.
        limit: most records; None: no limit.
    """
    declared = getattr(task, "train_examples", None)
    count = int(declared) if declared is not None else len(task.source.train())
    return count if limit is None else min(limit, count)
