"""Settings of learning and guards against forgetting: each does what it says, and resumes exactly."""

from __future__ import annotations

import contextlib
import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import (
    NAMES,
    OTHER_NAMES,
    alone,
    load_tiny,
    open_tiny_task,
    tiny_split,
    train_tiny,
)

from crosslift.encoders.adapters import adapters, merged
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.lend import LentEncoder
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.state import apply_changes, save_change
from crosslift.errors import DataError, TrainingError
from crosslift.forms.classification import Classification
from crosslift.forms.form import FormOptions, OpenTask, Split
from crosslift.forms.forward import batch_vectors, cached_chunks
from crosslift.forms.regression import Regression
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress
from crosslift.training.guards.data import on_their_data
from crosslift.training.guards.distillation import Distillation
from crosslift.training.guards.held_vectors import OpenDistillation, balanced
from crosslift.training.loop import Stage, train
from crosslift.training.selection import chosen_score
from crosslift.training.stage_settings import StageSettings
from crosslift.training.weights import Weights

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
TEXTS = ["a cat", "the dog is running over the hill", "x", "one two three four five six"]


def interrupted(number: int) -> Any:
    seen: list[float] = []

    def report(share: float) -> None:
        seen.append(share)
        if len(seen) == number:
            raise KeyboardInterrupt

    return report


# Resuming, whatever is set

SETTINGS: dict[str, dict[str, Any]] = {
    "lora": {"lora": {"rank": 2, "dropout": 0.3}},
    "l2-sp": {"l2_sp": 0.1},
    "distillation": {"distillation": {"texts": 9, "batch_size": 4}},
    "layer decay": {"layer_decay": 0.5},
    "cached": {"cached_texts": 3},
    "cached by tokens": {"cached_tokens": 12},
    "checkpointing": {"gradient_checkpointing": True},
    "accumulation": {"accumulation": 2},
    "keep best": {"keep_best": True, "dev_evaluations": 6},
    "early stopping": {"early_stopping": {"patience": 2}, "dev_evaluations": 6},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_resumed_equals_unbroken(
    bert_folder: Path, tmp_path: Path, name: str, precision: str
) -> None:
    kept = {"dropout": 0.2, "precision": precision, **SETTINGS[name]}
    expected, progress, _, _ = train_tiny("text-pairs", bert_folder, tmp_path / "a", **kept)
    report = interrupted(3)
    with pytest.raises(KeyboardInterrupt):
        train_tiny("text-pairs", bert_folder, tmp_path / "b", report=report, **kept)
    found, again, _, _ = train_tiny(
        "text-pairs", bert_folder, tmp_path / "b", report=report, **kept
    )
    assert again.curve == progress.curve
    assert (again.best, again.best_update) == (progress.best, progress.best_update)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[n], expected[n]) for n in expected)


# Layer-wise decay


