"""Distillation from the encoder itself: the vectors of unlabelled texts stay close to those at the
start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from crosslift.errors import StudyError
from crosslift.sources.python_data import DataPath
from crosslift.training.guards.guard import GuardOnData, OpenGuard
from crosslift.training.update_part import UpdatePart

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.form import FormOptions, OpenTask
    from crosslift.tasks.task import IntermediateTask

Count = Annotated[int, Field(ge=1)]


class DistillationSettings(BaseModel):
    """Keeps the vectors of unlabelled multilingual texts close to those at the start of the
    stage.

    Source: distillation of hidden vectors, Romero et al. 2015 (arXiv 1412.6550), section 2; against
    forgetting, Li and Hoiem 2016 (arXiv 1606.09282), section 3.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str = "gettext-mlm"
    """Task whose texts are used; its labels are not."""
    data: DataPath | None = None
    """Data of that task, as in a stage."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Columns of that task, as in a stage."""
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Factor of the loss, which is 1 - cosine, the mean over the texts."""
    batch_size: Count = 32
    """Number of texts in one update, besides the batch of the budget; their tokens count as
    spent."""
    texts: Count = 2_000
    """Number of texts, drawn equally often from each language, whose vectors are kept."""


_TASK = {"task", "data", "columns"}


class Distillation(GuardOnData):
    """Adds the loss of texts whose vectors move (see `crosslift.training.guards.held_vectors`)."""

    settings: DistillationSettings
    name = "distillation"

    @property
    def texts(self) -> Mapping[str, Any]:
        """Name, data and columns of the task."""
        return {name: getattr(self.settings, name) for name in _TASK}

    def on(self, task: IntermediateTask) -> Self:
        """Holds the vectors of a task's texts.

        Raises:
            StudyError: it has no texts.
        """
        if not task.form.columns:
            raise StudyError(
                f"distillation on task {task.name!r}, which has no texts", "a task of texts"
            )
        return super().on(task)

    def facts(self) -> dict[str, Any]:
        """Its settings, and the form and the records of the task."""
        own = self.settings.model_dump(mode="json", exclude={"data", "columns"})
        form, source = self.task.form, self.task.source
        return {**own, "form": asdict(form), "records": source.checksum()}

    @contextlib.contextmanager
    def open(self, encoder: Encoder, options: FormOptions) -> Iterator[OpenGuard]:
        """Remembers the vectors of the texts.

        Raises:
            DataError: there is no text.
        """
        from crosslift.training.guards.held_vectors import OpenDistillation

        column = next(iter(self.task.form.columns.values()))
        records, texts = self.task.source.train(), self.settings.texts
        yield _OpenDistillation(
            self.settings, OpenDistillation(encoder, records, column, texts, options)
        )


class _OpenDistillation(OpenGuard):
    def __init__(self, settings: DistillationSettings, task: OpenTask) -> None:
        self.settings = settings
        self.task = task

    def parts(self, start: int) -> list[UpdatePart]:
        settings = self.settings
        return [UpdatePart(Distillation.name, start, settings.batch_size, settings.weight)]
