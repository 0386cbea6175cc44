"""The training loop: exactness, freezing, resuming, budgets, schedule, faults."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import TRAINED_FORMS, alone, load_tiny, open_tiny_task, tiny_split, train_tiny

from crosslift.encoders.encode_texts import encode
from crosslift.errors import ArtifactError, TrainingError
from crosslift.forms.form import FormOptions, OpenTask, Split, StepLoss
from crosslift.forms.text_pairs import TextPairs
from crosslift.training import loop
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress, save_tensors
from crosslift.training.loop import Stage, train
from crosslift.training.stage_settings import StageSettings
from crosslift.training.weights import Weights

UPDATES = 6


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.safetensors"


def outcome_of(weights: dict[str, torch.Tensor]) -> dict[str, bytes]:
    """The bytes of every trained weight and of the head's buffers."""
    return {name: value.numpy().tobytes() for name, value in weights.items()}


def losses_of(progress: Progress) -> list[float]:
    return [value for _, _, metric, value in progress.curve if metric == "loss"]


# Exactness


@pytest.mark.parametrize("form", ["text-pairs", "masked-lm"])
def test_training_the_occurring_rows_is_training_the_whole_table(
    tiny_folders: dict[str, Path], checkpoint: Path, form: str
) -> None:
    """A plain loop with torch's own AdamW over the model's own table ends with the same weights."""
    folder = tiny_folders[TRAINED_FORMS[form]]
    weights, progress, _, encoder = train_tiny(
        form, folder, checkpoint, dropout=0.0, weight_decay=1.0
    )
    encoder.table.write_back()

    plain = load_tiny(folder, precision="float32")
    task = open_tiny_task(form, plain)
    if form == "masked-lm":  # its softmax is over the rows that occur, in the whole table
        plain.table = _WholeTable(plain.table.whole, sorted(set(task.token_ids())))
    losses = plain_loop(plain, task, lambda name: name != "embeddings.word_embeddings.weight")
    assert losses == pytest.approx(losses_of(progress), rel=1e-4)
    trained = dict(encoder.model.named_parameters())
    start = dict(load_tiny(folder).model.named_parameters())
    for name, expected in plain.model.named_parameters():
        if not name.endswith("key.bias"):  # softmax cancels it: its gradient is rounding alone
            torch.testing.assert_close(trained[name], expected, atol=2e-5, rtol=0)
    moved = (
        trained["embeddings.word_embeddings.weight"] != start["embeddings.word_embeddings.weight"]
    ).any(1)
    assert set(np.flatnonzero(moved.numpy())) <= set(task.token_ids())
    assert moved.sum() > 5
    assert len(weights["token_table"]) < len(encoder.table.whole)


class _WholeTable:
    """Reads all rows of the model's own table; `weight` shows the occurring ones, with gradient."""

    def __init__(self, whole: torch.nn.Parameter, kept: list[int]) -> None:
        self.whole, self.ids = whole, torch.tensor(kept)

    @property
    def weight(self) -> torch.Tensor:
        return self.whole[self.ids]

    def rows(self, token_ids: torch.Tensor) -> torch.Tensor:
        return self.whole[token_ids]

    def places(self, token_ids: torch.Tensor) -> torch.Tensor:
        return torch.searchsorted(self.ids, token_ids)


def plain_loop(encoder: Any, task: OpenTask, decays: Callable[[str], bool]) -> list[float]:
    """Six updates of four records, linear from 1e-3 (head 1e-3) after a warm-up over one tenth."""
    encoder.model.train()
    matrices, others = [], []
    parameters = {**dict(encoder.model.named_parameters()), **dict(task.head.named_parameters())}
    for name, parameter in parameters.items():
        parameter.requires_grad_(True)
        (matrices if parameter.ndim >= 2 and decays(name) else others).append(parameter)
    for module in encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    groups = [{"params": matrices, "weight_decay": 1.0}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, fused=False)
    losses = []
    for update in range(UPDATES):
        middle = (update + 0.5) / UPDATES
        rate = middle / 0.1 if middle < 0.1 else (1 - middle) / 0.9
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * rate
        generator = np.random.default_rng((0, update, 1))
        generator.integers(2**62)
        loss = task.loss(task.draw(4 * update, 4, 0), generator).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*matrices, *others], 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


