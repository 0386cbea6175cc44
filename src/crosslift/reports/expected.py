"""The scores that a study states beforehand, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from crosslift.metrics.table import described
from crosslift.results.expected_score import ExpectedScore
from crosslift.results.run_facts import RunFacts


def expected_sentences(run: RunFacts) -> Iterator[str]:
    """A sentence for each score that the study states: whether the measured score is within the
    tolerance."""
    titles = {target.name: target.title for target in run.targets}
    for each in run.expected:
        source = f" ({each.source})" if each.source else ""
        place = f"{titles.get(each.target, each.target)}, {each.protocol}"
        yield f"Expected of `{each.arm}` on {place}: {each.score:,.1f}{source}; {_outcome(each)}."


def _outcome(expected: ExpectedScore) -> str:
    if expected.measured is None:
        return "not measured"
    measured = f"measured {expected.measured:,.1f}"
    if expected.as_expected:
        return f"{measured}: as expected"
    metric = described(expected.metric)
    allowed = metric.amount(expected.within / metric.unit.scale)
    return f"{measured}: not as expected (more than {allowed} apart)"
