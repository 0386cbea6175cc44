"""Robust training: what lies in the ball, what the passes do, what they cost."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tiny_encoder import TRAINED_FORMS, load_tiny, train_tiny
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import PackedBatch, pack
from crosslift.encoders.perturbation import (
    Ball,
    BallOf,
    Perturbation,
    generator_of,
    mean_row_norm,
    perturbed,
)
from crosslift.errors import TrainingError
from crosslift.forms.form import StepLoss
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress
from crosslift.training.fine_tune_settings import FineTuneSettings
from crosslift.training.robust import Before, Passes, Robustness, smoothed_answers
from crosslift.training.robust_settings import (
    AdversarialSettings,
    RandomPerturbationSettings,
    RobustSettings,
    SmoothedPredictionSettings,
)
from crosslift.training.stage_settings import StageSettings

ADVERSARIAL: list[dict[str, Any]] = [
    {},
    {"steps": 3},
    {"steps": 2, "start": "random"},
    {"loss": "both"},
    {"steps": 3, "loss": "both", "start": "random"},
    {"steps": 2, "free": True},
    {"steps": 2, "ball": "sequence"},
]
NOISE: list[dict[str, Any]] = [{}, {"draws": 2}, {"draws": 2, "ball": "sequence"}]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.safetensors"


def sequences(generator: np.random.Generator) -> list[list[int]]:
    lengths = generator.integers(1, 9, generator.integers(1, 7))
    return [generator.integers(5, 20, n).tolist() for n in lengths]


def norms_by_hand(values: Tensor, batch: PackedBatch, of: BallOf) -> list[float]:
    """Of each token, or of each sequence, from the batch's layout alone."""
    begins = torch.nonzero(batch.positions == 0)[:, 0].tolist()
    if of == "token":
        begins = list(range(len(values)))
    ends = [*begins[1:], len(values)]
    return [float(values[a:b].double().norm()) for a, b in zip(begins, ends, strict=True)]


def outcome_of(weights: dict[str, Tensor]) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in weights.items()}


def losses_of(progress: Progress) -> list[float]:
    return [value for _, _, metric, value in progress.curve if metric == "loss"]


# The ball


@pytest.mark.parametrize("of", ["token", "sequence"])
@pytest.mark.parametrize("seed", range(20))
def test_nothing_leaves_the_ball(of: BallOf, seed: int) -> None:
    """Draws, steps along gradients of any size, and projections, of sequences of any lengths."""
    lengths = np.random.default_rng(seed)
    batch = pack(sequences(lengths))
    ball = Ball(float(lengths.uniform(0.01, 3)), of)
    rows = torch.zeros(len(batch.token_ids), 4)
    generator = generator_of(seed)
    values = ball.draw(rows, batch, generator)
    for scale in (0.0, 1e-20, 1.0, 1e20):
        gradient = torch.randn(rows.shape, generator=generator) * scale
        gradient[0] = 0.0
        values = ball.climb(values, gradient, float(lengths.uniform(0, 5)), batch)
        assert torch.isfinite(values).all()
        assert max(norms_by_hand(values, batch, of)) <= ball.radius * (1 + 1e-6)


def test_projection_leaves_what_is_inside_and_shortens_what_is_not() -> None:
    batch = pack([[7], [8, 9]])  # the tokens of the second stand at 1 and 2
    values = torch.tensor([[3.0, 4.0], [0.6, 0.0], [0.0, 0.8]])
    by_token = Ball(1.0, "token").project(values, batch)
    torch.testing.assert_close(by_token, torch.tensor([[0.6, 0.8], [0.6, 0.0], [0.0, 0.8]]))
    by_sequence = Ball(0.5, "sequence").project(values, batch)
    torch.testing.assert_close(by_sequence, torch.tensor([[0.3, 0.4], [0.3, 0.0], [0.0, 0.4]]))


def test_a_step_has_its_length_whatever_the_gradient_is() -> None:
    batch = pack([[7, 8]])
    gradient = torch.tensor([[3e-9, 4e-9], [0.0, 0.0]])
    moved = Ball(1.0, "token").climb(torch.zeros(2, 2), gradient, 0.5, batch)
    torch.testing.assert_close(moved, torch.tensor([[0.3, 0.4], [0.0, 0.0]]))


