"""The steps that encode training texts by a further encoder: a guide or a teacher."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from crosslift.artifacts.read_once import read_once
from crosslift.making.guide_vectors import (
    TEXTS,
    GuidedTexts,
    encode_guided,
    guide_role,
    texts_by_language,
)
from crosslift.making.task_run import TaskRun
from crosslift.making.trained import Trained
from crosslift.planning.translation_steps import most_records
from crosslift.steps.step import Step
from crosslift.training.stage_settings import StageSettings

_CHOOSES = {"limit", "skip_broken", "check_language"}
"""Settings that choose the records of a task."""


class _Texts(NamedTuple):
    """Texts that are encoded together.

    Args:
        language: language of the texts; None: all languages.
        facts: facts that decide the texts besides the translation, JSON-like.
        size: approximate number of texts.
    """

    language: str | None
    facts: dict[str, Any]
    size: int


def guide_steps(name: str, run: TaskRun, stage: StageSettings, devices: int) -> dict[str, Step]:
    """The steps that encode a task's training texts by its further encoders, by their role: one for
    each language, or one for all where planning does not read the texts (published data, translations).

    Arms, seeds and settings with the same texts and the same encoder share them. If a stage
    trains on copies with synonyms, which every seed draws anew, there are no such steps: the training
    encodes the texts.

    Args:
        name: name of the task in its stage.
        run: the task.
        stage: stage that trains on the task.
        devices: number of devices that encode together.
    """
    if stage.robust is not None and stage.robust.data_augmentation is not None:
        return {}
    steps: dict[str, Step] = {}
    for option, settings in run.further_encoders.items():
        encoder = Trained.untouched(settings, devices)
        group = f"texts of {run.task.name} by its {option} {settings.name}"
        columns = run.columns_read(option)
        for texts in _texts(run, columns):
            steps[guide_role(name, option, texts.language)] = Step(
                kind="encode",
                label=group if texts.language is None else f"{group}, {texts.language}",
                settings={"encoder": encoder.facts, **texts.facts},
                inputs={"translated": run.translated} if run.translated else {},
                make=encode_guided,
                work=texts.size,
                job=GuidedTexts(encoder, run, columns, texts.language),
                group=group,
                devices=devices,
            )
    return steps


def _texts(run: TaskRun, columns: tuple[str, ...]) -> Iterator[_Texts]:
    if run.translated is None and run.at_hand is not None:
        for language, key, size in _at_hand(run, columns):
            yield _Texts(language, {TEXTS: key}, size)
        return
    limit, translate = run.settings.limit, run.settings.translate
    facts = {
        "task": run.task.name,
        "records": run.checksum,
        "columns": list(columns),
        "limited_by": run.limited_by,
        **run.settings.model_dump(include=_CHOOSES),
    }
    languages = 1 + len(translate.to) if translate else 1
    yield _Texts(None, facts, most_records(run.task, limit) * languages * len(columns))


def _decides(run: TaskRun, columns: tuple[str, ...]) -> tuple[object, ...]:
    return run.task.name, run.checksum, run.settings.model_dump_json(), columns


@read_once(key=_decides)
def _at_hand(run: TaskRun, columns: tuple[str, ...]) -> list[tuple[str, str, int]]:
    """Language, key and number of the texts of each language; read once for all seeds."""
    by_language = texts_by_language(run.at_hand or (), columns)
    return [(name, texts.key, len(texts.places)) for name, texts in by_language.items()]
