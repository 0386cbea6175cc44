"""What ranks do in tests: losses and gradients of every form, short training runs, ways to fail."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import NAMES, OTHER_NAMES, TEXTS, everything_trained, load_tiny, tiny_split

from crosslift.encoders.encode_texts import encode_into
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import UnknownNameError
from crosslift.forms import forward
from crosslift.forms.contrastive_losses import unit
from crosslift.forms.declared_forms import FORMS
from crosslift.forms.form import FormOptions, OpenTask, Split, StepLoss
from crosslift.forms.forward import batch_vectors
from crosslift.making.on_devices import make_on_devices
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.record import Record
from crosslift.steps.step import Step, Workplace
from crosslift.training.budget import Budget
from crosslift.training.guards.data import on_their_data
from crosslift.training.guards.held_vectors import OpenDistillation
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings
from crosslift.training.weights import Weights

Say = Callable[[Any], None]


@dataclass(frozen=True)
class Case:
    """A form on records, and the batch whose loss and gradient are computed.

    Args:
        form: its name.
        settings: of the form.
        kind: of the tiny encoder.
        rows: of the batch.
        records: kind of the records, where a form has several.
        options: of the stage, by name.
    """

    form: str
    settings: dict[str, Any] = field(default_factory=dict)
    kind: str = "bert"
    rows: tuple[int, ...] = (4, 0, 3, 1, 5)
    records: str = ""
    options: dict[str, Any] = field(default_factory=dict)


_TOWER = {"tower": "convolutional", "picture_size": 24}
_FROZEN = {"tower": "convolutional", "tower_weights": "random"}
_TAGS = {"tags": ("B-X", "O", "Y")}
_PAIR = {"labels": ("a", "b", "c"), "pair": "pair"}

CASES = {
    "text-pairs": Case("text-pairs"),
    "one record for two ranks": Case("text-pairs", rows=(2,)),
    "two of four ranks idle": Case("classification", {"labels": ("a", "b", "c")}, rows=(2,)),
    "groups": Case("text-pairs", records="groups"),
    "negatives": Case("text-pairs", {"negative": "negative"}, records="negatives"),
    "hard negatives": Case("text-pairs", {"hard_negatives": "string"}),
    "triplet": Case("text-pairs", {"loss": "triplet", "margin": 2.0}, records="groups"),
    "guide": Case(
        "text-pairs",
        {"negative": "negative", "guide": "GUIDE", "temperature": 0.2},
        records="negatives",
    ),
    "margin-mse": Case(
        "text-pairs",
        {"negative": "negative", "loss": "margin-mse", "guide": "GUIDE"},
        records="negatives",
    ),
    "margin-mse of one record": Case(
        "text-pairs",
        {"negative": "negative", "loss": "margin-mse", "guide": "GUIDE"},
        records="negatives",
        rows=(2,),
    ),
    "matryoshka": Case(
        "text-pairs", {"matryoshka": (32, 8, 4), "matryoshka_weights": (1.0, 0.5, 2.0)}
    ),
    "matryoshka of pictures": Case("image-text", {**_TOWER, "matryoshka": (32, 8)}),
    "guide of captions": Case("image-text", {**_TOWER, "guide": "GUIDE", "guide_margin": 0.3}),
    "matryoshka of matching": Case("image-text-matching", {**_TOWER, "matryoshka": (32, 8)}),
    "cosent": Case(
        "regression",
        {"lowest": 0.0, "highest": 1.0, "loss": "cosent", "matryoshka": (32, 16)},
    ),
    "cached texts": Case("text-pairs", records="groups", options={"cached_texts": 2}),
    "cached tokens": Case("text-pairs", records="groups", options={"cached_tokens": 20}),
    "early hidden state": Case("text-pairs", {"hidden_state": 1}),
    "masked-lm": Case("masked-lm", kind="xlm-roberta"),
    "whole words": Case("masked-lm", {"whole_words": True}, kind="xlm-roberta", rows=(0, 1)),
    "classification": Case("classification", {"labels": ("a", "b", "c")}),
    "classification of pairs, cached": Case(
        "classification", _PAIR, options={"cached_texts": 1}, rows=(0, 1, 2, 3, 4, 5)
    ),
    "regression": Case("regression", {"lowest": 0.0, "highest": 1.0}),
    "regression of pairs": Case("regression", {"lowest": 0.0, "highest": 1.0, "head": "pair"}),
    "bitext-distillation": Case(
        "bitext-distillation", {"english": "anchor", "translation": "positive", "teacher": "GUIDE"}
    ),
    "matryoshka of a teacher": Case(
        "bitext-distillation",
        {
            "english": "anchor",
            "translation": "positive",
            "teacher": "GUIDE",
            "matryoshka": (32, 8),
        },
    ),
    "multiple-choice": Case("multiple-choice", {"question": "text", "choices": 3}),
    "span-qa": Case("span-qa", kind="xlm-roberta"),
    "tagging": Case("tagging", _TAGS, kind="xlm-roberta"),
    "image-text": Case("image-text", _TOWER),
    "photographs": Case("image-text", {**_TOWER, "augmentation": "photo"}, records="groups"),
    "one picture for two ranks": Case("image-text", _TOWER, rows=(3,)),
    "sigmoid": Case("image-text", {**_TOWER, "loss": "sigmoid"}, records="groups"),
    "text side locked": Case("image-text", _TOWER, options={"text_locked": True}),
    "image-text-matching": Case("image-text-matching", _TOWER),
    "image-masked-lm": Case("image-masked-lm", _TOWER, kind="xlm-roberta", rows=(1, 4, 5)),
    "caption-to-feature": Case("caption-to-feature", _FROZEN),
    "captions against features": Case("caption-to-feature", {**_FROZEN, "loss": "softmax"}),
    "distillation": Case("distillation"),
    "a form that shares by dividing": Case("divided"),
}
"""Name -> case. Batches are uneven: five records for two ranks, of lengths from 1 to 40 tokens."""


def records_of(case: Case) -> Split:
    """Six records with everything that any form reads."""
    split = tiny_split(case.form) if FORMS_WITH_PICTURES.get(case.form) else None
    records = []
    for i, (name, other) in enumerate(zip(NAMES, OTHER_NAMES, strict=True)):
        passage = f"it is {name} {'or not ' * i}and {other}"
        start = passage.index(other)
        texts = {"anchor": name * (1 + i % 3), "positive": other, "pair": other}
        texts |= {"text": TEXTS[i], "question": name, "passage": passage}
        if case.records == "negatives":
            texts |= {"negative": f"no {other}"} | ({"negative_2": "none"} if i % 2 else {})
        words = tuple(passage.split())
        records.append(
            Record(
                name,
                texts,
                language=("de", "fi")[i % 2],
                group=("one", "two", "three")[i // 2] if case.records == "groups" else "",
                label="abc"[i % 3],
                choices=("x", other, name),
                answer=i % 3,
                spans=((start, start + len(other)),),
                words=words,
                tags=tuple(("B-X", "O", "Y")[j % 3] for j in range(len(words))),
                score=i / 6,
            )
        )
    if split is None:
        return Split(records)
    return Split(records, split.pictures, split.places, split.features)


def with_guide(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Settings of a form whose guide or teacher, if it has one, is the encoder in a folder."""
    return settings | {name: str(folder) for name in ("guide", "teacher") if name in settings}


