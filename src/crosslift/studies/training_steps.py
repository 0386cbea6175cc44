"""The steps of a training stage: decoded pictures, and the training itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save_file

from crosslift.encoders.folder import fingerprint
from crosslift.encoders.load import Encoder
from crosslift.encoders.precision import resolve_precision
from crosslift.encoders.settings import EncoderSettings
from crosslift.encoders.state import save_change
from crosslift.forms.form import FormOptions, OpenTask, Split, picture_paths
from crosslift.images.decode import load_picture
from crosslift.sources.record import Record
from crosslift.studies.steps import Step, Workplace
from crosslift.tasks.task import IntermediateTask
from crosslift.training.loop import Stage, train
from crosslift.training.settings import Budget, StageSettings

TRAINING_CODE = (
    "crosslift.encoders",
    "crosslift.forms",
    "crosslift.training",
    "crosslift.images",
    "crosslift.tasks",
    "crosslift.sources",
    "crosslift.studies.training_steps",
)
SPENT = ("updates", "examples", "tokens", "flops", "seconds")
"""What `spent.json` of a training step's artifact tells."""

_TOKENS_OF_A_TEXT = 12  # a guess, for budgets in tokens; only the expected time depends on it


@dataclass(frozen=True, slots=True)
class Trained:
    """A text encoder as the stages before have left it.

    Args:
        settings: of the encoder it began as; precision resolved.
        fingerprint: of that encoder's files.
        stages: the training steps that changed its text side, first to last.
    """

    settings: EncoderSettings
    fingerprint: str
    stages: tuple[Step, ...] = ()

    @classmethod
    def untouched(cls, settings: EncoderSettings) -> Trained:
        """An encoder as it was published."""
        precise = settings.model_copy(update={"precision": resolve_precision(settings.precision)})
        return cls(precise, fingerprint(settings))

    @property
    def facts(self) -> dict[str, Any]:
        """What decides its vectors, beside the stages."""
        settings = self.settings.model_dump(mode="json", exclude={"name", "revision"})
        return {"files": self.fingerprint, **settings}

    @property
    def inputs(self) -> dict[str, Step]:
        """The steps it is made by, as a step's inputs (the last depends on those before it)."""
        return {"encoder": self.stages[-1]} if self.stages else {}

    def load(self, workplace: Workplace) -> Encoder:
        """The encoder itself."""
        folders = [step.open(workplace.store) for step in self.stages]
        return workplace.encoders.lend(self.settings, [f / "encoder.safetensors" for f in folders])


def picture_step(label: str, paths: list[Path], checksum: str, size: int) -> Step:
    """Decodes pictures into one array, uint8 [N, size, size, 3]."""
    return Step(
        kind="pictures",
        label=label,
        settings={"of": label, "checksum": checksum, "size": size, "count": len(paths)},
        inputs={},
        code=("crosslift.images.decode", "crosslift.images.svg_check"),
        make=_decode,
        work=len(paths),
        context=paths,
    )


def _decode(step: Step, workplace: Workplace, folder: Path) -> None:
    paths, size = step.context, step.settings["size"]
    pictures = np.empty((len(paths), size, size, 3), np.uint8)
    for i, path in enumerate(paths):
        pictures[i] = load_picture(path, size)
        workplace.report((i + 1) / len(paths))
    np.save(folder / "pictures.npy", pictures)


def open_pictures(step: Step, workplace: Workplace) -> NDArray[np.uint8]:
    """The pictures of a picture step, uint8 [N, size, size, 3]."""
    pictures: NDArray[np.uint8] = np.load(step.open(workplace.store) / "pictures.npy")
    return pictures


@dataclass(frozen=True, slots=True)
class _Training:
    before: Trained
    task: IntermediateTask
    stage: StageSettings
    budget: Budget
    seed: int


def train_step(
    before: Trained, task: IntermediateTask, stage: StageSettings, budget: Budget, seed: int
) -> Step:
    """Trains one stage.

    Its artifact: `encoder.safetensors` (what changed in the text encoder; none where that is
    locked), `head.safetensors`, `spent.json` and `curve.json`.
    """
    inputs = dict(before.inputs)
    if task.pictures:
        size = task.form.open().picture_size or 0
        splits = {"train": task.source.train(), "dev": task.source.dev()}
        for name, records in splits.items():
            label = f"pictures of {task.name}, {name}"
            paths = picture_paths(records)
            inputs[f"{name} pictures"] = picture_step(label, paths, task.source.checksum(), size)
    settings = {
        "encoder": before.facts,
        "task": task.name,
        "form": asdict(task.form),
        "records": task.source.checksum(),
        "stage": stage.model_dump(mode="json", exclude={"task", "data", "columns", "budget"}),
        "budget": budget.model_dump(mode="json"),
        "seed": seed,
    }
    return Step(
        kind="train",
        label=_label(task, stage, seed),
        settings=settings,
        inputs=inputs,
        code=TRAINING_CODE,
        make=_train,
        work=_texts_trained(task, stage, budget),
        context=_Training(before, task, stage, budget, seed),
    )


def _label(task: IntermediateTask, stage: StageSettings, seed: int) -> str:
    shuffled = ", pictures shuffled" if stage.shuffle_pictures else ""
    locked = ", text locked" if stage.text_side == "locked" else ""
    return f"{task.name}, seed {seed}{shuffled}{locked}"


def _texts_trained(task: IntermediateTask, stage: StageSettings, budget: Budget) -> float:
    texts = 1 if task.pictures else max(1, len(task.form.columns))
    examples = {
        "updates": budget.amount * budget.batch_size,
        "examples": budget.amount,
        "tokens": budget.amount / _TOKENS_OF_A_TEXT / texts,
    }[budget.unit]
    return examples * texts * (0.25 if stage.text_side == "locked" else 1.0)


def _train(step: Step, workplace: Workplace, folder: Path) -> None:
    job: _Training = step.context
    encoder = job.before.load(workplace)
    form = job.task.form.open()
    task = form.open(encoder, *_splits(step, workplace, job.task), _options(job))
    stage = Stage(
        job.stage,
        job.budget,
        job.seed,
        workplace.store.unfinished(step.key) / "checkpoint.safetensors",
        workplace.report,
    )
    weights, progress = train(stage, task, encoder)
    if job.stage.text_side == "trainable":
        save_change(weights.masters, encoder, folder / "encoder.safetensors")
    _save_head(task, folder)
    spent = {name: getattr(progress, name) for name in SPENT}
    (folder / "spent.json").write_text(json.dumps(spent), encoding="utf-8")
    (folder / "curve.json").write_text(json.dumps(progress.curve), encoding="utf-8")


def _save_head(task: OpenTask, folder: Path) -> None:
    tensors = {name: value.contiguous().cpu() for name, value in task.head.state_dict().items()}
    save_file(tensors, folder / "head.safetensors")


def _options(job: _Training) -> FormOptions:
    return FormOptions(job.stage.text_side == "locked", job.stage.shuffle_pictures, job.seed)


def _splits(step: Step, workplace: Workplace, task: IntermediateTask) -> tuple[Split, Split]:
    def split(name: str, records: list[Record]) -> Split:
        pictures = step.inputs.get(f"{name} pictures")
        return Split(records, open_pictures(pictures, workplace) if pictures else None)

    return split("train", task.source.train()), split("dev", task.source.dev())
