"""The best of some tries."""

from __future__ import annotations

import pytest

from crosslift.making.choose import choice_of

RATES = [{"learning_rate": rate} for rate in (1e-5, 2e-5, 3e-5)]


@pytest.mark.parametrize(
    ("scores", "place", "edges"),
    [
        ([0.1, 0.3, 0.2], 1, {}),
        ([0.3, 0.2, 0.1], 0, {"learning_rate": "lowest"}),
        ([0.1, 0.2, 0.3], 2, {"learning_rate": "highest"}),
        ([0.1, 0.3, 0.3], 1, {}),
    ],
)
def test_the_best_is_chosen_and_among_equals_the_first(
    scores: list[float], place: int, edges: dict[str, str]
) -> None:
    choice = choice_of(RATES, scores)
    assert (choice.chosen, choice.edges) == (place, edges)
    assert [each.score for each in choice.tries] == scores


def test_a_lower_score_may_be_better() -> None:
    assert choice_of(RATES, [9.0, 4.0, 7.0], lower_is_better=True).chosen == 1


def test_a_setting_with_one_value_has_no_edge() -> None:
    tries = [{"learning_rate": 1e-5, "updates": count} for count in (100, 200)]
    assert choice_of(tries, [0.2, 0.1]).edges == {"updates": "lowest"}
