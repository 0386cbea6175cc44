"""Masked LM: which languages are drawn, what the softmax is over, and dev scores in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import NAMES, OTHER_NAMES, load_tiny

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import PackedBatch
from crosslift.errors import DataError
from crosslift.forms import forward
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.masked_lm import LanguageDraw, MaskedLM, OpenMaskedLM
from crosslift.sources.record import Record

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
NONE = Split([])
SIZES = {"de": 900, "fi": 81, "sw": 16}
LANGUAGES = [code for code, size in SIZES.items() for _ in range(size)]
CHI_SQUARE = {2: 13.8, 15: 37.7}
"""Degrees of freedom -> value that chance exceeds once in a thousand draws (all draws are seeded)."""


def chi_square(counts: Mapping[Any, int], expected: Mapping[Any, float]) -> float:
    total = sum(counts.values())
    shares = {name: share / sum(expected.values()) for name, share in expected.items()}
    return sum((counts[n] - total * p) ** 2 / (total * p) for n, p in shares.items())


# Languages


@pytest.mark.parametrize(
    ("temperature", "shares"),
    [
        (1.0, {"de": 900, "fi": 81, "sw": 16}),
        (2.0, {"de": 30, "fi": 9, "sw": 4}),  # square roots
        (3.3, {"de": 7.8554, "fi": 3.7870, "sw": 2.3166}),
        (1e300, {"de": 1, "fi": 1, "sw": 1}),
    ],
)
def test_languages_are_drawn_by_temperature(temperature: float, shares: dict[str, float]) -> None:
    rows = LanguageDraw(LANGUAGES, temperature).draw(0, 20_000, seed=5)
    counts = Counter(LANGUAGES[row] for row in rows)
    assert chi_square(counts, shares) < CHI_SQUARE[2]
    other = {"de": 1, "fi": 1, "sw": 1} if temperature < 1e9 else {"de": 30, "fi": 9, "sw": 4}
    assert chi_square(counts, other) > 1000, "other shares are distinguished from these"


@pytest.mark.parametrize("temperature", [None, 1.0, 3.3])
def test_any_text_of_a_language_is_drawn_as_often_as_any_other(temperature: float | None) -> None:
    rows = LanguageDraw(LANGUAGES, temperature).draw(0, 30_000, seed=2)
    counts = Counter(int(row) for row in rows if LANGUAGES[row] == "sw")
    assert chi_square(counts, dict.fromkeys(range(981, 997), 1)) < CHI_SQUARE[15]
    assert set(rows) <= set(range(len(LANGUAGES)))


def test_without_temperature_every_turn_holds_each_language_once() -> None:
    drawn = LanguageDraw(LANGUAGES, None).draw(0, 900, seed=1)
    turns = [tuple(LANGUAGES[row] for row in turn) for turn in drawn.reshape(-1, 3)]
    assert {tuple(sorted(turn)) for turn in turns} == {("de", "fi", "sw")}
    assert len(set(turns)) == 6, "in every order"


@pytest.mark.parametrize("temperature", [None, 1.0, 3.3])
def test_draws_resume_after_a_killed_run(temperature: float | None) -> None:
    draw = LanguageDraw(LANGUAGES, temperature)
    unbroken = draw.draw(0, 100, seed=3)
    parts = [(0, 7), (7, 1), (8, 32), (40, 60)]
    resumed = [LanguageDraw(LANGUAGES, temperature).draw(*part, seed=3) for part in parts]
    assert np.array_equal(np.concatenate(resumed), unbroken)
    assert len(draw.draw(5, 0, seed=3)) == 0
    assert not np.array_equal(draw.draw(0, 100, seed=4), unbroken)
    assert not np.array_equal(draw.draw(100, 100, seed=3), unbroken)
    far = draw.draw(10**12, 8, seed=3)
    assert np.array_equal(draw.draw(10**12 + 3, 5, seed=3), far[3:])


@pytest.mark.parametrize("temperature", [0.99, 0.0, -2.0, float("nan"), float("inf")])
def test_a_temperature_below_1_or_not_finite_is_refused(
    bert_folder: Path, temperature: float
) -> None:
    form = MaskedLM(language_temperature=temperature)
    with pytest.raises(DataError, match=f"language_temperature {temperature}\nExpected: a finite"):
        form.open(load_tiny(bert_folder), split_of("a cat"), NONE, OPTIONS)


@pytest.mark.parametrize(("temperature", "fewest", "most"), [(None, 45, 55), (1.0, 5, 25)])
def test_the_form_draws_by_its_temperature(
    bert_folder: Path, temperature: float | None, fewest: int, most: int
) -> None:
    records = [
        Record(str(i), {"text": "a cat"}, language="fi" if i == 3 else "de") for i in range(8)
    ]
    form = MaskedLM(language_temperature=temperature)
    task = form.open(load_tiny(bert_folder), Split(records), NONE, OPTIONS)
    assert fewest <= int((task.draw(0, 100, 0) == 3).sum()) <= most


# The softmax


def split_of(*texts: str) -> Split:
    return Split([Record(text, {"text": text}) for text in texts])


def opened(folder: Path, table_rows: str = "own", **options: Any) -> tuple[Encoder, OpenMaskedLM]:
    """The task on an encoder whose table has the task's rows, also those of others, or all rows."""
    encoder = load_tiny(folder)
    task = MaskedLM(masked_share=0.4, **options).open(
        encoder, split_of(*NAMES), split_of(*OTHER_NAMES), OPTIONS
    )
    others = range(len(encoder.table.whole)) if table_rows == "others too" else ()
    if table_rows != "all":
        encoder.table.keep_only({*task.token_ids(), *others}, trainable=True)
    return encoder, task


