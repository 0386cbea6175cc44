"""The mark of a verdict: a word that the templates turn into a sign and a colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from crosslift.results.verdict import EQUIVALENT, HIGHER, LOWER, ONE_SEED, Outcome

Mark = Literal["higher", "lower", "equivalent", "none", "alone"]

_MARKS: Mapping[Outcome | None, Mark] = {
    HIGHER: "higher",
    LOWER: "lower",
    EQUIVALENT: "equivalent",
    ONE_SEED: "alone",
}


def mark_of(verdict: Outcome | None) -> Mark:
    """``alone`` for one seed, which is no verdict; ``none`` if inconclusive; else the verdict."""
    return _MARKS.get(verdict, "none")