# What stays as it is


LAYER_0, LAYER_1, EMBEDDINGS = "encoder.layer.0.", "encoder.layer.1.", "embeddings."
TABLE = "embeddings.word_embeddings.weight"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("form", "settings", "frozen"),
    [
        ("text-pairs", {}, lambda name: False),
        ("text-pairs", {"token_table": "frozen"}, lambda name: name == TABLE),
        ("text-pairs", {"frozen_layers": 1}, lambda name: name.startswith((LAYER_0, EMBEDDINGS))),
        ("image-text", {"text_side": "locked"}, lambda name: True),
    ],
    ids=["nothing", "table", "one layer", "text side"],
)
def test_exactly_what_is_frozen_stays(
    bert_folder: Path,
    checkpoint: Path,
    precision: str,
    form: str,
    settings: dict[str, Any],
    frozen: Callable[[str], bool],
) -> None:
    before = dict(load_tiny(bert_folder, precision=precision).model.named_parameters())
    _, _, task, encoder = train_tiny(form, bert_folder, checkpoint, precision=precision, **settings)
    encoder.table.write_back()
    unmoved = {n for n, p in encoder.model.named_parameters() if torch.equal(p, before[n])}
    # bfloat16 working copies may round a small move of a weight of about 1 away, never a matrix's
    sure = {n for n in before if precision == "float32" or before[n].ndim == 2}
    assert unmoved & sure == {n for n in sure if frozen(n)}
    assert {n for n in before if frozen(n)} <= unmoved
    if form == "image-text":
        fresh = open_tiny_task(form, load_tiny(bert_folder)).head
        for left, right in zip(task.head.parameters(), fresh.parameters(), strict=True):
            assert not torch.equal(left, right)


def test_more_frozen_layers_than_there_are(bert_folder: Path, checkpoint: Path) -> None:
    with pytest.raises(TrainingError, match="frozen_layers 3"):
        train_tiny("text-pairs", bert_folder, checkpoint, frozen_layers=3)


def test_nothing_to_train(bert_folder: Path, checkpoint: Path) -> None:
    with pytest.raises(TrainingError, match="'text-pairs' has nothing to train") as caught:
        train_tiny("text-pairs", bert_folder, checkpoint, text_side="locked")
    assert caught.value.expected == "text_side: trainable"


def test_dropout_is_as_asked(bert_folder: Path, checkpoint: Path) -> None:
    def losses(**settings: Any) -> list[float]:
        return losses_of(train_tiny("text-pairs", bert_folder, checkpoint, **settings)[1])

    assert losses(dropout=None) == losses(dropout=0.1), "the configuration's own is 0.1"
    assert losses(dropout=0.0)[0] != losses(dropout=0.1)[0]


# Resuming


class Interruption:
    """Reports of progress of which some raise KeyboardInterrupt."""

    def __init__(self, updates: set[int]) -> None:
        self.updates = updates
        self.seen = 0

    def __call__(self, share: float) -> None:
        self.seen += 1
        if self.seen in self.updates:
            self.updates.discard(self.seen)
            raise KeyboardInterrupt


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("form", TRAINED_FORMS)
def test_resumed_equals_unbroken_bit_for_bit(
    tiny_folders: dict[str, Path], tmp_path: Path, form: str, precision: str
) -> None:
    folder = tiny_folders[TRAINED_FORMS[form]]
    kept = {"precision": precision, "dropout": 0.2}
    weights, progress, _, _ = train_tiny(form, folder, tmp_path / "a", **kept)
    expected = outcome_of(weights)
    for broken in ({1}, {3}, {UPDATES}, {1, 2, 4}):
        place = tmp_path / f"{sorted(broken)}.safetensors"
        report = Interruption(broken)
        for _ in range(len(broken)):
            with pytest.raises(KeyboardInterrupt):
                train_tiny(form, folder, place, report=report, **kept)
        weights, again, _, _ = train_tiny(form, folder, place, report=report, **kept)
        assert not broken
        assert report.seen == UPDATES, "no update is done twice"
        assert outcome_of(weights) == expected
        assert again.curve == progress.curve
        spent = (again.updates, again.examples, again.tokens, again.flops)
        assert spent == (progress.updates, progress.examples, progress.tokens, progress.flops)
        assert again.flops > 0


