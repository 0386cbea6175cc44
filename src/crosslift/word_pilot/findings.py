"""The hidden states at which words are aligned, and those with anisotropy only.

The rule needs a single threshold. For each hidden state three hypotheses are tested, all of them
together corrected after Holm: that the margin over random pairs is not 0, and that retrieval, as
the vectors are and after centring, is not at chance.

- *aligned*: the margin is above 0, and retrieval, in one of the two spaces at least, above chance.
- *in part*: only one of the two holds, so they contradict each other.
- *anisotropy*: neither holds, and random pairs have a cosine above ``MOSTLY_SHARED``: a high cosine
  of pairs is then no sign of alignment.
- *none*: neither holds, and the cosine of random pairs is not high either.

A state can be aligned and anisotropic: then alignment exists, but the height of the cosine is not what
shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crosslift.results.word_alignments import AlignmentKind, BestState, Estimate, StateFinding
from crosslift.statistics.corrections import holm
from crosslift.statistics.differences import group_differences
from crosslift.word_pilot.alignment import WordAlignment

ALPHA = 0.05
"""Chance of any false finding among all tests of a pilot."""

MOSTLY_SHARED = 0.5
"""Random pairs whose mean cosine is above this are called anisotropic. If both languages have the same
mean, this cosine is the part of the squared length (of vectors of length one) that all words share;
above one half, the shared part outweighs the rest. The threshold does not detect two narrow cones, one
for each language: their pairs have no high cosine to be mistaken for alignment either."""


def findings_of(
    alignments: Mapping[int, WordAlignment], alpha: float = ALPHA
) -> tuple[StateFinding, ...]:
    """Classify each hidden state: whether words are aligned there.

    Args:
        alignments: hidden state -> its measurements, one or more.
        alpha: chance of any false finding.

    Returns:
        One finding for each hidden state, in the order of ``alignments``.
    """
    tests = {state: _tests(alignment) for state, alignment in alignments.items()}
    corrected = iter(
        holm([_p_above(*test) for state_tests in tests.values() for test in state_tests])
    )
    return tuple(
        _finding(state, alignments[state], [float(next(corrected)) for _ in state_tests], alpha)
        for state, state_tests in tests.items()
    )


def number_of_tests(alignments: Mapping[int, WordAlignment]) -> int:
    """The number of tests that are corrected together."""
    return sum(len(_tests(alignment)) for alignment in alignments.values())


def _tests(alignment: WordAlignment) -> list[tuple[Estimate, float]]:
    """The tested values of a hidden state, the margin first, each with its value without alignment."""
    retrievals = [alignment.as_is.both, *([alignment.centred.both] if alignment.centred else [])]
    return [(alignment.as_is.margin, 0.0), *((each, alignment.chance) for each in retrievals)]


def _p_above(test: Estimate, null: float) -> float:
    """The two-sided p-value of a test that is above its null, else 1: words that are retrieved less
    often than by chance are no sign of alignment."""
    return test.p if test.value > null else 1.0


def _finding(
    state: int,
    alignment: WordAlignment,
    p_values: Sequence[float],
    alpha: float,
) -> StateFinding:
    above = [p < alpha for p in p_values]
    anisotropic = alignment.as_is.random > MOSTLY_SHARED
    kind: AlignmentKind = "anisotropy" if anisotropic else "none"
    if above[0] and any(above[1:]):
        kind = "aligned"
    elif any(above):
        kind = "in part"
    return StateFinding(
        hidden_state=state,
        kind=kind,
        anisotropic=anisotropic,
        p_margin=p_values[0],
        p_retrieval=min(p_values[1:]),
    )


def best_of(
    alignments: Mapping[int, WordAlignment],
    findings: Sequence[StateFinding],
    *,
    alpha: float = ALPHA,
) -> BestState | None:
    """The aligned hidden state that retrieves most words, and those that are not distinguished from it.

    Retrieval is the mean of both ways after centring. The others are compared with the best by what
    the same words retrieve (`paired_difference`), corrected after Holm.

    Args:
        alignments: hidden state -> its measurements on the same words.
        findings: findings of these hidden states.
        alpha: chance of any false difference.

    Returns:
        The best; None if no hidden state is aligned.
    """
    aligned = [each.hidden_state for each in findings if each.kind == "aligned"]
    if not aligned:
        return None
    best = max(aligned, key=lambda state: (alignments[state].retrieval.value, -state))
    others = [state for state in aligned if state != best]
    if not others:
        return BestState(hidden_state=best, level_with=())
    theirs = np.stack([alignments[state].hits for state in others], axis=1)[None]
    ours = np.broadcast_to(alignments[best].hits[None, :, None], theirs.shape).copy()
    strata = np.zeros(theirs.shape[1], np.int64)
    groups = [[place] for place in range(len(others))]
    differences = group_differences(ours, theirs, strata, groups)
    corrected = holm([difference.p for difference in differences])
    level = (state for state, p in zip(others, corrected, strict=True) if p >= alpha)
    return BestState(hidden_state=best, level_with=tuple(level))
