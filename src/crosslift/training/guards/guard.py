"""The interface between a guard and the training loop.

This module and the files of the guards load torch only when a guard is opened: studies are validated
without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Self

from crosslift.errors import TrainingError
from crosslift.training.update_part import UpdatePart

if TYPE_CHECKING:
    from torch import Tensor

    from crosslift.encoders.load_encoder import Encoder
    from crosslift.forms.form import FormOptions, OpenTask
    from crosslift.tasks.task import IntermediateTask


class OpenGuard:
    """A guard on an encoder while a stage trains it. This one does nothing; each guard overrides what
    it needs."""

    task: OpenTask | None = None
    """The task whose records its parts are drawn from; None: it adds no parts."""

    def parts(self, start: int) -> list[UpdatePart]:
        """The parts that it adds to an update. They do not count as examples of the budget, but their
        tokens count. Robust training does not change them.

        Args:
            start: number of records that its parts have drawn before.
        """
        del start
        return []

    def trains(self, name: str) -> bool:
        """Whether a parameter of the encoder is trained; its token rows have the name
        ``token_table``."""
        del name
        return True

    def begin(self, weights: Mapping[str, Tensor]) -> None:
        """Reads the trained weights of the encoder as the stage finds them, float32 by name."""

    def pull(self, weights: Mapping[str, Tensor]) -> None:
        """Adds to the gradients of these weights, after all parts of an update."""


class Guard(ABC):
    """Keeps an encoder from forgetting.

    Args:
        settings: the value of its setting.
    """

    name: ClassVar[str]
    """The name of its setting; also that of its parts among a stage's tasks, in curves and costs."""
    trains_weights: ClassVar[bool] = True
    """Whether the encoder's own weights are trained, so that a pass needs their gradient."""
    excludes: ClassVar[Mapping[str, str]] = {}
    """Name of a guard that cannot be beside this one -> why."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @abstractmethod
    def open(self, encoder: Encoder, options: FormOptions) -> AbstractContextManager[OpenGuard]:
        """Applies the guard to an encoder for the time of a stage, as a context.

        Args:
            encoder: encoder at the start of the stage.
            options: options of the stage; its seed decides what is random.
        """


class GuardOnData(Guard):
    """A guard that learns from texts.

    Args:
        settings: the value of its setting.
        task: task whose texts it takes; None: it is not known yet (see `on`).
    """

    def __init__(self, settings: Any, task: IntermediateTask | None = None) -> None:
        super().__init__(settings)
        self._task = task

    @property
    @abstractmethod
    def texts(self) -> Mapping[str, Any]:
        """Settings of the task whose texts it takes, by name, such as `task` and `data`."""

    @property
    def task(self) -> IntermediateTask:
        """The task whose texts it takes.

        Raises:
            TrainingError: the task is not known yet.
        """
        if self._task is None:
            raise TrainingError(
                f"guard {self.name} has no data yet", "a guard of `crosslift.training.guards.data`"
            )
        return self._task

    def on(self, task: IntermediateTask) -> Self:
        """The same guard with a task whose texts it uses.

        Raises:
            CrossLiftError: it cannot use them.
        """
        return type(self)(self.settings, task)

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Everything that determines its effect: its settings and its data, JSON-like.

        Raises:
            CrossLiftError: the data cannot be used.
        """