def test_an_interruption_inside_an_update_waits_for_its_end(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C mostly comes while the machine computes; half an update must not be saved."""
    weights, progress, _, _ = train_tiny("image-text", bert_folder, tmp_path / "a")
    expected = outcome_of(weights)
    inner = Weights.step
    calls = []

    def step(self: Weights, rate: float) -> None:
        calls.append(rate)
        if (
            len(calls) == 3
        ):  # the forward pass has moved the batch norms, the weights have not moved
            os.kill(os.getpid(), signal.SIGINT)
        inner(self, rate)

    monkeypatch.setattr(Weights, "step", step)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train_tiny("image-text", bert_folder, tmp_path / "b")
    assert len(calls) == 3
    assert signal.getsignal(signal.SIGINT) is before
    weights, again, _, _ = train_tiny("image-text", bert_folder, tmp_path / "b")
    assert len(calls) == UPDATES
    assert outcome_of(weights) == expected
    assert again.curve == progress.curve


def test_a_second_interruption_stops_at_once_and_half_an_update_is_not_saved(
    bert_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    weights, progress, _, _ = train_tiny("image-text", bert_folder, tmp_path / "a")
    expected = outcome_of(weights)
    inner = Weights.step
    stepped: list[float] = []

    def step(self: Weights, rate: float) -> None:
        stepped.append(rate)
        inner(self, rate)
        if len(stepped) == 3:  # the weights have moved, the count of updates has not
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Weights, "step", step)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train_tiny("image-text", bert_folder, tmp_path / "b")
    assert "stopping after this update; Ctrl-C again to stop now" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
    weights, again, _, _ = train_tiny("image-text", bert_folder, tmp_path / "b")
    assert outcome_of(weights) == expected
    assert again.curve == progress.curve


@pytest.mark.parametrize("which", [1, 2])
def test_an_interruption_while_the_dev_score_is_taken(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    from crosslift.forms.text_pairs import OpenTextPairs

    _, progress, _, _ = train_tiny("text-pairs", bert_folder, tmp_path / "a")
    inner = OpenTextPairs.dev_scores
    calls = []

    def dev_scores(self: OpenTextPairs) -> dict[str, float]:
        calls.append(1)
        if len(calls) == which:
            raise KeyboardInterrupt
        return inner(self)

    monkeypatch.setattr(OpenTextPairs, "dev_scores", dev_scores)
    with pytest.raises(KeyboardInterrupt):
        train_tiny("text-pairs", bert_folder, tmp_path / "b")
    _, again, _, _ = train_tiny("text-pairs", bert_folder, tmp_path / "b")
    assert again.curve == progress.curve


def test_a_killed_process_goes_on_from_the_last_checkpoint(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody expects leaves the checkpoint taken after the update before it."""
    weights, _, _, _ = train_tiny("text-pairs", bert_folder, tmp_path / "a")
    expected = outcome_of(weights)
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    monkeypatch.setattr(loop, "SHARE_OF_CHECKPOINTS", math.inf)
    shares: list[float] = []

    def fail(share: float) -> None:
        shares.append(share)
        if len(shares) == 4:
            raise SystemError

    with pytest.raises(SystemError):
        train_tiny("text-pairs", bert_folder, tmp_path / "b", report=fail)
    weights, _, _, _ = train_tiny("text-pairs", bert_folder, tmp_path / "b", report=fail)
    assert shares == [n / UPDATES for n in (1, 2, 3, 4, 4, 5, 6)]
    assert outcome_of(weights) == expected


@pytest.mark.parametrize(
    ("seconds_of_one", "most", "expected"),
    [(0.1, 600, [3, 6]), (3.0, 600, [3]), (3.0, 25, [3, 6])],
)
def test_checkpoints_take_a_small_share_of_the_time(
    bert_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds_of_one: float,
    most: float,
    expected: list[int],
) -> None:
    """Ten seconds an update: one is due after 20 seconds, or after 50 times what the last one took,
    but not after more than the most."""
    now = 0.0
    saved_after: list[int] = []

    def save(place: Path, weights: Weights, progress: Progress) -> None:
        nonlocal now
        now += seconds_of_one
        saved_after.append(progress.updates)

    def advance(share: float) -> None:
        nonlocal now
        now += 10

    monkeypatch.setattr(loop.time, "monotonic", lambda: now)
    monkeypatch.setattr(loop, "save_checkpoint", save)
    monkeypatch.setattr(loop, "MOST_SECONDS_BETWEEN_CHECKPOINTS", most)
    train_tiny("text-pairs", bert_folder, tmp_path, report=advance)
    assert saved_after == expected


@pytest.mark.parametrize("form", TRAINED_FORMS)
def test_same_seed_same_bytes(tiny_folders: dict[str, Path], tmp_path: Path, form: str) -> None:
    def run(name: str, seed: int) -> dict[str, bytes]:
        torch.rand(len(name))  # what was drawn before must not matter
        weights, _, _, _ = train_tiny(
            form, tiny_folders[TRAINED_FORMS[form]], tmp_path / name, seed=seed
        )
        return outcome_of(weights)

    first = run("one", 3)
    assert run("second", 3) == first
    assert run("third", 4) != first


@pytest.mark.parametrize("damage", ["cut", "other", "empty", "flipped", "digit"])
def test_a_corrupt_checkpoint(bert_folder: Path, checkpoint: Path, damage: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_tiny("text-pairs", bert_folder, checkpoint, report=Interruption({2}))
    data = checkpoint.read_bytes()
    content = {"cut": data[: len(data) // 2], "other": b"not a checkpoint at all", "empty": b""}
    content["flipped"] = data[:-1000] + bytes([data[-1000] ^ 1]) + data[-999:]
    content["digit"] = data.replace(b'\\"updates\\": 2', b'\\"updates\\": 1')
    assert content[damage] != data
    checkpoint.write_bytes(content[damage])
    with pytest.raises(ArtifactError, match="is corrupt") as caught:
        train_tiny("text-pairs", bert_folder, checkpoint)
    assert str(checkpoint) in caught.value.what
    assert caught.value.remedy is not None
    assert f"delete the folder {checkpoint.parent}" in caught.value.remedy


@pytest.mark.parametrize(
    "progress",
    ['{"curve": 3}', '{"curve": [[1, "a"]]}', '{"updates": "x"}', "[]", "[" * 5000, "{}x"],
)
def test_a_checkpoint_whose_progress_is_odd(
    bert_folder: Path, checkpoint: Path, progress: str
) -> None:
    save_tensors(checkpoint, {"weight:a": torch.zeros(1)}, {"progress": progress})
    with pytest.raises(ArtifactError, match="is corrupt"):
        train_tiny("text-pairs", bert_folder, checkpoint)


# Budgets


@pytest.mark.parametrize(
    ("budget", "updates"),
    [
        (Budget(updates=3, batch_size=4), 3),
        (Budget(examples=12, batch_size=4), 3),
        (Budget(examples=13, batch_size=4), 4),
        (Budget(examples=1, batch_size=4), 1),
    ],
)
def test_budgets_of_updates_and_examples(
    bert_folder: Path, checkpoint: Path, budget: Budget, updates: int
) -> None:
    _, progress, _, _ = train_tiny("text-pairs", bert_folder, checkpoint, budget=budget)
    assert (progress.updates, progress.examples) == (updates, 4 * updates)
    assert len(losses_of(progress)) == updates


@pytest.mark.parametrize("more", [0, 1])
def test_a_budget_of_tokens_ends_with_the_update_that_reaches_it(
    bert_folder: Path, tmp_path: Path, more: int
) -> None:
    encoder = load_tiny(bert_folder)
    task = open_tiny_task("text-pairs", encoder)
    counted = [task.loss(task.draw(4 * u, 4, 0), np.random.default_rng()).tokens for u in range(4)]
    texts = [list(r.texts.values()) for r in tiny_split("text-pairs").records]
    lengths = [sum(map(len, encoder.tokenise(pair))) for pair in texts]
    assert counted == [sum(lengths[row] for row in task.draw(4 * u, 4, 0)) for u in range(4)]
    budget = Budget(tokens=sum(counted[:3]) + more, batch_size=4)
    shares: list[float] = []
    _, progress, _, _ = train_tiny(
        "text-pairs", bert_folder, tmp_path / "c", budget=budget, report=shares.append
    )
    assert progress.updates == 3 + more
    assert progress.tokens == sum(counted[: 3 + more])
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("units", [{}, {"updates": 3, "tokens": 5}])
def test_a_budget_has_one_unit(units: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="exactly one of updates, examples, tokens"):
        Budget(**units)


# Learning rate


def rates(
    monkeypatch: pytest.MonkeyPatch, folder: Path, place: Path, **settings: Any
) -> list[float]:
    """The share of the peak learning rate at each update."""
    seen: list[float] = []
    monkeypatch.setattr(Weights, "step", lambda self, rate: seen.append(rate))
    train_tiny("text-pairs", folder, place, **settings)
    return seen


TEN = Budget(updates=10, batch_size=2)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"warmup_share": 0.2},
            [0.25, 0.75, *(left / 16 for left in (15, 13, 11, 9, 7, 5, 3, 1))],
        ),
        (
            {"warmup_share": 0.2, "schedule": "cosine"},
            [0.25, 0.75, *((1 + math.cos(math.pi * n / 16)) / 2 for n in range(1, 16, 2))],
        ),
        ({"warmup_share": 0.2, "schedule": "constant"}, [0.25, 0.75] + [1.0] * 8),
        ({"warmup_share": 0.0}, [left / 20 for left in range(19, 0, -2)]),
        ({"warmup_share": 0.0, "schedule": "constant"}, [1.0] * 10),
        ({"warmup_share": 1.0}, [done / 20 for done in range(1, 20, 2)]),
    ],
    ids=["linear", "cosine", "constant", "no warm-up", "flat", "all warm-up"],
)
def test_schedule(
    monkeypatch: pytest.MonkeyPatch,
    bert_folder: Path,
    checkpoint: Path,
    settings: dict[str, Any],
    expected: list[float],
) -> None:
    found = rates(monkeypatch, bert_folder, checkpoint, budget=TEN, **settings)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("unit", ["examples", "tokens"])
