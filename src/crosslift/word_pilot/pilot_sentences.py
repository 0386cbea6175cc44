"""The findings of a word pilot in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crosslift.results.word_alignments import AlignmentKind, BestState, StateFinding
from crosslift.word_pilot.alignment import WordAlignment
from crosslift.word_pilot.findings import (
    ALPHA,
    MOSTLY_SHARED,
    number_of_tests,
)
from crosslift.wording import level_words, listed, share

_MOST_DECIMALS = 7
_ROUNDING = 12  # decimals; cosines that agree in them differ by sums of rounding errors
_NAMES: Mapping[AlignmentKind, str] = {
    "aligned": "Aligned",
    "in part": "In part (of margin and retrieval only one is above what chance gives)",
    "anisotropy": "Anisotropy alone",
    "none": "No alignment",
}


def verdict_of(
    alignments: Mapping[int, WordAlignment],
    findings: Sequence[StateFinding],
    best: BestState | None,
) -> tuple[str, ...]:
    """The verdict on an encoder.

    Args:
        alignments: hidden state -> its measurements.
        findings: findings of these hidden states, in their order.
        best: the best of these hidden states; None if none is aligned.

    Returns:
        Sentences: where the cosine of pairs is highest and what that shows; where words are best
        aligned; the finding of every hidden state; the rule.
    """
    kinds = {each.hidden_state: each for each in findings}
    highest = max(alignments, key=lambda state: alignments[state].as_is.pairs)
    sentences = [_highest(alignments[highest], kinds[highest], len(findings) > 1)]
    if len(findings) > 1:
        sentences += [_best(alignments, best), _every(findings)]
    return (*sentences, _rule(alignments))


def together(first: float, second: float) -> tuple[str, str]:
    """Two cosines with enough decimals, 2 to 7, to differ from each other and from 1.

    Example::

        0.81    0.62     ->  0.81    0.62
        0.99998 0.99991  ->  0.99998 0.99991
        0.5     0.5      ->  0.50    0.50
    """
    values = round(first, _ROUNDING), round(second, _ROUNDING)
    for decimals in range(2, _MOST_DECIMALS + 1):
        texts = cosine(first, decimals), cosine(second, decimals)
        distinct = texts[0] != texts[1] or values[0] == values[1]
        if distinct and not _rounded_to_one(texts, values):
            return texts
    return _below_one(values[0]), _below_one(values[1])


def _below_one(value: float) -> str:
    """A cosine with the most decimals; one that would round to 1 is written as over 0.9999999."""
    text = cosine(value, _MOST_DECIMALS)
    return f"over 0.{'9' * _MOST_DECIMALS}" if float(text) == 1 and value < 1 else text


def _rounded_to_one(texts: Sequence[str], values: Sequence[float]) -> bool:
    return any(float(text) == 1 and value != 1 for text, value in zip(texts, values, strict=True))


def cosine(value: float, decimals: int = 4) -> str:
    """A cosine, such as ``0.8102``; never ``-0.0000``."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def margin(value: float) -> str:
    """A difference of cosines with its sign: ``+0.1934``, or ``+2.1e-05`` for small ones."""
    return f"{value:+.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:+.1e}"


