"""The mark of a verdict: a word that the templates turn into a sign and a colour."""

from __future__ import annotations

from typing import Literal

from crosslift.results.verdict import HIGHER, LOWER, ONE_SEED, Outcome

Mark = Literal["higher", "lower", "none", "alone"]


def mark_of(verdict: Outcome | None) -> Mark:
    """``higher``, ``lower``, ``alone`` for one seed, which is no verdict, else ``none``."""
    if verdict == HIGHER:
        return "higher"
    if verdict == LOWER:
        return "lower"
    return "alone" if verdict == ONE_SEED else "none"