@pytest.mark.parametrize("of", ["token", "sequence"])
def test_draws_fill_the_ball_evenly(of: BallOf) -> None:
    """In d dimensions the share of draws within r of the centre is r to the power of d."""
    batch = pack([[5, 6]] * 4000)
    drawn = Ball(2.0, of).draw(torch.zeros(8000, 2), batch, generator_of(1))
    lengths = np.array(norms_by_hand(drawn, batch, of)) / 2
    dimensions = 2 if of == "token" else 4
    for share in (0.3, 0.7, 0.9):
        inside = float((lengths < share ** (1 / dimensions)).mean())
        assert abs(inside - share) < 4 * math.sqrt(share * (1 - share) / len(lengths))
    assert abs(float(drawn.mean())) < 0.05


def test_what_is_added_belongs_to_the_tokens_of_a_batch() -> None:
    """Read again, as when activations are computed again, a batch gets the same; another its own."""
    ball, generator = Ball(1.0, "token"), generator_of(3)
    noise = Perturbation(ball, lambda rows, batch: ball.draw(rows, batch, generator))
    one, other = pack([[5, 6], [7]]), pack([[7], [5, 6, 8]])
    rows = torch.zeros(3, 4)
    first = noise(rows, one)
    second = noise(torch.zeros(4, 4), other)
    assert torch.equal(noise(rows, one), first)
    assert not torch.equal(second[:3], first)
    assert len(noise.leaves) == 2


# Training


@pytest.mark.parametrize("form", TRAINED_FORMS)
@pytest.mark.parametrize(
    "robust",
    [{"adversarial": {**a, "radius": 0}} for a in ADVERSARIAL[:4]]
    + [{"random_perturbation": {"radius": 0, "draws": 2}}],
)
def test_radius_0_is_plain_training_bit_for_bit(
    tiny_folders: dict[str, Path], checkpoint: Path, form: str, robust: dict[str, Any]
) -> None:
    folder = tiny_folders[TRAINED_FORMS[form]]
    plain, spent, _, _ = train_tiny(form, folder, checkpoint)
    checkpoint.unlink(missing_ok=True)
    found, again, _, _ = train_tiny(form, folder, checkpoint, robust=robust)
    assert outcome_of(found) == outcome_of(plain)
    assert losses_of(again) == losses_of(spent)
    assert (again.tokens, again.flops) == (spent.tokens, spent.flops)


class _OfNothing(Robustness):
    """Goes through all its passes in a ball that holds nothing but its centre."""

    def __init__(self, encoder: Encoder, settings: Any, seed: int) -> None:
        super().__init__(encoder, settings, seed)
        self._settings, self._unit = settings, 0.0


@pytest.mark.parametrize("form", ["text-pairs", "masked-lm", "image-text"])
@pytest.mark.parametrize(
    "robust",
    [{"adversarial": a} for a in ADVERSARIAL] + [{"random_perturbation": n} for n in NOISE],
    ids=str,
)
def test_passes_that_perturb_nothing_are_plain_training_bit_for_bit(
    tiny_folders: dict[str, Path],
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    robust: dict[str, Any],
) -> None:
    """Dropout, masking and augmentation are the same in every pass, and what comes after finds the
    random state as after one pass."""
    folder = tiny_folders[TRAINED_FORMS[form]]
    plain, spent, _, _ = train_tiny(form, folder, checkpoint, dropout=0.3)
    checkpoint.unlink(missing_ok=True)
    monkeypatch.setattr("crosslift.training.loop.Robustness", _OfNothing)
    found, again, _, _ = train_tiny(form, folder, checkpoint, dropout=0.3, robust=robust)
    assert again.flops >= spent.flops
    assert outcome_of(found) == outcome_of(plain)


@pytest.mark.parametrize("form", TRAINED_FORMS)
@pytest.mark.parametrize(
    "robust", [{"adversarial": {"steps": 2}}, {"random_perturbation": {}}], ids=str
)
def test_every_form_is_trained_robustly(
    tiny_folders: dict[str, Path], checkpoint: Path, form: str, robust: dict[str, Any]
) -> None:
    """It ends elsewhere than plain training, and one seed at one place."""
    folder = tiny_folders[TRAINED_FORMS[form]]
    plain, spent, _, _ = train_tiny(form, folder, checkpoint)
    ends = []
    for _ in range(2):
        checkpoint.unlink(missing_ok=True)
        found, again, _, _ = train_tiny(form, folder, checkpoint, robust=robust)
        ends.append(outcome_of(found))
        assert (again.updates, again.examples) == (spent.updates, spent.examples)
    assert ends[0] == ends[1]
    assert ends[0] != outcome_of(plain)


