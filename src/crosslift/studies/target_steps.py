"""The steps of a target: encoding its texts and pictures, evaluating, and checking for overlap."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors.torch import load_file

from crosslift.artifacts.keys import key_of
from crosslift.artifacts.store import Store
from crosslift.encoders.encode import encode
from crosslift.images.tower import embed_pictures
from crosslift.sources.overlap import find_overlap
from crosslift.studies.steps import Step, Workplace
from crosslift.studies.training_steps import Trained, open_pictures, picture_step
from crosslift.targets.evaluate import Lookup, Outcomes, evaluate_bitexts, evaluate_pictures
from crosslift.targets.target import BitextData, PictureData, Target, texts_of
from crosslift.tasks.task import IntermediateTask

Data = BitextData | PictureData

_ENCODING_CODE = ("crosslift.encoders", "crosslift.studies.target_steps")
_EVALUATION_CODE = ("crosslift.retrieval", "crosslift.targets", "crosslift.studies.target_steps")


@dataclass(frozen=True, slots=True)
class LoadedTarget:
    """A target and its data.

    Args:
        target: the facts.
        data: texts, or texts and pictures.
        asked: what decided the data, JSON-like: part of the steps' keys.
    """

    target: Target
    data: Data
    asked: dict[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        """What decides its texts."""
        return {"target": self.target.name, "checksum": self.data.checksum, **self.asked}


def encode_step(encoder: Trained, loaded: LoadedTarget) -> Step:
    """Encodes every distinct text of a target once: `vectors.npy`, float32 [texts, D].

    Its key has the texts themselves in it and not the target: two targets of the same texts share it.
    """
    return Step(
        kind="encode",
        label=f"texts of {loaded.target.name}",
        settings={"encoder": encoder.facts, "texts": key_of({"texts": texts_of(loaded.data)})},
        inputs=encoder.inputs,
        code=_ENCODING_CODE,
        make=_encode,
        work=len(texts_of(loaded.data)),
        context=(encoder, loaded),
    )


def _encode(step: Step, workplace: Workplace, folder: Path) -> None:
    encoder, loaded = step.context
    texts = texts_of(loaded.data)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        workplace.report(done / len(texts))

    ready = encoder.load(workplace)
    np.save(folder / "vectors.npy", encode(ready, texts, advance=advance))
    (folder / "reading.json").write_text(json.dumps(asdict(ready.reading)), encoding="utf-8")


def reading_of(step: Step, store: Store) -> dict[str, Any]:
    """How the vectors of an encoding step were read from the encoder: pooling, prompt, ..."""
    text = (step.open(store) / "reading.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def embed_pictures_step(trained: Step, loaded: LoadedTarget, size: int) -> Step:
    """Embeds a target's pictures with the image tower that a stage trained: `vectors.npy`."""
    if not isinstance(loaded.data, PictureData):
        raise TypeError(f"target {loaded.target.name} has no pictures")
    label = f"pictures of {loaded.target.name}"
    paths = list(loaded.data.pictures.values())
    pictures = picture_step(label, paths, loaded.data.checksum, size)
    return Step(
        kind="embed-pictures",
        label=label,
        settings=loaded.facts,
        inputs={"tower": trained, "pictures": pictures},
        code=("crosslift.images", "crosslift.forms", "crosslift.studies.target_steps"),
        make=_embed_pictures,
        work=len(paths),
    )


def _embed_pictures(step: Step, workplace: Workplace, folder: Path) -> None:
    from crosslift.forms.image_text import ImageTextHead

    state = load_file(step.inputs["tower"].open(workplace.store) / "head.safetensors")
    head = ImageTextHead(len(state["tower.project.bias"]), first_temperature=1.0)
    head.load_state_dict(state)
    pictures = open_pictures(step.inputs["pictures"], workplace)
    np.save(folder / "vectors.npy", embed_pictures(head.tower, pictures))


def evaluate_step(loaded: LoadedTarget, texts: Step, pictures: Step | None) -> Step:
    """Scores a target: `outcomes.parquet`, one row a query and protocol."""
    inputs = {"texts": texts} if pictures is None else {"texts": texts, "pictures": pictures}
    protocols = [protocol.id for protocol in loaded.target.protocols]
    return Step(
        kind="evaluate",
        label=loaded.target.name,
        settings={**loaded.facts, "protocols": protocols},
        inputs=inputs,
        code=_EVALUATION_CODE,
        make=_evaluate,
        work=len(texts_of(loaded.data)),
        context=loaded,
    )


def _evaluate(step: Step, workplace: Workplace, folder: Path) -> None:
    loaded: LoadedTarget = step.context
    texts = _lookup(step.inputs["texts"], workplace, texts_of(loaded.data))
    if isinstance(loaded.data, PictureData):
        shown = _lookup(step.inputs["pictures"], workplace, list(loaded.data.pictures))
        found = list(evaluate_pictures(loaded.target, loaded.data, texts, shown))
    else:
        found = list(evaluate_bitexts(loaded.target, loaded.data, texts))
    pq.write_table(outcome_table(found), folder / "outcomes.parquet")


def _lookup(step: Step, workplace: Workplace, names: Sequence[str]) -> Lookup:
    vectors: NDArray[np.float32] = np.load(step.open(workplace.store) / "vectors.npy")
    return lookup(names, vectors)


def lookup(names: Sequence[str], vectors: NDArray[np.float32]) -> Lookup:
    """Finds vectors by name.

    Args:
        names: N distinct names.
        vectors: float32 [N, D], their vectors.
    """
    place = {name: i for i, name in enumerate(names)}
    return lambda asked: vectors[[place[name] for name in asked]]


def outcome_table(found: Sequence[Outcomes]) -> pa.Table:
    """Outcomes as one table, a row a query."""
    tables = [
        pa.table(
            {
                "language": pa.array([o.language] * len(o.items)),
                "protocol": pa.array([o.protocol] * len(o.items)),
                "item": pa.array(o.items),
                **{name: pa.array(values, pa.float32()) for name, values in o.values.items()},
                "retrieved": pa.array(o.retrieved),
            }
        )
        for o in found
    ]
    return pa.concat_tables(tables)


def overlap_step(task: IntermediateTask, loaded: LoadedTarget, threshold: float) -> Step:
    """Compares a task's training texts with a target's texts: `overlap.json`."""
    return Step(
        kind="overlap",
        label=f"{task.name} with {loaded.target.name}",
        settings={"task": task.source.checksum(), "columns": task.form.columns}
        | {"name": task.name, **loaded.facts, "threshold": threshold},
        inputs={},
        code=("crosslift.sources.overlap", "crosslift.studies.target_steps", "crosslift.tasks"),
        make=_find_overlap,
        work=len(texts_of(loaded.data)),
        context=(task, loaded),
    )


def _find_overlap(step: Step, workplace: Workplace, folder: Path) -> None:
    del workplace
    task, loaded = step.context
    records = task.source.train()
    names = task.form.columns.values()
    trained = list(dict.fromkeys(r.texts[n] for r in records for n in names if n in r.texts))
    tested = texts_of(loaded.data)
    found = find_overlap(trained, tested, threshold=step.settings["threshold"])
    kinds = [str(kind) for kind in found.kind]
    examples = [
        {"train": trained[found.train_index[i]], "test": text, "similarity": similarity}
        for i, text in enumerate(tested)
        if kinds[i] != "none" and (similarity := float(found.similarity[i]))
    ]
    content = {
        "records": len(records),
        "texts": {text: kind for text, kind in zip(tested, kinds, strict=True) if kind != "none"},
        "examples": examples[:20],
    }
    (folder / "overlap.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