FORMS_WITH_PICTURES = {name: facts.pictures is not None for name, facts in FORMS.ours.items()}


class _Divided:
    """A form as another package may have it: every rank computes the whole loss, and divides it (see
    docs/extending.md)."""

    def __init__(self, encoder: Encoder, split: Split, options: FormOptions) -> None:
        self.encoder, self.options = encoder, options
        self.head = torch.nn.Module()
        self.sequences = encoder.tokenise([record.texts["text"] for record in split.records])

    def token_ids(self) -> set[int]:
        return {i for sequence in self.sequences for i in sequence}

    def loss(self, rows: Any, generator: np.random.Generator) -> StepLoss:
        del generator
        sequences = [self.sequences[row] for row in rows]
        vectors = unit(batch_vectors(self.encoder, sequences, self.options))
        apart = torch.pdist(vectors).pow(2).mul(-2).exp().mean().log()
        return StepLoss(apart / self.options.ranks.count, sum(map(len, sequences)))


def loss_and_gradient(
    ranks: Ranks, case: Case, folder: Path
) -> tuple[float, int, dict[str, np.ndarray[Any, Any]]]:
    """Loss and tokens of a case's batch, and the gradient of every weight, summed over the ranks."""
    encoder = load_tiny(folder)
    options = FormOptions(
        **{"text_locked": False, "partners": "own", "seed": 3, **case.options, "ranks": ranks}
    )
    split = records_of(case)
    if case.form == "divided":
        task: Any = _Divided(encoder, split, options)
    elif case.form == "distillation":
        task = OpenDistillation(encoder, split.records, "text", 6, options)
        with torch.no_grad():  # else the vectors are where they were
            for parameter in encoder.layers().parameters():
                parameter.mul_(1.1)
    else:
        task = (
            FORMS[case.form]
            .form_class()(**with_guide(case.settings, folder))
            .open(encoder, split, Split([]), options)
        )
    head = ranks.with_shared_norms(task.head)
    side = "locked" if options.text_locked else "trainable"
    settings = StageSettings.model_validate({"task": "any", "text_side": side})
    weights = Weights(encoder, {"task": head}, task.token_ids(), settings, (), ranks)
    encoder.model.train(not options.text_locked)
    head.train()
    for module in encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    torch.manual_seed(5 + ranks.number)
    outcome = task.loss(np.array(case.rows), np.random.default_rng(4))
    weights.add_gradient(outcome.loss)
    weights._add_up_gradients()
    gradients = {
        name: value.grad.numpy().copy()
        for name, value in weights.named().items()
        if value.grad is not None
    }
    gradients |= {f"buffer {n}": b.numpy().copy() for n, b in head.named_buffers()}
    (loss,) = ranks.summed([outcome.loss.item()])
    return loss, outcome.tokens, gradients