def test_each_layer_learns_at_a_share_of_the_rate_of_the_one_above(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    task = open_tiny_task("image-text", encoder)
    settings = StageSettings(task="image-text", learning_rate=1e-4, layer_decay=0.5)
    weights = Weights(encoder, {"image-text": task.head}, task.token_ids(), settings)
    weights.add_gradient(task.loss(np.arange(4), np.random.default_rng(0)).loss)
    weights.step(1.0)
    rates = {
        id(p): (group["lr"], group["weight_decay"])
        for group in weights.optimizer.param_groups
        for p in group["params"]
    }
    named = weights.named()
    assert rates[id(named["encoder.layer.1.output.dense.weight"])] == (1e-4, 0.01)
    assert rates[id(named["encoder.layer.0.output.dense.weight"])] == (5e-5, 0.01)
    assert rates[id(named["encoder.layer.0.output.dense.bias"])] == (5e-5, 0.0)
    assert rates[id(named["embeddings.position_embeddings.weight"])] == (2.5e-5, 0.01)
    assert rates[id(named["token_table"])] == (2.5e-5, 0.0)
    heads = {rates[id(p)][0] for name, p in named.items() if id(p) in rates and "head" in name}
    assert heads == {1e-3}


# GradCache and gradient checkpointing


def gradients(encoder: Encoder, task: OpenTask, rows: int) -> tuple[float, dict[str, torch.Tensor]]:
    weights = Weights(
        encoder, {"x": task.head}, task.token_ids(), StageSettings(task="x", dropout=0.0)
    )
    encoder.model.train()
    for module in encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    loss = task.loss(np.arange(rows), np.random.default_rng(0)).loss
    weights.add_gradient(loss)
    trained = {**weights.masters, **weights.rows}
    return loss.item(), {n: p.grad.clone() for n, p in trained.items() if p.grad is not None}


def records_of(form: str) -> list[Record]:
    pairs = list(zip(NAMES, OTHER_NAMES, strict=True))
    if form == "text-pairs":
        return [
            Record(a, {"anchor": a, "positive": b, "negative": f"{a} and {b}"}) for a, b in pairs
        ]
    both = [{"text": f"{a} {a} {a}", "pair": b} for a, b in pairs]
    if form == "classification":
        return [Record(t["text"], t, label="xy"[i % 2]) for i, t in enumerate(both)]
    return [Record(t["text"], t, score=float(i % 5)) for i, t in enumerate(both)]


POOLED: dict[str, Any] = {
    "text-pairs": TextPairs(negative="negative"),
    "classification": Classification(text="text", pair="pair", labels=("x", "y")),
    "regression": Regression(head="cosine"),
}


@pytest.mark.parametrize("form", POOLED)
@pytest.mark.parametrize(
    ("texts", "tokens"), [(1, None), (4, None), (7, None), (100, None), (None, 9), (2, 20)]
)
def test_a_cached_batch_gives_the_plain_batch_s_gradient(
    bert_folder: Path, form: str, texts: int | None, tokens: int | None
) -> None:
    outcomes = []
    plain_options = FormOptions(False, "own", 0)
    for options in (
        plain_options,
        replace(plain_options, cached_texts=texts, cached_tokens=tokens),
    ):
        encoder = load_tiny(bert_folder, precision="float32")
        split = Split(records_of(form))
        outcomes.append(gradients(encoder, POOLED[form].open(encoder, split, split, options), 6))
    (loss, plain), (cached_loss, found) = outcomes
    assert cached_loss == pytest.approx(loss, abs=1e-5)
    assert plain.keys() == found.keys()
    assert max(float(g.abs().max()) for g in plain.values()) > 1e-3
    for name, gradient in plain.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=0)


def test_chunks_hold_as_many_texts_and_tokens_as_they_may() -> None:
    sequences = [[0] * length for length in (3, 4, 5, 12, 2, 2, 2)]

    def lengths(texts: int | None, tokens: int | None) -> list[list[int]]:
        chunks = cached_chunks(sequences, texts, tokens)
        assert [each for chunk in chunks for each in chunk] == sequences
        return [[len(each) for each in chunk] for chunk in chunks]

    assert lengths(None, None) == [[3, 4, 5, 12, 2, 2, 2]]
    assert lengths(3, None) == [[3, 4, 5], [12, 2, 2], [2]]
    assert lengths(None, 7) == [[3, 4], [5], [12], [2, 2, 2]]
    assert lengths(2, 12) == [[3, 4], [5], [12], [2, 2], [2]]
    assert lengths(None, 100) == [[3, 4, 5, 12, 2, 2, 2]]


