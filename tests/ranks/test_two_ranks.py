"""Two ranks, in processes of their own, compute what one process computes: each form's loss and
gradient, and the weights after a training run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rank_work import CASES, all_losses_and_gradients, one_process

from crosslift.ranks.launch import run_ranks

RUNS: dict[str, dict[str, Any]] = {
    "pairs in two parts, pulled back": {
        "cases": ["groups"],
        "accumulation": 2,
        "l2_sp": 0.1,
        "layer_decay": 0.9,
    },
    "two tasks mixed": {
        "cases": ["text-pairs", "classification"],
        "mixing": {"batches": "interleaved"},
    },
    "the best of two, stopped early": {
        "cases": ["classification"],
        "keep_best": True,
        "early_stopping": {"patience": 1},
        "dev_evaluations": 6,
    },
    "adapters": {"cases": ["negatives"], "lora": {"rank": 2, "dropout": 0.0}},
    "frozen layers": {"cases": ["hard negatives"], "frozen_layers": 1},
    "frozen token rows, layers computed again": {
        "cases": ["tagging"],
        "token_table": "frozen",
        "gradient_checkpointing": True,
    },
    "vectors held": {
        "cases": ["cached texts"],
        "cached_texts": 2,
        "distillation": {"task": "gettext-mlm", "texts": 20, "batch_size": 3},
    },
    "adversarial": {
        "cases": ["masked-lm"],
        "robust": {"adversarial": {"steps": 2, "start": "random", "loss": "both"}},
    },
    "adversarial pairs": {"cases": ["groups"], "robust": {"adversarial": {"steps": 2}}},
    "free adversarial": {
        "cases": ["classification"],
        "robust": {"adversarial": {"steps": 2, "free": True}},
    },
    "noise": {"cases": ["text-pairs"], "robust": {"random_perturbation": {"draws": 2}}},
    "pictures": {"cases": ["image-text"]},
    "pictures alone": {"cases": ["sigmoid"], "text_side": "locked"},
    "matching": {"cases": ["image-text-matching"]},
}
"""Name -> the settings of a run of 20 updates."""
RATES = {"learning_rate": 2e-5, "head_learning_rate": 2e-5}
ROUNDING_OF_TOWERS = 3e-6
"""Batch norms over five pictures of 24 x 24 pixels divide by small variances: float32 is not more
exact."""
NO_GRADIENT = "attention.self.key.bias"
"""The softmax of attention is the same whatever is added to all keys: the gradient of this bias is 0
but for rounding, which Adam scales up to whole steps."""


@pytest.fixture(scope="module")
def outcomes(
    tiny_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """What one process gives, and what two ranks give."""
    place = tmp_path_factory.mktemp("ranks")
    runs = {name: settings | RATES for name, settings in RUNS.items()}
    one = one_process(tiny_folders, runs, place / "one")
    arguments = (tiny_folders, runs, place / "two")
    return [one, run_ranks(2, all_losses_and_gradients, arguments, lambda _: None)]


def whole(gradients: dict[str, Any]) -> Any:
    return np.concatenate([value.ravel() for value in gradients.values()])


@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradient_are_those_of_one_process(
    outcomes: list[dict[str, Any]], name: str
) -> None:
    (loss, tokens, gradients), (loss_of_two, tokens_of_two, of_two) = (o[name] for o in outcomes)
    assert loss_of_two == pytest.approx(loss, rel=1e-6, abs=1e-6)
    assert tokens_of_two == tokens
    assert list(of_two) == list(gradients)
    length = float(np.linalg.norm(whole(gradients)))
    most = ROUNDING_OF_TOWERS if "tower" in CASES[name].settings else 1e-6
    assert float(np.linalg.norm(whole(of_two) - whole(gradients))) <= most * max(1.0, length)
    for weight, gradient in gradients.items():
        largest = max(1.0, float(np.abs(gradient).max(initial=0)))
        assert np.abs(of_two[weight] - gradient).max(initial=0) <= 3 * most * largest, weight


@pytest.mark.parametrize("name", ["text-pairs", "classification", "sigmoid", "masked-lm"])
def test_gradients_do_not_grow_with_the_number_of_ranks(
    outcomes: list[dict[str, Any]], name: str
) -> None:
    """As they did in open_clip (issue 616)."""
    lengths = [float(np.linalg.norm(whole(outcome[name][2]))) for outcome in outcomes]
    assert lengths[0] > 1e-3
    assert lengths[1] / lengths[0] == pytest.approx(1, rel=1e-5)


def test_no_chunk_of_cached_texts_is_dropped(outcomes: list[dict[str, Any]]) -> None:
    """As the last one was in sentence-transformers (pull request 3862): five texts a rank, two at a
    time, give the gradient of all at once in one process."""
    one, two = outcomes
    expected = whole(one["groups"][2])
    for case in ("cached texts", "cached tokens"):
        difference = np.linalg.norm(whole(two[case][2]) - expected)
        assert difference <= 1e-6 * np.linalg.norm(expected), case


@pytest.mark.parametrize("name", RUNS)
def test_a_run_ends_with_the_weights_of_one_process(
    outcomes: list[dict[str, Any]], name: str
) -> None:
    (weights, facts), (weights_of_two, facts_of_two) = (outcome[name] for outcome in outcomes)
    assert list(weights_of_two) == list(weights)
    for weight, value in weights.items():
        if not weight.endswith(NO_GRADIENT):
            assert np.abs(weights_of_two[weight] - value).max() <= 1e-5, weight
    assert facts.pop("devices") == [1]
    assert facts_of_two.pop("devices") == [2]
    rows, rows_of_two = facts.pop("curve"), facts_of_two.pop("curve")
    assert facts_of_two == facts
    assert [row[:3] for row in rows_of_two] == [row[:3] for row in rows]
    assert [row[3] for row in rows_of_two] == pytest.approx(
        [row[3] for row in rows], rel=1e-4, abs=1e-6
    )
    if name.startswith("the best"):
        assert facts["updates"] < 20
