"""Checks that the compared arms of a study choose their settings with equally many tries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosslift.studies.schema import Study


def choice_faults(study: Study) -> Iterator[str]:
    """Yields what is wrong with the choices of a study: compared arms must have equally many tries."""
    choices = {name: study.choice_of(arm) for name, arm in study.arms.items()}
    tries = {name: choice.count for name, choice in choices.items() if choice is not None}
    if len(set(tries.values())) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in tries.items())
        yield f"`choose` with the same number of tries for every arm; found {counts}"
    for name in tries:
        if _locked(study, name):
            yield (
                f"no `choose` of arm {name}, whose last stage has `text_side: locked`: its vectors of "
                "texts are the same in every try (the other arms may have a `choose` each)"
            )
    for one, other in dict.fromkeys(_compared(study)):
        trained = study.arms[one].stages and study.arms[other].stages
        locked = _locked(study, one) or _locked(study, other)
        if (one in tries) != (other in tries) and trained and not locked:
            chooser, plain = (one, other) if one in tries else (other, one)
            yield (
                f"`choose` of both arms or of neither where two are compared: {chooser} has "
                f"{tries[chooser]} tries, {plain} one"
            )


def _locked(study: Study, arm: str) -> bool:
    """Whether an arm has nothing to choose, because its last stage does not change the text encoder."""
    stages = study.arms[arm].stages
    return bool(stages) and stages[-1].text_side == "locked"


def _compared(study: Study) -> Iterator[tuple[str, str]]:
    """Pairs of arms that the study compares: declared ones, and arms with their controls and
    baselines."""
    for comparison in study.comparisons:
        yield comparison.arm, comparison.against
    for name, arm in study.arms.items():
        others = (arm.control_of, None if arm.reference else study.baseline_of(name))
        for other in others:
            if other in study.arms and other != name:
                yield other, name