def states(numbers: Iterable[int]) -> str:
    """Hidden states in words: ``hidden state 3``, ``hidden states 0 to 3, 7 and 9 to 12``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [part for run in runs for part in _run(run)]
    return f"hidden state{'s' if sum(map(len, runs)) > 1 else ''} {listed(parts)}"


def _run(run: Sequence[int]) -> list[str]:
    if len(run) > 2:
        return [f"{run[0]} to {run[-1]}"]
    return [str(number) for number in run]


def _highest(alignment: WordAlignment, finding: StateFinding, several: bool) -> str:
    pairs, random = together(alignment.as_is.pairs, alignment.as_is.random)
    highest = "highest, " if several else ""
    opening = f"At hidden state {finding.hidden_state} the cosine of pairs is {highest}{pairs}"
    if finding.kind == "anisotropy":
        return (
            f"{opening}, but that of random pairs is {random}: this is anisotropy, not alignment; "
            f"{_retrieval(alignment)}."
        )
    between = ", but that of" if finding.anisotropic else "; that of"
    height = ": the height is anisotropy" if finding.anisotropic else ""
    return (
        f"{opening}{between} random pairs is {random}{height}. {_meaning(finding)}: the margin is "
        f"{_margin(alignment)}, {_retrieval(alignment)}."
    )


def _meaning(finding: StateFinding) -> str:
    if finding.kind == "aligned":
        same = " all the same" if finding.anisotropic else ""
        return f"The words are aligned there{same}"
    if finding.kind == "in part":
        return "Whether the words are aligned there is not clear"
    return "The words are not aligned there"


def _margin(alignment: WordAlignment) -> str:
    estimate = alignment.as_is.margin
    return (
        f"{margin(estimate.value)} ({level_words(alignment.level)} interval {margin(estimate.low)} to "
        f"{margin(estimate.high)})"
    )


def _retrieval(alignment: WordAlignment) -> str:
    """A clause such as ``retrieval is 3.1% (chance 0.10%), 45.0% after centring``."""
    as_is = (
        f"retrieval is {share(alignment.as_is.both.value, 1)} (chance {share(alignment.chance, 1)})"
    )
    if alignment.centred is None:
        return f"{as_is}, and it cannot be centred: {alignment.not_centred}"
    return f"{as_is}, {share(alignment.centred.both.value, 1)} after centring"


def _best(alignments: Mapping[int, WordAlignment], best: BestState | None) -> str:
    if best is None:
        return "Words are aligned at no hidden state."
    alignment = alignments[best.hidden_state]
    retrieval = alignment.retrieval
    pairs, random = together(alignment.as_is.pairs, alignment.as_is.random)
    after, without = (
        (" after centring", f", {share(alignment.as_is.both.value, 1)} without")
        if alignment.centred
        else ("", "")
    )
    sentence = (
        f"Words are best aligned at hidden state {best.hidden_state}: retrieval is "
        f"{share(retrieval.value, 1)}{after} ({level_words(alignment.level)} interval "
        f"{share(retrieval.low, 1)} to {share(retrieval.high, 1)}; chance "
        f"{share(alignment.chance, 1)}){without}; the cosine of pairs is {pairs}, of random pairs "
        f"{random}."
    )
    if not best.level_with:
        return f"{sentence} No other aligned state retrieves as much."
    level = states(best.level_with)
    verb = "are" if len(best.level_with) > 1 else "is"
    return f"{sentence} {level[0].upper()}{level[1:]} {verb} not distinguished from it."


def _every(findings: Sequence[StateFinding]) -> str:
    states_by_kind = {
        kind: [each.hidden_state for each in findings if each.kind == kind] for kind in _NAMES
    }
    sentences = (
        f"{_NAMES[kind]}: {states(numbers)}." for kind, numbers in states_by_kind.items() if numbers
    )
    anisotropic = [each.hidden_state for each in findings if each.anisotropic]
    where = states(anisotropic) if anisotropic else "no hidden state"
    return f"{' '.join(sentences)} Random pairs have a cosine above {MOSTLY_SHARED} at {where}."


def _rule(alignments: Mapping[int, WordAlignment]) -> str:
    words = next(iter(alignments.values())).words
    return (
        f"Measured on {words:,} pairs of words. Aligned: the margin over random pairs is above 0, and "
        "retrieval (mean of both ways, as the vectors are or after centring) above chance, at a level "
        f"of {ALPHA} corrected after Holm over {number_of_tests(alignments)} tests. Anisotropy "
        f"alone: neither is, and random pairs have a cosine above {MOSTLY_SHARED}. Centring subtracts "
        "the mean of each language over these same words; it sees no pairs, so it makes no alignment. "
        "The best hidden state is the best on these words."
    )
