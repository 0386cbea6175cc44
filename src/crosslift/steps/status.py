"""Whether the artifact of a step is up to date, and if not, why the step would run.

An artifact is up to date if it exists, the code that made it is the present code, and the inputs that
it was made from are the same as the present ones, byte for byte. So a step does not run again if its
input is made again with the same bytes ("Build Systems a la Carte", Mokhov et al. 2018,
https://doi.org/10.1145/3236774: a verifying trace).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crosslift.artifacts.manifest import Manifest
from crosslift.artifacts.store import Store
from crosslift.results.command_output import ReasonKind
from crosslift.steps.step import Step

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step would run.

    Args:
        kind: ``never made``; ``settings changed`` since the study ran last; ``other code`` made the
            artifact; ``input changed``: the step read another artifact; ``input made again``: an input
            runs first, and if it comes out the same, this step does not run; ``deleted`` after use,
            and needed again.
        words: the reason in words, with the differences.
        modules: modules that differ, for ``other code``.
    """

    kind: ReasonKind
    words: str
    modules: tuple[str, ...] = ()


class Status:
    """Knows which artifacts of a store are up to date.

    Args:
        store: store of the artifacts.
        trust_code: whether artifacts that other code made count as up to date.
        asked_before: key of a step -> key of the step that had its place when the study ran last.
    """

    def __init__(
        self,
        store: Store,
        *,
        trust_code: bool = False,
        asked_before: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._trust_code = trust_code
        self._asked_before = asked_before or {}
        self._reasons: dict[str, Reason | None] = {}

    def up_to_date(self, step: Step) -> bool:
        """Whether the artifact need not be made again. An artifact that only other steps need may have
        been deleted since."""
        return self.reason(step) is None

    def reason(self, step: Step) -> Reason | None:
        """The reason why a step would run; None if it is up to date."""
        if step.key not in self._reasons:
            self._reasons[step.key] = self._find_reason(step)
        return self._reasons[step.key]

    def why_made(self, step: Step) -> Reason:
        """The reason why a run makes a step that is not up to date."""
        return self.reason(step) or Reason("deleted", "deleted after use, and needed again")

    def forget(self, keys: Iterable[str] | None = None) -> None:
        """Forgets what it knows about some steps, because a step was made.

        Args:
            keys: keys of that step and of the steps after it; None: of all steps.
        """
        if keys is None:
            self._reasons.clear()
            return
        for key in keys:
            self._reasons.pop(key, None)

    def other_code(self, step: Step) -> tuple[str, ...]:
        """The modules that differ between the code that made an artifact and the present code."""
        manifest = self._store.trace(step.kind, step.key)
        return () if manifest is None else differing_modules(manifest.code, step.code)

    def serves(self, step: Step, manifest: Manifest) -> bool:
        """Whether an artifact with a manifest is as good as a new one."""
        same_code = self._trust_code or manifest.code == step.code
        return same_code and manifest.read == step.read(self._store)

    def _find_reason(self, step: Step) -> Reason | None:
        manifest = self._store.trace(step.kind, step.key)
        if manifest is None:
            return self._never_made(step)
        if not self._trust_code and manifest.code != step.code:
            modules = differing_modules(manifest.code, step.code)
            return Reason("other code", _other_code_words(manifest, modules), modules)
        for role, before in step.inputs.items():
            if self.reason(before) is not None:
                return Reason("input made again", f"{before.kind} is made again: {before.label}")
            trace = self._store.trace(before.kind, before.key)
            if trace is None or manifest.read.get(role) != trace.digest:
                return Reason("input changed", f"{before.kind} is another one now: {before.label}")
        return None

    def _never_made(self, step: Step) -> Reason:
        old_key = self._asked_before.get(step.key)
        old = None if old_key is None else self._store.trace(step.kind, old_key)
        if old is None:
            return Reason("never made", "never made")
        settings = json.loads(json.dumps(step.made_from["settings"]))
        changes = _changes(old.made_from["settings"], settings)
        if changes:
            return Reason("settings changed", f"settings changed: {_first_few(changes)}")
        return Reason("settings changed", "settings of an input changed")


def differing_modules(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """The modules with different code, or that only one side has."""
    return tuple(name for name in sorted({*old, *new}) if old.get(name) != new.get(name))


def _other_code_words(manifest: Manifest, modules: tuple[str, ...]) -> str:
    version = manifest.environment.get("crosslift", "an earlier version")
    commit = manifest.environment.get("commit")
    version_words = f"{version}, commit {commit}" if commit else version
    if not manifest.code:
        return f"made by other code ({version_words})"
    short = [name.removeprefix("crosslift.") for name in modules]
    verb = "differs" if len(short) == 1 else "differ"
    return f"made by other code ({version_words}); {_first_few(short)} {verb}"


def _first_few(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


_ABSENT = "absent"


def _changes(old: Any, new: Any, place: str = "") -> list[str]:
    """The settings that differ, such as `learning_rate 0.0001 -> 5e-05`."""
    if old == new:
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        names = dict.fromkeys([*old, *new])
        dotted = {name: f"{place}.{name}" if place else str(name) for name in names}
        return [
            c for n in names for c in _changes(old.get(n, _ABSENT), new.get(n, _ABSENT), dotted[n])
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            change
            for number, pair in enumerate(zip(old, new, strict=True))
            for change in _changes(*pair, f"{place}.{number}")
        ]
    return [f"{place} {_short(old)} -> {_short(new)}"]


def _short(value: object) -> str:
    words = str(value)
    return words if len(words) <= 40 else f"{words[:37]}..."