def all_losses_and_gradients(
    ranks: Ranks, say: Say, folders: dict[str, Path], runs: dict[str, dict[str, Any]], out: Path
) -> dict[str, Any]:
    """Every case, and every training run by its settings: name -> what it gives."""
    del say
    outcomes: dict[str, Any] = {
        name: loss_and_gradient(ranks, case, folders[case.kind]) for name, case in CASES.items()
    }
    for number, (name, settings) in enumerate(runs.items()):
        place = out / f"{number}" / "checkpoint.safetensors"
        outcomes[name] = trained(ranks, folders, place, settings)
    return outcomes


def trained(
    ranks: Ranks,
    folders: dict[str, Path],
    checkpoint: Path,
    settings: dict[str, Any],
    say: Say = lambda _: None,
    report: Callable[[float], None] = lambda _: None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A short training run on one or several of the cases' records, without dropout.

    Args:
        ranks: that train.
        folders: of the tiny encoders.
        checkpoint: its place.
        settings: of the stage, and: `cases`, names of cases whose forms are its tasks; `updates`.
        say: gets the notes of the run.
        report: called after each update.

    Returns:
        Every trained weight, and the progress.
    """
    of_stage = dict(settings)
    cases = [CASES[name] for name in of_stage.pop("cases")]
    updates = of_stage.pop("updates", 20)
    tasks = [{"task": case.form} for case in cases]
    stage = StageSettings.model_validate(
        {"tasks": tasks, "learning_rate": 1e-3, "dropout": 0.0, "dev_evaluations": 2, **of_stage}
    )
    encoder = load_tiny(folders[cases[0].kind])
    members = []
    for number, case in enumerate(cases):
        options = FormOptions(stage.text_side == "locked", "own", 3, stage.cached_texts, ranks)
        split = records_of(case)
        form = FORMS[case.form].form_class()(**case.settings)
        opened: OpenTask = form.open(encoder, split, split, options)
        members.append(MixedTask(case.form, MixedTaskSettings(task=case.form), opened, number))
    budget = Budget(updates=updates, batch_size=5)
    asked = Stage(stage, budget, 3, checkpoint, report, say, (), ranks)
    changed, progress = train(asked, members, encoder, on_their_data(stage.guards))
    weights: dict[str, Any] = {}
    for member in members:
        weights |= {
            f"{member.name} {name}": value.numpy()
            for name, value in everything_trained(changed, member.task, encoder).items()
        }
    facts = {n: getattr(progress, n) for n in ("updates", "examples", "tokens", "taken", "curve")}
    return weights, facts | {"devices": progress.devices, "best": progress.best_update}


def train_and_be_hit(
    ranks: Ranks,
    say: Say,
    folders: dict[str, Path],
    checkpoint: Path,
    settings: dict[str, Any],
    hit: tuple[int, int, str] | None,
) -> Any:
    """A training run in which something happens to one rank after one update.

    Args:
        ranks: that train.
        say: gets the process of each rank, and the notes.
        folders, checkpoint, settings: as in `trained`.
        hit: rank, update, and what happens: ``kill``, ``raise`` or ``interrupt`` (of the process that
            started the ranks); None: nothing happens.
    """
    from crosslift.training import loop

    loop.SECONDS_BETWEEN_CHECKPOINTS = -1.0
    loop.SHARE_OF_CHECKPOINTS = float("inf")
    done = 0

    def report(share: float) -> None:
        nonlocal done
        done += 1
        say(("done", done))
        if hit is not None and (ranks.number, done) == hit[:2]:
            _happen(hit[2])

    return trained(ranks, folders, checkpoint, settings, lambda note: say(("note", note)), report)


def _happen(what: str) -> None:
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "interrupt":
        os.kill(os.getppid(), signal.SIGINT)
    if what == "raise":
        raise ZeroDivisionError


def divide_by_zero(ranks: Ranks, say: Say, number: int) -> None:
    """Fails on one rank while the others wait for it."""
    del say
    if ranks.number == number:
        raise ZeroDivisionError(f"rank {number} divides by zero")
    ranks.summed([1.0])


def refuse(ranks: Ranks, say: Say) -> None:
    """Raises an error for users that is made from other things than it says."""
    del ranks, say
    raise UnknownNameError("arm", "txet", ["text", "image"])


def say_process_and_wait(ranks: Ranks, say: Say) -> None:
    """Tells the numbers of all ranks' processes, then does nothing for minutes."""
    own = [float(os.getpid()) if n == ranks.number else 0.0 for n in range(ranks.count)]
    say([int(number) for number in ranks.summed(own)])
    time.sleep(300)


def one_process(
    folders: dict[str, Path], runs: dict[str, dict[str, Any]], out: Path
) -> dict[str, Any]:
    """What `all_losses_and_gradients` gives in one process."""
    return all_losses_and_gradients(ALONE, lambda _: None, folders, runs, out)


def dev_scores(ranks: Ranks, say: Say, folders: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Case -> the dev scores of its form, with its own records as dev records, encoded in batches of
    few tokens, so that every rank has several."""
    del say
    former, forward.TOKENS_PER_BATCH = forward.TOKENS_PER_BATCH, 8
    try:
        return {name: _dev_scores(ranks, case, folders) for name, case in CASES.items()}
    finally:
        forward.TOKENS_PER_BATCH = former


def _dev_scores(ranks: Ranks, case: Case, folders: dict[str, Path]) -> dict[str, float]:
    if case.form in ("divided", "distillation"):
        return {}
    folder, split = folders[case.kind], records_of(case)
    options = FormOptions(**{"text_locked": False, "partners": "own", "seed": 3, "ranks": ranks})
    form = FORMS[case.form].form_class()(**with_guide(case.settings, folder))
    task = form.open(load_tiny(folder), split, split, options)
    scores: dict[str, float] = task.dev_scores()
    return scores


def in_small_batches(
    ranks: Ranks, step: Step, workplace: Workplace, folder: Path, make: Any
) -> None:
    """Makes a step with so few tokens in a batch that every rank runs several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forward, "TOKENS_PER_BATCH", 64)
        patch.setitem(encode_into.__kwdefaults__, "tokens_per_batch", 64)
        make(ranks, step, workplace, folder)


def making(patch: pytest.MonkeyPatch, module: ModuleType, work: Any) -> None:
    """Lets a module make its steps by some work, such as `in_small_batches`, which calls what makes
    them."""

    def make(make: Any, step: Step, workplace: Workplace, folder: Path) -> None:
        make_on_devices(work, step, workplace, folder, make)

    patch.setattr(module, "make_on_devices", make)


def killed_in_the_second_language(
    ranks: Ranks, step: Step, workplace: Workplace, folder: Path, make: Any
) -> None:
    """Makes a step that tags sentences; the process of rank 1 is killed while it tags in the second
    language."""
    from crosslift.forms import tagging

    languages = 0
    predicted_tags = tagging.predicted_tags

    def counted(*arguments: Any) -> Any:
        nonlocal languages
        languages += 1
        if (ranks.number, languages) == (1, 2):
            _happen("kill")
        return predicted_tags(*arguments)

    tagging.predicted_tags = counted
    make(ranks, step, workplace, folder)


def answers_of_forms(ranks: Ranks, say: Say, folders: dict[str, Path]) -> dict[str, Any]:
    """Form -> the answers of an untrained head to the records of its case."""
    del say
    answers = {}
    former, forward.TOKENS_PER_BATCH = forward.TOKENS_PER_BATCH, 8
    for name in ("classification", "multiple-choice", "span-qa", "tagging"):
        case = CASES[name]
        encoder, form = (
            load_tiny(folders[case.kind]),
            FORMS[case.form].form_class()(**case.settings),
        )
        records = records_of(case).records
        answers[name] = form.answers(encoder, form.head(encoder, 3), records, ranks)
    forward.TOKENS_PER_BATCH = former
    return answers


def neighbours(ranks: Ranks, say: Say) -> list[Any]:
    """The neighbours of both sides, whose cosines have many ties; rows of src: many, two and one."""
    from crosslift.retrieval.search import nearest_both

    del say
    generator = np.random.default_rng(0)
    arrays = []
    for rows in (41, 2, 1):
        src, tgt = (generator.integers(1, 4, (n, 3)).astype(np.float32) for n in (rows, 30))
        both = nearest_both(src, tgt, 4, ranks)
        arrays += [(side.indices.tolist(), side.scores.tolist()) for side in both]
    return arrays