def test_a_chunk_by_tokens_is_all_that_the_encoder_sees_at_a_time(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_tiny(bert_folder, precision="float32")
    options = FormOptions(False, "own", 0, cached_tokens=24)
    split = Split(records_of("text-pairs"))
    task = POOLED["text-pairs"].open(encoder, split, split, options)
    seen = []
    inner = Encoder.vectors

    def vectors(self: Encoder, sequences: Any, *others: Any) -> torch.Tensor:
        seen.append(sum(map(len, sequences)))
        return inner(self, sequences, *others)

    monkeypatch.setattr(Encoder, "vectors", vectors)
    step = task.loss(np.arange(6), np.random.default_rng(0))
    assert len(seen) > 1
    assert max(seen) <= 24
    assert sum(seen) == step.tokens


def test_cached_dropout_is_the_same_when_it_is_computed_again(bert_folder: Path) -> None:
    """Without the same masks both times the gradient would be of another loss than was computed."""
    encoder = load_tiny(bert_folder, precision="float32")
    encoder.model.train()
    sequences = encoder.tokenise(TEXTS)
    parameter = encoder.model.encoder.layer[1].output.dense.bias

    def value(shift: float) -> torch.Tensor:
        with torch.no_grad():
            parameter[0] += shift
        torch.manual_seed(5)
        found = batch_vectors(encoder, sequences, FormOptions(False, "own", 0, 2)).square().sum()
        with torch.no_grad():
            parameter[0] -= shift
        return found

    loss = value(0.0)
    loss.backward()
    step = 1e-2
    slope = (value(step).item() - value(-step).item()) / (2 * step)
    assert parameter.grad[0].item() == pytest.approx(slope, rel=1e-2, abs=1e-3)


def peak_of_graph(encoder: Encoder, cached: int | None) -> int:
    """Bytes that the graph of a batch of 48 texts keeps between the forward and the backward pass."""
    sequences = encoder.tokenise(TEXTS * 12)
    kept = 0

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        vectors = batch_vectors(encoder, sequences, FormOptions(False, "own", 0, cached))
    vectors.sum().backward()
    gc.collect()
    return kept


def test_a_cached_batch_keeps_no_activations(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder, precision="float32")
    encoder.model.train()
    assert peak_of_graph(encoder, 4) < peak_of_graph(encoder, None) / 20


def test_gradient_checkpointing_gives_the_same_update_and_is_switched_off_again(
    bert_folder: Path, tmp_path: Path
) -> None:
    plain, _, _, _ = train_tiny("text-pairs", bert_folder, tmp_path / "a", dropout=0.2)
    found, _, _, encoder = train_tiny(
        "text-pairs", bert_folder, tmp_path / "b", dropout=0.2, gradient_checkpointing=True
    )
    assert not any(getattr(m, "gradient_checkpointing", False) for m in encoder.model.modules())
    for name, value in plain.items():
        torch.testing.assert_close(found[name], value, atol=1e-6, rtol=0)


# LoRA


def test_lora_changes_the_named_layers_alone_by_a_matrix_of_low_rank(
    bert_folder: Path, tmp_path: Path
) -> None:
    before = dict(load_tiny(bert_folder).model.named_parameters())
    changed, _, _, encoder = train_tiny(
        "text-pairs", bert_folder, tmp_path / "a", lora={"rank": 2, "modules": ["query", "dense"]}
    )
    encoded = {n: v for n, v in changed.items() if not n.startswith("head.")}
    ends = {name.rsplit(".", 2)[-2] for name in encoded}
    assert ends == {"query", "dense"}
    for name, value in encoded.items():
        moved = value - before[name]
        assert moved.abs().max() > 1e-6, name
        assert torch.linalg.matrix_rank(moved, rtol=1e-3) <= 2
    assert {n for n, _ in encoder.model.named_parameters()} == set(before), "adapters are taken off"
    assert not hasattr(encoder.model, "peft_config")


def test_the_merged_weights_are_what_was_trained(bert_folder: Path, tmp_path: Path) -> None:
    """Vectors with adapters on, and of the encoder with the merged change laid over it."""
    encoder = load_tiny(bert_folder, precision="float32")
    settings = {"rank": 4, "alpha": 8.0, "dropout": 0.0, "seed": 1}
    with adapters(encoder, ["query", "value"], **settings):
        masters = {n: p for n, p in encoder.model.named_parameters() if "lora_" in n}
        with torch.no_grad():
            for number, value in enumerate(masters.values()):
                generator = torch.Generator().manual_seed(number)
                value.copy_(torch.randn(value.shape, generator=generator))
        encoder.model.eval()
        adapted = encode(encoder, TEXTS)
        change = merged(encoder, masters)
    plain = encode(encoder, TEXTS)
    assert np.abs(adapted - plain).max() > 0.01
    save_change(change, encoder, tmp_path / "change.safetensors")
    apply_changes(encoder, [tmp_path / "change.safetensors"])
    np.testing.assert_allclose(encode(encoder, TEXTS), adapted, atol=2e-5)


def test_an_adapter_begins_as_no_change_and_by_its_seed(bert_folder: Path) -> None:
    def first(seed: int) -> dict[str, torch.Tensor]:
        encoder = load_tiny(bert_folder, precision="float32")
        plain = encode(encoder, TEXTS)
        with adapters(encoder, ["query"], rank=2, alpha=4.0, dropout=0.0, seed=seed):
            encoder.model.eval()
            assert encode(encoder, TEXTS).tobytes() == plain.tobytes()
            named = encoder.model.named_parameters()
            return {n: p.detach().clone() for n, p in named if "lora_A" in n}

    one, same, other = first(1), first(1), first(2)
    assert all(torch.equal(one[n], same[n]) for n in one)
    assert not any(torch.equal(one[n], other[n]) for n in one)


def test_lora_on_a_layer_that_is_not_there_names_those_that_are(
    bert_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="'q_proj'") as caught:
        train_tiny("text-pairs", bert_folder, tmp_path / "a", lora={"modules": ["q_proj"]})
    assert "dense, key, query, value" in str(caught.value.expected)


def test_frozen_layers_have_no_adapter_that_learns(bert_folder: Path, tmp_path: Path) -> None:
    changed, _, _, _ = train_tiny(
        "text-pairs", bert_folder, tmp_path / "a", lora={}, frozen_layers=1
    )
    assert {n.partition(".layer.")[2][:1] for n in changed if "layer" in n} == {"1"}


# L2-SP


def test_l2_sp_adds_its_gradient(bert_folder: Path) -> None:
    """Strength times the way from the start; nothing else differs."""
    found = []
    for strength in (0.0, 0.3):
        encoder = load_tiny(bert_folder, precision="float32")
        task = open_tiny_task("text-pairs", encoder)
        settings = StageSettings(task="text-pairs", l2_sp=strength, clip_norm=1e9)
        heads = {"text-pairs": task.head}
        with contextlib.ExitStack() as stack:
            guards = [stack.enter_context(g.open(encoder, OPTIONS)) for g in settings.guards]
            weights = Weights(encoder, heads, task.token_ids(), settings, guards)
        with torch.no_grad():
            for value in (*weights.masters.values(), *weights.rows.values()):
                value.add_(0.5)
        seen: dict[str, torch.Tensor] = {}
        trained = {**weights.masters, **weights.rows}

        def note(*_: Any, seen: Any = seen, trained: Any = trained) -> None:
            seen |= {n: p.grad.clone() for n, p in trained.items() if p.grad is not None}

        weights.optimizer.register_step_pre_hook(note)
        weights.add_gradient(task.loss(np.arange(6), np.random.default_rng(0)).loss)
        weights.step(1.0)
        found.append(seen)
    plain, pulled = found
    for name, gradient in plain.items():
        torch.testing.assert_close(pulled[name], gradient + 0.15, atol=1e-5, rtol=1e-4)


def test_a_strong_pull_keeps_the_weights_nearer(bert_folder: Path, tmp_path: Path) -> None:
    start = dict(load_tiny(bert_folder).model.named_parameters())

    def way(strength: float) -> float:
        changed, _, _, _ = train_tiny(
            "text-pairs", bert_folder, tmp_path / str(strength), l2_sp=strength
        )
        return sum(
            float((v - start[n].detach()).square().sum()) for n, v in changed.items() if n in start
        )

    assert way(10.0) < 0.7 * way(0.0)


# Distillation


def test_distillation_holds_the_vectors_of_its_texts(bert_folder: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    for code, first in (("de", 0), ("fi", 1)):
        (texts / f"{code}.txt").write_text("\n".join(TEXTS[first::2]), encoding="utf-8")

    def drift(weight: float | None) -> tuple[float, Progress]:
        encoder = load_tiny(bert_folder, precision="float32")
        before = encode(encoder, TEXTS)
        task = open_tiny_task("text-pairs", encoder)
        held = {"task": "masked-lm", "data": texts, "weight": weight, "batch_size": 4, "texts": 4}
        settings = StageSettings(
            task="text-pairs",
            learning_rate=3e-3,
            dropout=0.0,
            distillation=held if weight else None,
        )
        stage = Stage(
            settings, Budget(updates=20, batch_size=4), 0, tmp_path / str(weight), lambda s: None
        )
        _, progress = train(stage, alone(task), encoder, on_their_data(settings.guards))
        encoder.table.write_back()
        after = encode(encoder, TEXTS)
        return float(1 - (before * after).sum(axis=1).mean()), progress

    (free, plain), (held, progress) = drift(None), drift(10.0)
    assert held < free / 3
    assert progress.examples == plain.examples, "its texts are no examples of the task"
    assert progress.tokens > plain.tokens, "but their tokens are spent"
    losses = [
        v for _, task, metric, v in progress.curve if (task, metric) == (Distillation.name, "loss")
    ]
    assert len(losses) == 20
    assert losses[0] == pytest.approx(0, abs=1e-6)


def test_distillation_takes_each_language_equally_often() -> None:
    records = [
        Record(str(i), {"text": str(i)}, language="de" if i < 90 else "sw") for i in range(93)
    ]
    taken = balanced(records, 10, seed=0)
    assert sorted(r.language for r in taken) == ["de"] * 7 + ["sw"] * 3
    assert taken != balanced(records, 10, seed=1)
    assert len(balanced(records, 1_000, seed=0)) == 93
    encoder_free: Any = None
    with pytest.raises(DataError, match="no text"):
        OpenDistillation(encoder_free, [], "text", 3, OPTIONS)


# Early stopping and keeping the best


class Scripted:
    """A task whose dev scores are given; it learns as text pairs do."""

    def __init__(self, task: OpenTask, scores: list[float], metric: str) -> None:
        self.size, self.head = task.size, task.head
        self.token_ids, self.draw, self.loss = task.token_ids, task.draw, task.loss
        self.scores, self.metric, self.taken = scores, metric, 0

    def dev_scores(self) -> dict[str, float]:
        self.taken += 1
        return {self.metric: self.scores[self.taken - 1]}


def scripted(
    folder: Path, place: Path, scores: list[float], metric: str = "dev_accuracy", **settings: Any
) -> tuple[dict[str, torch.Tensor], Progress, Scripted]:
    encoder = load_tiny(folder, precision="float32")
    task = Scripted(open_tiny_task("text-pairs", encoder), scores, metric)
    stage = StageSettings(
        task="text-pairs", learning_rate=1e-3, dev_evaluations=len(scores), **settings
    )
    budget = Budget(updates=len(scores), batch_size=4)
    changed, progress = train(
        Stage(stage, budget, 0, place, lambda share: None), alone(task), encoder
    )
    return {n: v.detach().clone() for n, v in changed.items()}, progress, task


@pytest.mark.parametrize(
    ("metric", "scores", "least_gain", "ends"),
    [
        ("dev_accuracy", [0.1, 0.3, 0.3, 0.2, 0.9, 0.9], 0.0, 4),
        ("dev_accuracy", [0.1, 0.3, 0.2, 0.4, 0.5, 0.6], 0.0, 6),
        ("dev_accuracy", [0.1, 0.12, 0.14, 0.16, 0.18, 0.2], 0.05, 3),
        ("dev_loss", [3.0, 2.0, 2.5, 2.1, 1.0, 1.0], 0.0, 4),
    ],
)
def test_early_stopping(
    bert_folder: Path,
    tmp_path: Path,
    metric: str,
    scores: list[float],
    least_gain: float,
    ends: int,
) -> None:
    asked = {"patience": 2, "least_gain": least_gain}
    _, progress, _ = scripted(bert_folder, tmp_path / "c", scores, metric, early_stopping=asked)
    assert progress.updates == ends


def test_the_best_weights_are_kept(bert_folder: Path, tmp_path: Path) -> None:
    scores = [0.1, 0.8, 0.3, 0.2]
    best, progress, _ = scripted(bert_folder, tmp_path / "a", scores, keep_best=True)
    last, _, _ = scripted(bert_folder, tmp_path / "b", scores)
    assert (progress.best, progress.best_update, progress.updates) == (0.8, 2, 4)
    second: dict[str, torch.Tensor] = {}

    class Noting(Scripted):
        def dev_scores(self) -> dict[str, float]:
            if self.taken == 1:  # after the second update
                parameters = dict(encoder.model.named_parameters())
                second.update({n: parameters[n].detach().clone() for n in best})
            return super().dev_scores()

    encoder = load_tiny(bert_folder, precision="float32")
    task = Noting(open_tiny_task("text-pairs", encoder), scores, "dev_accuracy")
    settings = StageSettings(task="text-pairs", learning_rate=1e-3, dev_evaluations=4)
    stage = Stage(settings, Budget(updates=4, batch_size=4), 0, tmp_path / "c", lambda s: None)
    train(stage, alone(task), encoder)
    assert all(torch.equal(best[n], second[n]) for n in best)
    assert not all(torch.equal(best[n], last[n]) for n in best)


def test_choosing_without_dev_records(bert_folder: Path, tmp_path: Path) -> None:
    encoder = load_tiny(bert_folder)
    task = TextPairs().open(encoder, tiny_split("text-pairs"), Split([]), OPTIONS)
    settings = StageSettings(task="text-pairs", keep_best=True)
    stage = Stage(settings, Budget(updates=2, batch_size=2), 0, tmp_path / "c", lambda s: None)
    with pytest.raises(TrainingError, match="no task of the stage has dev records"):
        train(stage, alone(task), encoder)


def test_the_score_that_is_chosen_by() -> None:
    scores = {
        "mnli": {"dev_accuracy": 0.6, "dev_macro_f1": 0.5},
        "mlm": {"dev_loss": 2.0},
        "pairs": {"dev_accuracy": 0.2},
        "none": {},
    }
    assert chosen_score(scores, None) == pytest.approx((0.6 - 2.0 + 0.2) / 3)
    assert chosen_score(scores, "dev_macro_f1") == 0.5
    assert chosen_score(scores, "dev_loss") == -2.0
    assert chosen_score(scores, "pairs:dev_accuracy") == 0.2
    with pytest.raises(TrainingError, match="is of several tasks") as caught:
        chosen_score(scores, "dev_accuracy")
    assert caught.value.expected == "mnli:dev_accuracy, pairs:dev_accuracy"
    with pytest.raises(TrainingError, match="no dev metric 'dev_macrof1'") as caught:
        chosen_score(scores, "dev_macrof1")
    assert "mnli:dev_macro_f1" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"text_side": "locked", "lora": {}}, "no lora where text_side is locked"),
        ({"text_side": "locked", "l2_sp": 0.1}, "no l2_sp where"),
        ({"text_side": "locked", "distillation": {}}, "no distillation where"),
        ({"lora": {}, "l2_sp": 0.1}, "either lora or l2_sp"),
        ({"keep_best": True, "dev_evaluations": 0}, "need dev_evaluations"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        StageSettings(task="text-pairs", **settings)


# Interpolation


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_an_encoder_part_of_the_way(bert_folder: Path, tmp_path: Path, share: float) -> None:
    """Each weight, and each token row, in a straight line from where the start's changes left it."""
    paths = []
    for number, rows in enumerate([(7, 9), (9, 30)]):
        encoder = load_tiny(bert_folder)
        name = "encoder.layer.1.output.dense.bias"
        parameter = dict(encoder.model.named_parameters())[name]
        with torch.no_grad():
            parameter += 0.5 + number
        compact = encoder.table.keep_only(rows, trainable=True)
        with torch.no_grad():
            compact += 1.0 + number
        paths.append(tmp_path / f"{number}.safetensors")
        save_change({name: parameter}, encoder, paths[-1])
    lent, settings = LentEncoder(), EncoderSettings(name=str(bert_folder), precision="float32")
    plain = load_tiny(bert_folder)
    bias = plain.model.encoder.layer[1].output.dense.bias
    table = plain.table.whole
    found = lent.lend(settings, paths[:1], paths[1:], share)
    torch.testing.assert_close(
        found.model.encoder.layer[1].output.dense.bias, bias + 0.5 + share * 1.0
    )
    torch.testing.assert_close(found.table.whole[7], table[7] + 1.0)
    torch.testing.assert_close(found.table.whole[9], table[9] + 1.0 + share * 1.0)
    torch.testing.assert_close(found.table.whole[30], table[30] + share * 2.0)
    assert torch.equal(lent.lend(settings).table.whole, table), "all of it is undone"
    assert torch.equal(lent.lend(settings).model.encoder.layer[1].output.dense.bias, bias)
