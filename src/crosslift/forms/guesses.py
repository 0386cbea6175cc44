"""Scores, on dev records, of the best guess that reads no text: they show whether a task was learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class Guess:
    """The best guess that reads no text: the commonest answer.

    Args:
        metric: metric of the dev scores that the guess is compared with.
        answers: the right answers of a record. None: no guess is better than 0, as for a correlation.
    """

    metric: str
    answers: Callable[[Record], Sequence[object]] | None

    def score(self, dev: Sequence[Record]) -> float:
        """The share of answers that are the commonest one; 0 for a correlation.

        Example: the labels yes, yes, no give 2/3.
        """
        counts = self._counts(dev)
        return max(counts.values()) / counts.total() if counts else 0.0

    def learnt_above(self, dev: Sequence[Record]) -> float:
        """The score above which a task counts as learnt: the guess and two of its standard errors."""
        counts, score = self._counts(dev), self.score(dev)
        if not counts:
            return 2 / sqrt(max(len(dev), 1))
        return score + 2 * sqrt(score * (1 - score) / counts.total())

    def _counts(self, dev: Sequence[Record]) -> Counter[object]:
        if self.answers is None:
            return Counter()
        return Counter(answer for record in dev for answer in self.answers(record))


COMMONEST_CLASS = Guess("dev_accuracy", lambda record: (record.label,))
COMMONEST_PLACE = Guess("dev_accuracy", lambda record: (record.answer,))
"""Guess of the commonest place of the right choice."""
COMMONEST_TAG = Guess("dev_tagging_accuracy", lambda record: record.tags)
NO_CORRELATION = Guess("dev_pearson", None)
