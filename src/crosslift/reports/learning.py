"""Which arms did not learn their tasks, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosslift.metrics.table import described
from crosslift.results.arm_facts import ArmFacts, StageTask
from crosslift.wording import percent


def not_learnt_sentences(arms: Sequence[ArmFacts]) -> Iterator[str]:
    """A sentence for each arm whose last stage has tasks that it did not learn.

    Such an arm shows the effect of the first updates of its training, not of the task. The guess is the
    best answer that reads no text, see `crosslift.forms.guesses`.
    """
    for arm in arms:
        missed = set(arm.not_learnt)
        tasks = [t for t in arm.stages[-1].tasks if t.task in missed] if missed else []
        if tasks:
            yield f"`{arm.name}` did not learn {', '.join(map(_missed, tasks))}."


def _missed(task: StageTask) -> str:
    learning = task.learning
    if learning is None:
        return task.task
    title = described(learning.metric).title
    score, guess = percent(learning.score), percent(learning.guess)
    return f"{task.task} ({title} {score}, guess {guess})"
