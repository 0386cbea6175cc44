"""From vectors to the outcome of every graded pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from crosslift.metrics.correlation import spearman_values
from crosslift.retrieval.similarity import unit_rows
from crosslift.targets.kinds.graded_texts import GradedData
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Outcomes, SideLookups


def evaluate_graded(
    lookups: Mapping[Protocol, SideLookups], data: GradedData
) -> Iterator[Outcomes]:
    """Spearman's correlation of cosines and grades, language by language.

    The score of a language is the mean over its sets of the correlation within each: different people
    graded the sets on different scales. The outcome of a pair is that score plus the pair's first-order
    influence on it, so that the mean of the outcomes is the score.

    Args:
        lookups: protocol -> vectors as it reads them.
        data: the graded pairs.

    Raises:
        DataError: a set of one pair.
    """
    for language, pairs in data.pairs.items():
        names = np.array(pairs.sets)
        grades = np.array(pairs.grades, np.float64)
        for protocol, sides in lookups.items():
            src, tgt = unit_rows(sides.src(pairs.src)), unit_rows(sides.tgt(pairs.tgt))
            cosines = np.einsum("nd,nd->n", src, tgt, dtype=np.float64)
            values = np.empty(len(grades))
            scores = []
            for name in dict.fromkeys(pairs.sets):
                of_set = names == name
                own = spearman_values(cosines[of_set], grades[of_set])
                scores.append(own.mean())
                values[of_set] = (own - own.mean()) / of_set.mean()
            values = np.mean(scores) + values / len(scores)
            nothing = ("",) * len(pairs.items)
            yield Outcomes(language, protocol.id, pairs.items, {"spearman": values}, nothing)
