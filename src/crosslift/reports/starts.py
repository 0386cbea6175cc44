"""Whether the intervals of a run contain the variation of phase one, in words."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.results.arm_facts import ArmFacts


def start_sentences(arms: Sequence[ArmFacts]) -> list[str]:
    """One sentence for each start with a phase one, in the order of the arms.

    A start without stages has none: nothing was trained in it, so nothing varies.
    """
    by_start: dict[str, ArmFacts] = {}
    for arm in arms:
        longest = by_start.setdefault(arm.start, arm)
        if len(arm.seeds) > len(longest.seeds):
            by_start[arm.start] = arm
    return [f"{_sentence(start, arm)}." for start, arm in by_start.items() if arm.start_seeds]


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
    """The phase one before an arm's own stages, with one of its seeds; empty if there is none."""
    if arm.start_seeds is None:
        return ""
    how = "once for all seeds" if arm.start_seeds == "shared" else f"with seed {seed}"
    return f"phase one of the start {arm.start}, trained {how}"