@pytest.mark.parametrize(
    "robust",
    [{"adversarial": {"steps": 2, "start": "random"}}, {"random_perturbation": {"draws": 2}}],
)
def test_a_killed_robust_stage_ends_as_an_unbroken_one(
    tiny_folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    robust: dict[str, Any],
) -> None:
    folder = tiny_folders["bert"]
    whole, _, _, _ = train_tiny("text-pairs", folder, tmp_path / "a", robust=robust)
    monkeypatch.setattr("crosslift.training.loop.SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    monkeypatch.setattr("crosslift.training.loop.SHARE_OF_CHECKPOINTS", math.inf)

    def stop(share: float) -> None:
        if share >= 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train_tiny("text-pairs", folder, tmp_path / "b", robust=robust, report=stop)
    rest, _, _, _ = train_tiny("text-pairs", folder, tmp_path / "b", robust=robust)
    assert outcome_of(rest) == outcome_of(whole)


def test_texts_at_a_time_are_perturbed_as_all_at_once(
    tiny_folders: dict[str, Path], checkpoint: Path
) -> None:
    """Activations are computed again with what was added the first time. (From zero, without dropout:
    in parts, other noise would be drawn.)"""
    ends = []
    for cached in (None, 3):
        checkpoint.unlink(missing_ok=True)
        weights, _, task, _ = train_tiny(
            "text-pairs",
            tiny_folders["bert"],
            checkpoint,
            robust={"adversarial": {"steps": 2}},
            cached_texts=cached,
            dropout=0.0,
            budget=Budget(updates=2, batch_size=4),
        )
        assert vars(task)["_options"].cached_texts == cached
        ends.append(weights)
    for name, value in ends[0].items():
        if not name.endswith("key.bias"):  # softmax cancels it: its gradient is rounding alone
            torch.testing.assert_close(ends[1][name], value, atol=1e-4, rtol=0)


# What adversarial training finds


class _Rows:
    """An encoder that is nothing but a table of rows; its loss is convex in them."""

    def __init__(self) -> None:
        self.perturbation: Any = None
        self.batch = pack([[0, 1, 2], [3, 4]])
        self.rows = torch.linspace(-1, 1, 20).reshape(5, 4).requires_grad_()
        self.table = type("Table", (), {"whole": self.rows.detach()})()

    def loss(self) -> StepLoss:
        rows = self.rows if self.perturbation is None else self.perturbation(self.rows, self.batch)
        towards = torch.tensor([1.0, -2.0, 0.5, 1.0])
        return StepLoss(torch.nn.functional.softplus(rows @ towards).sum() + rows.square().sum(), 5)


@pytest.mark.parametrize("settings", [*ADVERSARIAL, {"steps": 10}, {"step_size": 0.02, "steps": 4}])
def test_the_loss_found_is_no_lower_than_on_the_rows_themselves(settings: dict[str, Any]) -> None:
    """Of a convex loss any step along its gradient is a step up."""
    encoder: Any = _Rows()
    asked = AdversarialSettings(unit="absolute", radius=0.3, **settings)
    passes = Passes(encoder, encoder.loss, lambda loss, share: (loss * share).backward())
    found = Robustness(encoder, asked, 0).ascend(asked, passes, generator_of(0))
    clean = float(encoder.loss().loss)
    with perturbed(encoder, found):
        worst = float(encoder.loss().loss)
    assert asked.start == "random" or worst > clean
    assert max(norms_by_hand(found.leaves[0].detach(), encoder.batch, asked.ball)) <= 0.3 * (
        1 + 1e-6
    )


def test_more_steps_find_a_higher_loss_and_come_near_the_highest() -> None:
    """Against a search by brute force over directions of the one token's ball."""
    encoder: Any = _Rows()
    encoder.batch, encoder.rows = pack([[0]]), torch.tensor([[0.1, 0.2, -0.3, 0.0]])
    encoder.rows.requires_grad_()
    highest = 0.0
    directions = torch.nn.functional.normalize(
        torch.randn(20000, 4, generator=generator_of(5)), dim=1
    )
    for added in 0.3 * directions:
        with perturbed(encoder, lambda rows, batch, a=added: rows + a):
            highest = max(highest, float(encoder.loss().loss))
    found = []
    for steps in (1, 2, 20):
        asked = AdversarialSettings(unit="absolute", radius=0.3, steps=steps, step_size=0.1)
        passes = Passes(encoder, encoder.loss, lambda loss, share: None)
        end = Robustness(encoder, asked, 0).ascend(asked, passes, generator_of(0))
        with perturbed(encoder, end):
            found.append(float(encoder.loss().loss))
    assert found[0] < found[1] < found[2]
    assert found[2] >= highest * 0.9999


def test_the_parts_of_the_loss_are_what_the_settings_say() -> None:
    """Both: half of each loss; free: the mean over the points; noise: the mean over the draws."""
    cases: list[tuple[Any, list[float]]] = [
        (AdversarialSettings(steps=2), [1.0]),
        (AdversarialSettings(steps=2, loss="both"), [0.5, 0.5]),
        (AdversarialSettings(steps=3, free=True), [1 / 3] * 3),
        (RandomPerturbationSettings(draws=2), [0.5, 0.5]),
        (RandomPerturbationSettings(draws=2, loss="both"), [0.5, 0.25, 0.25]),
    ]
    for settings, wanted in cases:
        encoder: Any = _Rows()
        shares: list[float] = []

        def back(loss: Tensor, share: float, to: list[float] = shares) -> None:
            to.append(share)
            (loss * share).backward()

        passes = Passes(encoder, encoder.loss, back)
        Robustness(encoder, settings, 0).take(passes, 1)
        assert shares == pytest.approx(wanted)


# What it costs

COSTS: list[tuple[dict[str, Any], float]] = [
    ({"adversarial": {}}, 5 / 3),
    ({"adversarial": {"steps": 3}}, 3.0),
    ({"adversarial": {"loss": "both"}}, 2.0),
    ({"adversarial": {"steps": 2, "loss": "both", "start": "random"}}, 10 / 3),
    ({"adversarial": {"steps": 3, "free": True}}, 3.0),
    ({"random_perturbation": {"draws": 2}}, 2.0),
    ({"random_perturbation": {"draws": 2, "loss": "both"}}, 3.0),
]


@pytest.mark.parametrize(("robust", "expected"), COSTS)
@pytest.mark.parametrize("form", ["text-pairs", "masked-lm"])
def test_an_update_costs_what_its_passes_predict(
    tiny_folders: dict[str, Path],
    checkpoint: Path,
    form: str,
    robust: dict[str, Any],
    expected: float,
) -> None:
    stage = StageSettings(task="snli", robust=robust)
    assert stage.cost == pytest.approx(expected)
    folder = tiny_folders[TRAINED_FORMS[form]]
    _, plain, _, _ = train_tiny(form, folder, checkpoint)
    checkpoint.unlink(missing_ok=True)
    _, found, _, _ = train_tiny(form, folder, checkpoint, robust=robust)
    assert found.flops / plain.flops == pytest.approx(expected, rel=0.1)
    assert found.cost[form] == pytest.approx(found.flops / plain.flops, rel=1e-6)
    assert plain.cost[form] == 1.0


def test_what_was_counted_is_told_where_the_passes_predict_too_little(
    tiny_folders: dict[str, Path], checkpoint: Path
) -> None:
    """Of two layers one is frozen: a plain update goes back through one, a search through both. Forward
    costs a layer 1, each gradient 1: plain 2 + 2 = 4, a search 2 + 2 = 4."""
    settings: dict[str, Any] = {"frozen_layers": 1}
    _, plain, _, _ = train_tiny("text-pairs", tiny_folders["bert"], checkpoint, **settings)
    checkpoint.unlink(missing_ok=True)
    settings |= {"robust": {"adversarial": {}}}
    _, found, _, _ = train_tiny("text-pairs", tiny_folders["bert"], checkpoint, **settings)
    assert found.cost["text-pairs"] == pytest.approx(2.0, rel=0.1)
    assert found.flops / plain.flops == pytest.approx(found.cost["text-pairs"], rel=1e-6)


def test_tasks_of_one_update_have_noise_of_their_own(tiny_folders: dict[str, Path]) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    asked = RandomPerturbationSettings(radius=0.5)
    seen: list[Tensor] = []
    batch = pack([[5, 6, 7]])

    def forward() -> StepLoss:
        seen.append(encoder.states(batch))
        return StepLoss(seen[-1].sum(), 3)

    robustness = Robustness(encoder, asked, 0)
    for seed in (1, 2, 1):
        robustness.take(Passes(encoder, forward, lambda loss, share: None), 0, 0, seed)
    assert torch.equal(seen[0], seen[2])
    assert not torch.allclose(seen[0], seen[1], atol=1e-3)


def test_with_adapters_alone_a_search_costs_as_much_as_a_pass_that_trains() -> None:
    adversarial = {"adversarial": {"steps": 2}}
    assert StageSettings(task="snli", robust=adversarial, lora={}).cost == 3.0


# The vote


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([["a"], ["b"], ["b"]], ["b"]),
        ([["a"], ["b"]], ["a"]),  # as many votes: the first given
        ([[["N", "V"]], [["N", "N"]], [["V", "N"]]], [["N", "N"]]),
    ],
)
def test_answers_are_voted_on(
    tiny_folders: dict[str, Path], given: list[list[Any]], expected: list[Any]
) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    answers = iter(given)
    settings = SmoothedPredictionSettings(draws=len(given)) if len(given) > 1 else None
    assert settings is not None
    assert smoothed_answers(settings, encoder, lambda: next(answers)) == expected
    assert encoder.perturbation is None


