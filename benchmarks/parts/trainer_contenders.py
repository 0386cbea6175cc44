"""The sides of the training loops, each in a process of its own.

``python -m benchmarks.parts.trainer_contenders SIDE TASK PRECISION BATCH TEXTS.json`` trains through
the project's own trainer. It waits for a request before the first update and whenever the updates of a
request are done (`benchmarks.measuring.processes`).
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from benchmarks.measuring.peers import embedded_folder, quiet, sentence_transformer
from benchmarks.measuring.processes import Answers
from benchmarks.measuring.updates import RATE, pair_records
from benchmarks.parts.step_contenders import SCALE
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.load_encoder import load_encoder
from crosslift.forms.classification import Classification
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record
from crosslift.training import loop
from crosslift.training.budget import Budget
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

_MOST_UPDATES = 100_000
_LABELS = ("entailment", "neutral", "contradiction")


class _Gate:
    """Lets updates through as they are requested; the clock runs from a request to its last update.

    It opens with the first request, for which it waits.
    """

    def __init__(self) -> None:
        self._answers = Answers()
        self._left = self._answers.next_request().steps

    def after_update(self) -> None:
        """After each update, the optimizer's step included."""
        self._left -= 1
        if self._left == 0:
            self._answers.answer({})
            self._left = self._answers.next_request().steps


@dataclass(frozen=True, slots=True)
class _Side:
    """What one side trains.

    Args:
        task: ``pairs`` or ``classes``.
        texts: first and second texts in turn.
        precision: of the products.
        batch: examples of an update.
    """

    task: str
    texts: Sequence[str]
    precision: Precision
    batch: int


def train_ours(side: _Side) -> None:
    """CrossLift's loop, its texts tokenised once when the task is opened.

    It writes no checkpoints, as the other trainers write none: so much time passes between two turns
    that each would write one.
    """
    loop.SECONDS_BETWEEN_CHECKPOINTS = math.inf
    encoder = load_encoder(EncoderSettings(name="embedded", precision=side.precision))
    form: Any = TextPairs(temperature=1 / SCALE)
    records = pair_records(side.texts)
    if side.task == "classes":
        form = Classification(text="anchor", pair="positive", labels=_LABELS)
        records = [Record(r.id, r.texts, label=_LABELS[i % 3]) for i, r in enumerate(records)]
    opened = form.open(encoder, Split(records), Split([]), FormOptions(False, "own", 0))
    settings = StageSettings.model_validate(
        {"task": form.name, "learning_rate": RATE, "dev_evaluations": 0}
    )
    budget = Budget(updates=_MOST_UPDATES, batch_size=side.batch)
    gate = _Gate()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.safetensors"
        stage = Stage(settings, budget, 0, path, lambda _: gate.after_update())
        train(stage, [MixedTask("task", MixedTaskSettings(task="task"), opened, 0)], encoder)


def train_theirs(side: _Side) -> None:
    """The other project's trainer with its defaults: dynamic padding; bfloat16 as it offers it."""
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "output_dir": folder,
            "max_steps": _MOST_UPDATES,
            "per_device_train_batch_size": side.batch,
            "learning_rate": RATE,
            "bf16": side.precision == "bfloat16",
            "use_cpu": True,
            "report_to": "none",
            "save_strategy": "no",
            "logging_strategy": "no",
            "disable_tqdm": True,
        }
        trainer = (_pairs if side.task == "pairs" else _classes)(side.texts, settings)
        trainer.add_callback(_AfterUpdate(_Gate()))
        trainer.train()


def _pairs(texts: Sequence[str], settings: dict[str, Any]) -> Any:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model = sentence_transformer()
    prompt = model.prompts.get(model.default_prompt_name, "")
    sides = {"anchor": texts[::2], "positive": texts[1::2]}
    data = Dataset.from_dict({n: [prompt + text for text in side] for n, side in sides.items()})
    return SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(**settings),
        train_dataset=data,
        loss=MultipleNegativesRankingLoss(model, scale=SCALE),
    )


def _classes(texts: Sequence[str], settings: dict[str, Any]) -> Any:
    folder = embedded_folder()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=len(_LABELS), dtype=torch.float32
    )
    first = ["query: " + text for text in texts[::2]]
    encoded = tokenizer(first, list(texts[1::2]), truncation=True)
    rows = [
        {**{name: encoded[name][i] for name in encoded}, "labels": i % 3} for i in range(len(first))
    ]
    return transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(**settings),
        train_dataset=rows,
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
    )


class _AfterUpdate(transformers.TrainerCallback):  # type: ignore[misc]
    """Passes a gate after each update of a trainer."""

    def __init__(self, gate: _Gate) -> None:
        self.gate = gate

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """After an update, the optimizer's step included."""
        self.gate.after_update()


def main() -> None:
    """Trains one side until no more updates are requested."""
    name, task, precision_name, batch, path = sys.argv[1:]
    texts = json.loads(Path(path).read_text(encoding="utf-8"))
    precision: Precision = "bfloat16" if precision_name == "bfloat16" else "float32"
    side = _Side(task, texts, precision, int(batch))
    (train_ours if name == "ours" else train_theirs)(side)


if __name__ == "__main__":
    main()