@pytest.mark.parametrize("warmup", [0.0, 1e-4, 0.5, 1.0])
def test_the_rate_stays_within_its_peak_in_every_unit(
    monkeypatch: pytest.MonkeyPatch, bert_folder: Path, checkpoint: Path, unit: str, warmup: float
) -> None:
    """The last update may pass the budget, and the first does not know how long its texts are."""
    budget = Budget(**{unit: 31}, batch_size=3)
    found = rates(monkeypatch, bert_folder, checkpoint, budget=budget, warmup_share=warmup)
    assert all(0 <= rate <= 1 for rate in found)
    assert all(math.isfinite(rate) for rate in found)


def test_the_learning_rates_are_the_peaks_times_the_share(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    task = open_tiny_task("image-text", encoder)
    settings = StageSettings(task="image-text", learning_rate=1e-4, head_learning_rate=2e-3)
    weights = Weights(encoder, {"image-text": task.head}, task.token_ids(), settings)
    weights.add_gradient(task.loss(np.arange(4), np.random.default_rng(0)).loss)
    weights.step(0.5)
    found = [(g["lr"], g["weight_decay"]) for g in weights.optimizer.param_groups]
    assert found == [(5e-5, 0.01), (5e-5, 0.0), (1e-3, 0.01), (1e-3, 0.0)]


def test_long_gradients_are_clipped(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    task = open_tiny_task("text-pairs", encoder)
    settings = StageSettings(task="text-pairs", clip_norm=0.01)
    weights = Weights(encoder, {"text-pairs": task.head}, task.token_ids(), settings)
    norms: list[float] = []

    def note(optimizer: torch.optim.Optimizer, *_: object) -> None:
        grads = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        norms.append(torch.cat([grad.flatten() for grad in grads]).norm().item())

    weights.optimizer.register_step_pre_hook(note)
    weights.add_gradient(task.loss(np.arange(6), np.random.default_rng(0)).loss)
    weights.step(1.0)
    assert norms == [pytest.approx(0.01, rel=1e-3)]


# Faults


class Sick:
    """A task whose loss is not a number from some update on."""

    def __init__(self, task: OpenTask, from_update: int) -> None:
        self.inner, self.left = task, from_update
        self.size, self.head = task.size, task.head
        self.token_ids, self.draw, self.dev_scores = task.token_ids, task.draw, task.dev_scores

    def loss(self, rows: np.ndarray, generator: np.random.Generator) -> StepLoss:
        self.left -= 1
        found = self.inner.loss(rows, generator)
        return found if self.left >= 0 else StepLoss(found.loss * float("nan"), found.tokens)


def test_a_loss_that_is_no_number_ends_the_stage_and_keeps_its_checkpoint(
    bert_folder: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    monkeypatch.setattr(loop, "SHARE_OF_CHECKPOINTS", math.inf)
    encoder = load_tiny(bert_folder)
    task = Sick(open_tiny_task("text-pairs", encoder), from_update=2)
    settings = StageSettings(task="text-pairs", learning_rate=1e-3, dev_evaluations=2)
    stage = Stage(settings, Budget(updates=6, batch_size=4), 0, checkpoint, lambda share: None)
    with pytest.raises(TrainingError, match="the loss of text-pairs in update 3 is nan") as caught:
        train(stage, alone(task, "text-pairs"), encoder)
    assert "learning_rate" in str(caught.value.remedy)
    monkeypatch.undo()
    weights, progress, _, _ = train_tiny("text-pairs", bert_folder, checkpoint)
    unbroken, other, _, _ = train_tiny("text-pairs", bert_folder, checkpoint.with_name("b"))
    assert outcome_of(weights) == outcome_of(unbroken)
    assert progress.curve == other.curve


# Dev scores


@pytest.mark.parametrize(
    ("updates", "wanted", "taken"),
    [
        (6, 0, []),
        (6, 1, [6]),
        (6, 2, [3, 6]),
        (6, 4, [2, 3, 5, 6]),
        (3, 5, [1, 2, 3]),
        (49, 49, list(range(1, 50))),
    ],
)
def test_dev_scores_are_taken_as_often_as_asked(
    bert_folder: Path, checkpoint: Path, updates: int, wanted: int, taken: list[int]
) -> None:
    budget = Budget(updates=updates, batch_size=2)
    _, progress, _, _ = train_tiny(
        "text-pairs", bert_folder, checkpoint, budget=budget, dev_evaluations=wanted
    )
    found = [(update, metric) for update, _, metric, _ in progress.curve if metric != "loss"]
    assert found == [(update, "dev_top1_accuracy") for update in taken]


@pytest.mark.parametrize("form", TRAINED_FORMS)
def test_taking_dev_scores_does_not_disturb_training(
    tiny_folders: dict[str, Path], tmp_path: Path, form: str
) -> None:
    outcomes = []
    for wanted in (0, 4):
        place = tmp_path / str(wanted)
        weights, _, task, encoder = train_tiny(
            form, tiny_folders[TRAINED_FORMS[form]], place, dev_evaluations=wanted, dropout=0.3
        )
        outcomes.append(outcome_of(weights))
        assert not encoder.model.training
        assert not task.head.training
    assert outcomes[0] == outcomes[1]


def test_dev_scores_are_those_of_the_trained_encoder(bert_folder: Path, checkpoint: Path) -> None:
    _, progress, task, encoder = train_tiny("text-pairs", bert_folder, checkpoint, dropout=0.3)
    assert progress.curve[-1] == (
        UPDATES,
        "text-pairs",
        "dev_top1_accuracy",
        task.dev_scores()["dev_top1_accuracy"],
    )
    texts = [r.texts["anchor"] for r in tiny_split("text-pairs").records]
    compact = encode(encoder, texts)
    encoder.table.write_back()
    assert encode(encoder, texts).tobytes() == compact.tobytes()


def test_without_dev_records_there_are_no_dev_scores(bert_folder: Path, checkpoint: Path) -> None:
    encoder = load_tiny(bert_folder)
    options = FormOptions(text_locked=False, partners="own", seed=0)
    task = TextPairs().open(encoder, tiny_split("text-pairs"), Split([]), options)
    stage = Stage(
        StageSettings(task="text-pairs"),
        Budget(updates=2, batch_size=2),
        0,
        checkpoint,
        lambda share: None,
    )
    _, progress = train(stage, alone(task, "text-pairs"), encoder)
    assert {metric for _, _, metric, _ in progress.curve} == {"loss"}
