"""Whole training loops of three projects, each in a process of its own, an update at a time.

``python -m benchmarks.trainers SIDE PRECISION TEXTS.json`` trains as users do, through the project's
own trainer, and after each update it waits for a line and answers with one line of JSON. The time of an
update holds all that lies between two updates: batches, collation, forward, backward, clipping,
optimizer. The tasks:

- pairs: contrastive text pairs. Ours and sentence-transformers' ``SentenceTransformerTrainer``.
- classes: pairs of texts in three classes. Ours and transformers' ``Trainer``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from benchmarks.contenders import SCALE, peak_bytes
from benchmarks.peak import forward_operations
from benchmarks.stepping import alternate
from benchmarks.table import Row
from crosslift.encoders.encoder_folder import local_folder
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.precision import resolve_precision
from crosslift.forms.classification import Classification
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record
from crosslift.training.budget import Budget
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

BATCH = 32
MOST_UPDATES = 10_000
_RATE = 2e-5
_LABELS = ("entailment", "neutral", "contradiction")
_WARM_UP = 2

Waiting = Callable[[list[int]], None]
"""Told of an update with the lengths of its texts in tokens; it answers and waits for the next line."""


def trainer_rows(texts: Sequence[str], steps: int, peaks: dict[str, float]) -> Iterator[Row]:
    """Rows of whole trainers: our defaults against theirs, and both in bfloat16.

    Args:
        texts: first and second texts in turn, of mixed lengths.
        steps: timed updates.
        peaks: by precision, floating-point operations a second.
    """
    auto = resolve_precision("auto")
    config = load_encoder(EncoderSettings(name="embedded")).model.config
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "texts.json"
        place.write_text(json.dumps(list(texts)), encoding="utf-8")
        for task, other in (("pairs", "sentence-transformers"), ("classes", "transformers")):
            for ours, theirs in ((auto, "float32"), ("bfloat16", "bfloat16")):
                sides = [
                    ["benchmarks.trainers", f"{side}-{task}", precision, str(place)]
                    for side, precision in (("ours", ours), ("theirs", theirs))
                ]
                found = alternate(sides, _WARM_UP + steps)
                title = f"{other}'s trainer, {task}: {ours} against {theirs}"
                yield _row(title, *(answers[_WARM_UP:] for answers in found), config, peaks[ours])


def _row(
    title: str, ours: list[dict[str, Any]], theirs: list[dict[str, Any]], config: Any, peak: float
) -> Row:
    """Examples a second of both; each side draws batches by a random generator of its own, so tokens
    differ a little from update to update, and the whole is compared."""
    seconds = [sum(answer["seconds"] for answer in side) for side in (ours, theirs)]
    rates = [BATCH * len(side) / spent for side, spent in zip((ours, theirs), seconds, strict=True)]
    needed = sum(3 * forward_operations(config, answer["lengths"]) for answer in ours)
    return Row(title, *rates, "examples/s", rates[0] / rates[1], needed / seconds[0] / peak)


def ours(task: str, texts: Sequence[str], precision: Precision, wait: Waiting) -> None:
    """CrossLift's loop, its texts tokenised once when the task is opened."""
    encoder = load_encoder(EncoderSettings(name="embedded", precision=precision))
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    form: Any = TextPairs(temperature=1 / SCALE)
    records = [Record(str(i), {"anchor": a, "positive": b}) for i, (a, b) in enumerate(pairs)]
    sequences = [encoder.tokenise([a, b]) for a, b in pairs]
    if task == "classes":
        form = Classification(text="anchor", pair="positive", labels=_LABELS)
        records = [Record(r.id, r.texts, label=_LABELS[i % 3]) for i, r in enumerate(records)]
        sequences = [encoder.tokenise_pairs([a], [b]) for a, b in pairs]
    lengths = [[len(ids) for ids in of_record] for of_record in sequences]
    opened = form.open(encoder, Split(records), Split([]), FormOptions(False, False, 0))
    updates = iter(range(MOST_UPDATES))

    def report(share: float) -> None:
        del share
        rows = opened.draw(next(updates) * BATCH, BATCH, 0)
        wait([length for row in rows for length in lengths[row]])

    settings = StageSettings(task=form.name, learning_rate=_RATE, dev_evaluations=0)
    budget = Budget(updates=MOST_UPDATES, batch_size=BATCH)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(settings, budget, 0, Path(folder) / "checkpoint.safetensors", report)
        train(stage, [MixedTask("task", MixedTaskSettings(task="task"), opened, 0)], encoder)


def theirs(task: str, texts: Sequence[str], precision: Precision, wait: Waiting) -> None:
    """The other project's trainer with its defaults: dynamic padding; bfloat16 as it offers it."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "output_dir": folder,
            "max_steps": MOST_UPDATES,
            "per_device_train_batch_size": BATCH,
            "learning_rate": _RATE,
            "bf16": precision == "bfloat16",
            "use_cpu": True,
            "report_to": "none",
            "save_strategy": "no",
            "logging_strategy": "no",
            "disable_tqdm": True,
        }
        trainer = (_of_pairs if task == "pairs" else _of_classes)(texts, settings)
        trainer.add_callback(_Stepped(wait))
        trainer.train()


def _of_pairs(texts: Sequence[str], settings: dict[str, Any]) -> Any:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model = SentenceTransformer(str(local_folder(EncoderSettings(name="embedded"))), device="cpu")
    prompt = model.prompts.get(model.default_prompt_name, "")
    sides = {"anchor": texts[::2], "positive": texts[1::2]}
    data = Dataset.from_dict({n: [prompt + text for text in side] for n, side in sides.items()})
    return SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(**settings),
        train_dataset=data,
        loss=MultipleNegativesRankingLoss(model, scale=SCALE),
    )


def _of_classes(texts: Sequence[str], settings: dict[str, Any]) -> Any:
    folder = local_folder(EncoderSettings(name="embedded"))
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


class _Stepped(transformers.TrainerCallback):  # type: ignore[misc]
    """Waits after each update of a trainer."""

    def __init__(self, wait: Waiting) -> None:
        self.wait = wait

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """After an update, the optimizer's step included."""
        self.wait([])


def main() -> None:
    """Trains one side until nobody asks for another update."""
    side, asked, place = sys.argv[1:]
    texts = json.loads(Path(place).read_text(encoding="utf-8"))
    precision: Precision = "bfloat16" if asked == "bfloat16" else "float32"
    who, _, task = side.partition("-")
    sys.stdin.readline()
    began = time.perf_counter()

    def wait(lengths: list[int]) -> None:
        nonlocal began
        seconds = time.perf_counter() - began
        answer = {"seconds": seconds, "peak_bytes": peak_bytes(), "lengths": lengths}
        print(json.dumps(answer), flush=True)
        if not sys.stdin.readline():
            sys.exit()
        began = time.perf_counter()

    (ours if who == "ours" else theirs)(task, texts, precision, wait)


if __name__ == "__main__":
    main()
