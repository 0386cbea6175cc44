"""A tracker of a run: one of accelerate's trackers, with a project and a folder for its files."""

from __future__ import annotations

import importlib.util
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crosslift.errors import StudyError
from crosslift.training.trackers.follower import Follower

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker

_MOST_LETTERS = 80
_TOKEN_BYTES = 3


@dataclass(frozen=True)
class Tracker(ABC):
    """Shows each training step of a run as a separate run of the tracker.

    Args:
        project: name of the project that the runs belong to.
        folder: for files that stay on this machine.
        owners: key of a training step -> the arms and seeds that need it.
    """

    name: ClassVar[str]
    """Accelerate's name of the tracker; also of the package that it needs, and of our extra."""

    project: str
    folder: Path
    owners: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def check(cls) -> None:
        """Raises if the package of the tracker is missing.

        Raises:
            StudyError: the package is not installed.
        """
        if importlib.util.find_spec(cls.name) is None:
            raise StudyError(
                f"the tracker `{cls.name}` needs the package {cls.name}, which is not installed",
                remedy=f"pip install 'crosslift[{cls.name}]'",
            )

    @abstractmethod
    def open(self, run: str, earlier: str | None) -> GeneralTracker:
        """Begins a run, or continues it.

        Args:
            run: its name, of letters, digits and hyphens; no other run has it.
            earlier: what `id_of` gave when the run began; None: it begins now.
        """

    def id_of(self, opened: GeneralTracker) -> str | None:
        """The tracker's own id of an open run; None: it has no other name for it."""
        del opened
        return None

    def follow(self, key: str, label: str, settings: Mapping[str, Any], note: Path) -> Follower:
        """The follower that shows a training step while it trains.

        Args:
            key: key of the step.
            label: label of the step.
            settings: name -> value, shown as the configuration of the run.
            note: folder that stays until the step is made; it keeps what was shown.
        """
        owners = self.owners.get(key, ())
        title = f"{owners[0]} {label.partition(',')[0]}" if len(owners) == 1 else label
        facts = {"step": key, "label": label, "arms": "; ".join(owners), **settings}
        return Follower(self, _new_name(title), facts, note)

    @property
    def place(self) -> str:
        """A text that distinguishes two trackers of one step."""
        return f"{self.name}: {self.project} in {self.folder}"

    def _started(self, *arguments: Any, **options: Any) -> GeneralTracker:
        """Accelerate's tracker, started."""
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        self.check()
        tracker = LOGGER_TYPE_TO_CLASS[self.name](*arguments, **options)
        tracker.start()
        return tracker


def _new_name(title: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:_MOST_LETTERS]
    return f"{words}-{secrets.token_hex(_TOKEN_BYTES)}"
