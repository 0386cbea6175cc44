"""How much of a study is finished, in a sentence."""

from __future__ import annotations

from crosslift.results.partial_run import PartialRun
from crosslift.wording import plural


def partial_sentence(facts: PartialRun | None) -> str | None:
    """What a reader must know of a run that is not finished; None of a whole one."""
    if facts is None:
        return None
    left_out = []
    if facts.arms:
        left_out.append(f"{plural(len(facts.arms), 'arm')} ({', '.join(facts.arms)})")
    if facts.seeds:
        left_out.append(f"{plural(len(facts.seeds), 'seed')} ({', '.join(map(str, facts.seeds))})")
    return (
        f"{facts.finished} of {facts.planned} runs are finished (a run: one arm with one seed). "
        f"Not in this report: {' and '.join(left_out)}."
    )