def test_each_draw_of_a_vote_reads_other_noise_and_each_run_the_same(
    tiny_folders: dict[str, Path],
) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    texts = encoder.tokenise(["a cat", "the dog is running"])
    settings = SmoothedPredictionSettings(draws=3, radius=0.5)

    def read(to: list[Tensor]) -> list[str]:
        with torch.inference_mode():
            to.append(encoder.vectors(texts))
        return ["x"]

    runs: list[list[Tensor]] = [[], []]
    for run in runs:
        smoothed_answers(settings, encoder, lambda to=run: read(to))  # type: ignore[misc]
    plain = encoder.vectors(texts)
    for one, other in zip(*runs, strict=True):
        assert torch.equal(one, other)
        assert not torch.allclose(one, plain, atol=1e-3)
    assert not torch.allclose(runs[0][0], runs[0][1], atol=1e-3)


# Settings and faults


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "at least"),
        ({"adversarial": {}, "random_perturbation": {}}, "not both"),
        ({"adversarial": {"radius": -1}}, "greater than or equal to 0"),
        ({"adversarial": {"steps": 0}}, "greater than or equal to 1"),
        ({"adversarial": {"free": True, "loss": "both"}}, "free"),
        ({"random_perturbation": {"ball": "text"}}, "token"),
        ({"data_augmentation": {"copies": 0}}, "greater than or equal to 1"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        RobustSettings(**settings)


def test_a_locked_text_side_cannot_be_perturbed() -> None:
    with pytest.raises(ValidationError, match="robust training of token rows"):
        StageSettings(task="picture-name", text_side="locked", robust={"adversarial": {}})


def test_a_task_whose_texts_do_not_go_through_the_encoder() -> None:
    encoder: Any = _Rows()
    value = torch.ones(1, requires_grad=True)
    passes = Passes(encoder, lambda: StepLoss(value.sum(), 0), lambda loss, share: None)
    asked = AdversarialSettings()
    with pytest.raises(TrainingError, match="do not go through"):
        Robustness(encoder, asked, 0).take(passes, 1)


def test_the_radius_is_a_share_of_the_mean_row(tiny_folders: dict[str, Path]) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    table = encoder.table.whole.detach().double()
    assert mean_row_norm(encoder) == pytest.approx(float(table.norm(dim=1).mean()), rel=1e-6)


def test_each_pass_finds_dice_and_buffers_as_the_first_did() -> None:
    generator, norm = np.random.default_rng(4), torch.nn.BatchNorm1d(2)
    torch.manual_seed(4)
    before = Before(generator, norm)
    drawn = []
    for _ in range(2):
        before.again()
        seen = norm(torch.rand(3, 2)).tolist()
        drawn.append((seen, generator.random(), norm.running_mean.tolist()))
    assert drawn[0] == drawn[1]
    assert int(norm.num_batches_tracked) == 1


def test_an_arm_changes_what_it_names_alone() -> None:
    of_all = FineTuneSettings(budget={"updates": 5}, learning_rate=1e-4)
    own = FineTuneSettings(robust={"adversarial": {}})
    found = of_all.changed(own)
    assert (found.learning_rate, found.budget) == (1e-4, of_all.budget)
    with pytest.raises(ValidationError, match="robust training of token rows"):
        FineTuneSettings(text_side="locked").changed(own)
    assert found.robust == own.robust
    assert of_all.changed(None) is of_all
