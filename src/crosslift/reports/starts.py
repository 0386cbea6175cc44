"""Whether the intervals of a run contain the variation of phase one, in words."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.results.arm_facts import ArmFacts


def start_sentences(arms: Sequence[ArmFacts]) -> list[str]:
    """One sentence for each start with a phase one, in the order of the arms.

    A start without stages has none: nothing was trained in it, so nothing varies.
    """
    of_start: dict[str, ArmFacts] = {}
    for arm in arms:
        known = of_start.setdefault(arm.start, arm)
        if len(arm.seeds) > len(known.seeds):
            of_start[arm.start] = arm
    return [f"{_sentence(start, arm)}." for start, arm in of_start.items() if arm.start_seeds]


def _sentence(start: str, arm: ArmFacts) -> str:
    if arm.start_seeds == "shared":
        return (
            f"Phase one of {start} was trained once and is shared by all seeds: no interval contains "
            "its variation"
        )
    if len(arm.seeds) == 1:
        return f"Phase one of {start} was trained with one seed: no interval contains its variation"
    return f"Phase one of {start} was trained once per seed: intervals contain its variation"


def phase_one_words(arm: ArmFacts, seed: int) -> str:
    """What phase one did before an arm's own stages, with one of its seeds; empty where it did
    nothing."""
    if arm.start_seeds is None:
        return ""
    how = "once for all seeds" if arm.start_seeds == "shared" else f"with seed {seed}"
    return f"phase one of the start {arm.start}, trained {how}"
