"""Scores of guesses that read no text."""

from __future__ import annotations

from math import sqrt

import pytest

from crosslift.forms.guesses import COMMONEST_CLASS, COMMONEST_PLACE, COMMONEST_TAG, NO_CORRELATION
from crosslift.sources.record import Record


def test_the_commonest_class() -> None:
    dev = [Record(str(n), label=label) for n, label in enumerate(["yes", "yes", "no"])]
    assert COMMONEST_CLASS.score(dev) == pytest.approx(2 / 3)
    above = 2 / 3 + 2 * sqrt(2 / 3 * 1 / 3 / 3)
    assert COMMONEST_CLASS.learnt_above(dev) == pytest.approx(above)


def test_the_commonest_place_of_the_right_choice() -> None:
    dev = [Record(str(n), choices=("a", "b"), answer=n % 4 == 0) for n in range(8)]
    assert COMMONEST_PLACE.score(dev) == 0.75


def test_the_commonest_tag_counts_words() -> None:
    dev = [
        Record("a", words=("x", "y", "z"), tags=("NOUN", "NOUN", "VERB")),
        Record("b", words=("x",), tags=("NOUN",)),
    ]
    assert COMMONEST_TAG.score(dev) == 0.75


def test_no_guess_correlates() -> None:
    dev = [Record(str(n), score=float(n)) for n in range(100)]
    assert NO_CORRELATION.score(dev) == 0.0
    assert NO_CORRELATION.learnt_above(dev) == pytest.approx(0.2)


def test_without_dev_records_there_is_no_share() -> None:
    assert COMMONEST_CLASS.score([]) == 0.0
