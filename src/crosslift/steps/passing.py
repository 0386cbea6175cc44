"""Steps whose artifacts are deleted when the steps that read them are made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from crosslift.artifacts.store import Store
from crosslift.steps.status import Status
from crosslift.steps.step import Step


class Passing:
    """Steps whose artifacts are not kept: which of them a run needs, and when it deletes them.

    A run deletes only artifacts that were made to be deleted: an artifact that another study keeps
    remains.

    Args:
        steps: steps of a plan. An artifact is kept if one step with its key is to be kept.
        store: store of the artifacts.
        status: status of the store.
    """

    def __init__(self, steps: Sequence[Step], store: Store, status: Status) -> None:
        self._store = store
        self.status = status
        self._readers: dict[str, list[Step]] = {}
        every = [*steps, *(before for step in steps for before in step.inputs.values())]
        self._kept = {step.key for step in every if not step.passing}
        for step in steps:
            for before in step.inputs.values():
                self._readers.setdefault(before.key, []).append(step)

    def passes(self, step: Step) -> bool:
        """Whether its artifact is not to be kept."""
        return step.key not in self._kept

    def wanted(self, step: Step) -> bool:
        """Whether a run makes or opens its artifact. A passing artifact is needed only if a step that
        reads it is not made yet."""
        return not self.passes(step) or any(map(self.to_make, self._readers.get(step.key, ())))

    def to_make(self, step: Step) -> bool:
        """Whether a run would make the step."""
        made = self.status.up_to_date(step) and step.exists(self._store)
        return not made and self.wanted(step)

    def note(self, step: Step) -> None:
        """Notes that a step is made. Deletes inputs that no other step has yet to read, and the step's
        own artifact if it passes and no step needs it."""
        if not self.passes(step):
            self._store.keep(step.kind, step.key)
        elif not self.wanted(step):
            self._store.discard(step.kind, step.key)
        for before in step.inputs.values():
            if self.passes(before) and not self.wanted(before):
                self._store.discard(before.kind, before.key)

    @contextlib.contextmanager
    def held(self, step: Step, make: Callable[[Step], object]) -> Iterator[None]:
        """Makes missing passing inputs of a step. No other process deletes them within the block."""
        with contextlib.ExitStack() as stack:
            for before in step.inputs.values():
                if not self.passes(before):
                    continue
                while True:
                    if not (before.exists(self._store) and self.status.up_to_date(before)):
                        make(before)
                    with contextlib.ExitStack() as reading:
                        reading.enter_context(self._store.reading(before.key))
                        if before.exists(self._store):
                            stack.enter_context(reading.pop_all())
                            break
                    # another process deleted it in between
            yield
