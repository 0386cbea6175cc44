"""Outcomes of queries as arrays, and the checks before a comparison of two arms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError

OutcomeCube = NDArray[np.float64]
"""[seeds, items, languages], NaN where an item does not exist in a language."""


def paired_gaps(treatment: OutcomeCube, control: OutcomeCube) -> OutcomeCube:
    """Treatment - control [S, N, L], after checks that the two fit each other.

    Raises:
        DataError: shapes that do not fit, or outcomes that are infinite or missing in only one of the
            two.
    """
    number_of_languages(treatment)
    one_control = (1, *treatment.shape[1:])
    if control.shape not in (treatment.shape, one_control):
        raise DataError(
            f"treatment has shape {treatment.shape}, control {control.shape}",
            f"control of shape {treatment.shape}, or {one_control} where it is untrained",
            "pair the arms by seed, item and language; run the missing seeds",
        )
    presence = ~np.isnan(treatment[0])
    _check_outcomes(treatment, presence, "treatment")
    _check_outcomes(control, presence, "control")
    return treatment - control


def number_of_languages(outcomes: OutcomeCube) -> int:
    """L of outcomes [S, N, L]; raises DataError if they have another shape or are empty."""
    if outcomes.ndim != 3 or 0 in outcomes.shape:
        raise DataError(f"outcomes of shape {outcomes.shape}", "[seeds, items, languages]")
    languages: int = outcomes.shape[2]
    return languages


def _check_outcomes(outcomes: OutcomeCube, presence: NDArray[np.bool_], name: str) -> None:
    odd = np.argwhere((~np.isnan(outcomes)) != presence)
    if len(odd):
        seed, item, language = odd[0].tolist()
        raise DataError(
            f"{name}: seed {seed}, item {item}, language {language} is "
            f"{outcomes[seed, item, language]}, unlike the first seed of the treatment",
            "the same queries in every seed of both arms; NaN where an item has no such language",
        )
    if np.isinf(outcomes).any():
        seed, item, language = np.argwhere(np.isinf(outcomes))[0].tolist()
        raise DataError(
            f"{name}: seed {seed}, item {item}, language {language} is infinite", "finite outcomes"
        )


def check_presence(presence: NDArray[np.bool_]) -> None:
    """Raises DataError if an item or a language of presence, bool [N, L], has no outcome."""
    for axis, thing in ((1, "item"), (0, "language")):
        empty = np.flatnonzero(presence.sum(axis=axis) == 0)
        if len(empty):
            raise DataError(
                f"{thing} {int(empty[0])} has no outcome at all",
                f"at least one outcome for every {thing}",
                f"leave the {thing} out and show it as a gap",
            )


def check_strata(strata: NDArray[np.integer], items: int) -> None:
    """Raises DataError unless every item has one whole number."""
    if strata.shape != (items,) or not np.issubdtype(strata.dtype, np.integer):
        raise DataError(
            f"strata: an array of {strata.dtype} of shape {strata.shape}",
            f"integers of shape ({items},), one per item",
        )


def check_groups(groups: Sequence[Sequence[int]], languages: int) -> None:
    """Raises DataError unless each group holds one or more indices of languages, each once."""
    for number, group in enumerate(groups):
        wrong = [place for place in group if not 0 <= place < languages]
        if wrong or not group or len(set(group)) < len(group):
            raise DataError(
                f"group {number} holds the languages {list(group)}",
                f"one or more different places from 0 to {languages - 1}",
            )


def check_level(level: float) -> None:
    """Raises DataError if the level of an interval is out of range."""
    if not 0 < level < 1:
        raise DataError(f"level is {level}", "a number between 0 and 1, such as 0.95")
