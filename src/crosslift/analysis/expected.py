"""The scores that a study predicts, beside the measured ones."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from crosslift.analysis.collect import MACRO, Gathered
from crosslift.metrics.table import described
from crosslift.results.expected_score import ExpectedScore
from crosslift.studies.questions import Expected
from crosslift.targets.protocol import Protocol

_ROUNDING = 1e-9
"""Tolerance for rounding, in the unit of a metric: a score exactly at the allowed distance is as
expected."""


def expected_scores(gathered: Gathered) -> tuple[ExpectedScore, ...]:
    """Each score that the study predicts, with the measured score, in the order of the study."""
    return tuple(_beside_measured(gathered, each) for each in gathered.plan.study.expected)


def _beside_measured(gathered: Gathered, expected: Expected) -> ExpectedScore:
    protocols = gathered.plan.targets[expected.target].protocols
    protocol = next(each for each in protocols if each.name == expected.protocol)
    measured = _measured(gathered, expected, protocol)
    close = None
    if measured is not None:
        close = abs(measured - expected.score) <= expected.within + _ROUNDING
    return ExpectedScore(
        arm=expected.arm,
        target=expected.target,
        protocol=protocol.id,
        metric=protocol.metric,
        score=expected.score,
        within=expected.within,
        source=expected.source,
        measured=measured,
        as_expected=close,
    )


def _measured(gathered: Gathered, expected: Expected, protocol: Protocol) -> float | None:
    """The mean over languages and seeds in the unit of the metric; None: the arm has no such score."""
    facts = {
        "arm": expected.arm,
        "target": expected.target,
        "protocol": protocol.id,
        "metric": protocol.metric,
        "subset": "all",
        "language": MACRO,
    }
    rows = gathered.results
    for column, value in facts.items():
        rows = rows.filter(pc.equal(rows[column], value))
    if not len(rows):
        return None
    return float(np.mean(rows["value"].to_numpy())) * described(protocol.metric).unit.scale
