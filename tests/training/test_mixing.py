"""Several tasks in one stage: shares, parts, schedules, resuming, losses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import load_tiny, open_tiny_task
from torch.optim.optimizer import register_optimizer_step_pre_hook

from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import TrainingError
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask, Mixture, shares_of
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings, MixingSettings

SIZES = (1_000, 100, 10)


def asked(*weights: Any) -> list[MixedTaskSettings]:
    return [MixedTaskSettings(task=f"t{i}", weight=weight) for i, weight in enumerate(weights)]


@pytest.mark.parametrize(
    ("mixing", "expected"),
    [
        ({}, [1_000 / 1_110, 100 / 1_110, 10 / 1_110]),
        ({"sampling": "proportional"}, [1_000 / 1_110, 100 / 1_110, 10 / 1_110]),
        ({"sampling": "uniform"}, [1 / 3, 1 / 3, 1 / 3]),
        ({"sampling": "capped", "cap": 100}, [100 / 210, 100 / 210, 10 / 210]),
        (
            {"sampling": "temperature", "temperature": 2},
            (np.sqrt(SIZES) / np.sqrt(SIZES).sum()).tolist(),
        ),
        (
            {"sampling": "temperature", "temperature": 1},
            [1_000 / 1_110, 100 / 1_110, 10 / 1_110],
        ),
    ],
)
def test_shares_follow_from_sizes(mixing: dict[str, Any], expected: list[float]) -> None:
    found = shares_of(asked(None, None, None), SIZES, MixingSettings(**mixing), 0.3)
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("spent", "expected"),
    [(0, [0.9, 0.1]), (0.25, [0.65, 0.35]), (0.5, [0.4, 0.6]), (1, [0.4, 0.6])],
)
def test_weights_change_in_straight_lines(spent: float, expected: list[float]) -> None:
    weighted = asked({0: 0.9, 0.5: 0.4}, {0: 0.1, 0.5: 0.6})
    found = shares_of(weighted, (5, 5), MixingSettings(), spent)
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tasks", "mixing", "told"),
    [
        ([{"task": "a", "weight": 0.5}, {"task": "b", "weight": 0.4}], {}, "they sum to 0.9"),
        ([{"task": "a", "weight": 0.5}, "b"], {}, "b has none"),
        (
            [
                {"task": "a", "weight": {0: 1, 1: 0}},
                {"task": "b", "weight": {0: 0, 0.5: 0.7, 1: 1}},
            ],
            {},
            "they sum to 1.2 when 0.5 of the budget is spent",
        ),
        (["a", "b"], {"sampling": "weights"}, "a has none"),
        ([{"task": "a", "weight": 1}], {"sampling": "uniform"}, "no weights with sampling uniform"),
        ([{"task": "a", "weight": {}}], {}, "at least 1 item"),
    ],
)
def test_weights_that_cannot_be(tasks: list[Any], mixing: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        StageSettings(tasks=tasks, mixing=mixing)


def test_either_task_or_tasks() -> None:
    for settings, told in (
        ({}, "found neither"),
        ({"task": "a", "tasks": ["b"]}, "found both"),
        ({"tasks": ["a"], "data": "x"}, "data inside the tasks"),
    ):
        with pytest.raises(ValueError, match=told):
            StageSettings(**settings)
    assert [m.task for m in StageSettings(tasks=["a", {"task": "b"}]).tasks] == ["a", "b"]
    assert StageSettings(task="a", options={"x": 1}).tasks[0].options == {"x": 1}


class Sized:
    """A task of which nothing but the size is asked."""

    head = torch.nn.Module()

    def __init__(self, size: int) -> None:
        self.size = size


def mixture(
    mixing: dict[str, Any], sizes: tuple[int, ...] = (30, 10), accumulation: int = 1, seed: int = 5
) -> Mixture:
    members = [
        MixedTask(f"t{i}", MixedTaskSettings(task=f"t{i}"), Sized(size), i)  # type: ignore[arg-type]
        for i, size in enumerate(sizes)
    ]
    return Mixture(members, MixingSettings(**mixing), accumulation, seed)


def test_a_batch_of_one_task_holds_one_task_and_the_shares_come_out() -> None:
    drawn: Counter[str] = Counter()
    mixed = mixture({})
    for update in range(4_000):
        parts = mixed.parts(update, 0.0, 8, {})
        assert len(parts) == 1
        assert (parts[0].count, parts[0].weight) == (8, 1.0)
        drawn[parts[0].name] += 1
    assert abs(drawn["t0"] - 3_000) < 4 * np.sqrt(4_000 * 0.75 * 0.25)


def test_an_interleaved_batch_holds_every_task_in_its_share() -> None:
    mixed = mixture({"batches": "interleaved"}, sizes=(50, 30, 20))
    total: Counter[str] = Counter()
    for update in range(500):
        counts = {part.name: part.count for part in mixed.parts(update, 0.0, 16, {})}
        assert sum(counts.values()) == 16
        for name, exact in (("t0", 8.0), ("t1", 4.8), ("t2", 3.2)):
            assert abs(counts[name] - exact) < 1
        total.update(counts)
    assert total["t1"] / 8_000 == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("across", [False, True])
def test_accumulation_is_within_a_task_or_across_tasks(across: bool) -> None:
    mixed = mixture({"accumulate": "across" if across else "within"}, (10, 10), accumulation=3)
    kinds = set()
    for update in range(60):
        parts = mixed.parts(update, 0.0, 8, {"t0": 100})
        assert [part.count for part in parts] == [3, 3, 2]
        assert sum(part.weight for part in parts) == pytest.approx(1)
        kinds.add(len({part.name for part in parts}))
        for name in {part.name for part in parts}:
            own = [part for part in parts if part.name == name]
            begins = 100 if name == "t0" else 0
            assert own[0].start == begins
            assert [p.start for p in own[1:]] == [p.start + p.count for p in own[:-1]]
    assert kinds == ({1, 2} if across else {1})


def test_draws_follow_from_the_update_and_the_seed_alone() -> None:
    first, same, other = (mixture({}, seed=seed) for seed in (5, 5, 6))
    drawn = [[m.parts(u, 0.0, 4, {})[0].name for u in range(50)] for m in (first, same, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert same.parts(40, 0.0, 4, {}) == first.parts(40, 0.0, 4, {})


def test_a_task_of_weight_zero_never_comes() -> None:
    members = [
        MixedTask("a", MixedTaskSettings(task="a", weight=1), Sized(3), 0),  # type: ignore[arg-type]
        MixedTask("b", MixedTaskSettings(task="b", weight=0), Sized(3), 0),  # type: ignore[arg-type]
    ]
    for batches in ("one-task", "interleaved"):
        mixed = Mixture(members, MixingSettings(batches=batches), 1, 0)
        names = {part.name for u in range(200) for part in mixed.parts(u, 0.5, 7, {})}
        assert names == {"a"}


# Training on several tasks


def train_mixed(
    folder: Path,
    place: Path,
    report: Any = lambda share: None,
    budget: Budget | None = None,
    **settings: Any,
) -> tuple[dict[str, torch.Tensor], Progress, list[MixedTask], Encoder]:
    encoder = load_tiny(folder, precision="float32")
    stage = StageSettings(
        **{"learning_rate": 1e-3, "dev_evaluations": 2, "dropout": 0.2}
        | {"tasks": [{"task": "text-pairs"}, {"task": "masked-lm"}], **settings}
    )
    members = [
        MixedTask(m.task, m, open_tiny_task(m.task, encoder, seed=i), i)
        for i, m in enumerate(stage.tasks)
    ]
    chosen = budget or Budget(updates=8, batch_size=4)
    changed, progress = train(Stage(stage, chosen, 3, place, report), members, encoder)
    return {n: v.detach().clone() for n, v in changed.items()}, progress, members, encoder


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mixing": {"batches": "interleaved"}},
        {"mixing": {"accumulate": "across"}, "accumulation": 2},
        {
            "tasks": [
                {"task": "text-pairs", "weight": {0: 1, 1: 0}},
                {"task": "masked-lm", "weight": {0: 0, 1: 1}, "loss_weight": 0.5},
            ]
        },
    ],
    ids=["one-task", "interleaved", "across", "scheduled"],
)
@pytest.mark.parametrize("unit", ["updates", "tokens"])
def test_resumed_equals_unbroken(
    xlm_folder: Path, tmp_path: Path, settings: dict[str, Any], unit: str
) -> None:
    budget = Budget(**{unit: 8 if unit == "updates" else 500}, batch_size=4)
    whole, progress, _, _ = train_mixed(xlm_folder, tmp_path / "a", budget=budget, **settings)
    seen = []

    def interrupt(share: float) -> None:
        seen.append(share)
        if len(seen) in (2, 5):
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_mixed(xlm_folder, tmp_path / "b", interrupt, budget=budget, **settings)
    resumed, again, _, _ = train_mixed(
        xlm_folder, tmp_path / "b", interrupt, budget=budget, **settings
    )
    assert again.curve == progress.curve
    assert again.taken == progress.taken
    assert again.tokens == progress.tokens
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_curves_and_shares_of_each_task(xlm_folder: Path, tmp_path: Path) -> None:
    _, progress, _, _ = train_mixed(xlm_folder, tmp_path / "a", mixing={"batches": "interleaved"})
    rows = Counter((task, metric) for _, task, metric, _ in progress.curve)
    assert rows["text-pairs", "loss"] == rows["masked-lm", "loss"] == 8
    assert rows["text-pairs", "share"] == rows["masked-lm", "share"] == 8
    assert rows["text-pairs", "dev_top1_accuracy"] == rows["masked-lm", "dev_loss"] == 2
    for update in range(1, 9):
        shares = [v for u, _, metric, v in progress.curve if (u, metric) == (update, "share")]
        assert sum(shares) == pytest.approx(1)
    assert sum(progress.taken.values()) == progress.examples == 32


def test_the_loss_weight_scales_the_gradient(xlm_folder: Path, tmp_path: Path) -> None:
    """Where clipping and Adam take no part: the first gradients are read at the optimizer."""
    norms = []
    for factor in (1.0, 0.25):
        seen: list[float] = []

        def note(optimizer: Any, *_: Any, seen: list[float] = seen) -> None:
            grads = [
                p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None
            ]
            seen.append(torch.cat([grad.flatten() for grad in grads]).norm().item())

        handle = register_optimizer_step_pre_hook(note)
        try:
            train_mixed(
                xlm_folder,
                tmp_path / str(factor),
                tasks=[{"task": "text-pairs", "loss_weight": factor}],
                budget=Budget(updates=1, batch_size=4),
                clip_norm=1e9,
            )
        finally:
            handle.remove()
        norms.append(seen[0])
    assert norms[1] == pytest.approx(norms[0] / 4, rel=1e-4)


def test_accumulated_parts_give_the_gradient_of_the_whole(xlm_folder: Path, tmp_path: Path) -> None:
    """Of a loss that is a mean over records; contrastive losses look at the whole part."""
    from crosslift.forms.form import FormOptions
    from crosslift.sources.record import Record
    from crosslift.training.guards.held_vectors import OpenDistillation  # a loss of single records
    from crosslift.training.weights import Weights

    texts = ["a cat", "the dog is running", "rain", "one two three", "x", "hill"]
    records = [Record(t, {"text": t}) for t in texts]
    found = []
    for chunks in ([6], [2, 2, 2], [3, 3]):
        encoder = load_tiny(xlm_folder, precision="float32")
        task = OpenDistillation(encoder, records, "text", 6, FormOptions(False, "own", 0))
        settings = StageSettings(task="x", clip_norm=1e9)
        weights = Weights(encoder, {"x": task.head}, task.token_ids(), settings)
        with torch.no_grad():  # the encoder has moved since
            for number, value in enumerate(weights.masters.values()):
                generator = torch.Generator().manual_seed(number)
                value.add_(torch.randn(value.shape, generator=generator), alpha=0.05)
        first = 0
        for size in chunks:
            rows = np.arange(first, first + size)
            loss = task.loss(rows, np.random.default_rng(0)).loss
            weights.add_gradient(loss * (size / 6))
            first += size
        found.append({n: p.grad.clone() for n, p in weights.masters.items() if p.grad is not None})
    assert max(float(g.abs().max()) for g in found[0].values()) > 1e-4
    for other in found[1:]:
        for name, gradient in found[0].items():
            torch.testing.assert_close(other[name], gradient, atol=1e-6, rtol=1e-4)


def test_a_task_that_fails_is_named(xlm_folder: Path, tmp_path: Path) -> None:
    encoder = load_tiny(xlm_folder, precision="float32")
    task = open_tiny_task("masked-lm", encoder)
    inner = task.loss

    def sick(rows: Any, generator: Any) -> Any:
        found = inner(rows, generator)
        return type(found)(found.loss * float("inf"), found.tokens)

    task.loss = sick  # type: ignore[method-assign]
    settings = MixedTaskSettings(task="masked-lm")
    stage = Stage(
        StageSettings(task="masked-lm"), Budget(updates=1), 0, tmp_path / "c", lambda share: None
    )
    with pytest.raises(TrainingError, match="the loss of masked-lm in update 1 is inf"):
        train(stage, [MixedTask("masked-lm", settings, task, 0)], encoder)