@pytest.mark.parametrize("table_rows", ["others too", "all"])
def test_the_softmax_is_over_the_tasks_own_tokens(xlm_folder: Path, table_rows: str) -> None:
    losses, gradients = [], []
    for which in ("own", table_rows):
        encoder, task = opened(xlm_folder, which)
        occurring = torch.tensor(sorted(task.token_ids()))
        assert len(task.head.bias) == len(occurring) < len(encoder.table.whole)
        encoder.table.weight.requires_grad_(True)
        loss = task.loss(np.arange(6), np.random.default_rng(1)).loss
        loss.backward()
        gradient = encoder.table.weight.grad
        places = encoder.table.places(occurring)
        assert (gradient[places] != 0).any(1).all(), "the tied output trains each own row"
        other_rows = np.setdiff1d(np.arange(len(gradient)), places.numpy())
        assert not gradient[other_rows].any(), "and no other"
        losses.append(loss.item())
        gradients.append(gradient[places])
    assert losses[1] == losses[0]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=1e-7)


def test_an_untrained_head_over_few_tokens_is_not_far_from_chance(xlm_folder: Path) -> None:
    """Over all 267 rows the loss would be near 5.6; over the task's rows it is near their logarithm."""
    _, task = opened(xlm_folder, "others too")
    with torch.no_grad():
        task.head.norm.weight.zero_()  # equal scores for all tokens
        loss = task.loss(np.arange(6), np.random.default_rng(1)).loss
    assert loss.item() == pytest.approx(np.log(len(set(task.token_ids()))), rel=1e-5)


# Dev scores


def test_dev_scores_in_small_batches_are_those_of_one(
    xlm_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, task = opened(xlm_folder)
    generator = np.random.default_rng(0)
    masked = [task._masked(text, generator) for text in task._dev]
    with torch.no_grad():
        expected = task._losses(masked).mean().item()
    sizes: list[int] = []
    real = Encoder.states

    def states(self: Encoder, batch: PackedBatch) -> torch.Tensor:
        sizes.append(len(batch.token_ids))
        return real(self, batch)

    monkeypatch.setattr(Encoder, "states", states)
    whole = task.dev_scores()
    assert len(sizes) == 1
    assert whole == {"dev_loss": pytest.approx(expected, rel=1e-6)}
    monkeypatch.setattr(forward, "TOKENS_PER_BATCH", 16)
    sizes.clear()
    assert task.dev_scores() == {"dev_loss": pytest.approx(expected, rel=1e-6)}
    assert len(sizes) > 2
    assert max(sizes) <= 16
    assert task.dev_scores() == task.dev_scores()


def test_without_dev_texts_there_is_no_score(bert_folder: Path) -> None:
    task = MaskedLM().open(load_tiny(bert_folder), split_of("a cat"), NONE, OPTIONS)
    assert task.dev_scores() == {}


# Overfit


@pytest.mark.parametrize("whole_words", [False, True])
def test_twenty_updates_overfit_beside_the_rows_of_other_tasks(
    xlm_folder: Path, whole_words: bool
) -> None:
    encoder, task = opened(
        xlm_folder, "others too", whole_words=whole_words, language_temperature=3.3
    )
    before = encoder.table.weight.detach().clone()
    groups = [
        {"params": [*encoder.model.encoder.parameters(), encoder.table.weight], "lr": 3e-3},
        {"params": list(task.head.parameters()), "lr": 1e-2},
    ]
    optimizer = torch.optim.Adam(groups)
    losses = []
    for update in range(20):
        loss = task.loss(task.draw(6 * update, 6, 0), np.random.default_rng(update)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.8 * losses[0]
    moved = (encoder.table.weight.detach() != before).any(1)
    assert {int(i) for i in torch.nonzero(moved)[:, 0]} == set(task.token_ids())
