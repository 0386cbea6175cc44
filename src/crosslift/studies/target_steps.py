"""The steps of a target: embedding its pictures, evaluating, and checking for overlap."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from crosslift.forms.caption_to_feature import FeatureHead
from crosslift.retrieval.diagnostics import diagnose, separability
from crosslift.retrieval.postprocess import Postprocessing, postprocess, transforms
from crosslift.sources.overlap.find import find_overlap
from crosslift.studies.loaded_target import LoadedTarget
from crosslift.studies.picture_steps import (
    features_step,
    form_of,
    open_features,
    open_pictures,
    picture_step,
)
from crosslift.studies.steps import Step, Workplace
from crosslift.studies.task_runs import TaskRun
from crosslift.studies.text_steps import (
    OWN_READING,
    open_lookup,
    open_lookups,
    own_roles,
    roles_of,
    side_lookups,
)
from crosslift.studies.training_steps import load_head, task_of, task_with_pictures
from crosslift.targets.evaluate import Lookup, Outcomes, evaluate_bitexts
from crosslift.targets.evaluate_mining import evaluate_mining
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.target import (
    BitextData,
    MiningData,
    PictureData,
)
from crosslift.tasks.task import texts_read


def embed_pictures_step(trained: Step, loaded: LoadedTarget, seed: int) -> Step:
    """Puts a target's pictures into the space that a stage's image-text task shares with its texts.

    Its artifact: `vectors.npy`, float32 [pictures, D], and, where texts are mapped into that space,
    `text_map.npz` with a weight float32 [D, width] and a bias float32 [D].

    Args:
        trained: the training step of the stage.
        loaded: the target.
        seed: of the arm, for a frozen tower with random weights.
    """
    task = task_with_pictures(trained)
    if not isinstance(loaded.data, PictureData) or task is None:
        raise TypeError(f"no pictures in target {loaded.target.name}, or no image tower")
    form = form_of(task_of(trained, task).task)
    label = f"pictures of {loaded.target.name}"
    pictures = list(loaded.data.pictures.values())
    shown = picture_step(label, pictures, loaded.facts, form.tower_settings)
    if form.frozen:
        shown = features_step(f"{label}, as a frozen tower has them", shown, form, seed)
    return Step(
        kind="embed-pictures",
        label=label,
        settings={**loaded.facts, "task": task},
        inputs={"tower": trained, "pictures": shown},
        make=_embed_pictures,
        work=len(pictures),
        context=form,
    )


def _embed_pictures(step: Step, workplace: Workplace, folder: Path) -> None:
    form, made = step.context, step.inputs["pictures"]
    state = load_head(step.inputs["tower"], workplace.store, step.settings["task"])
    head = head_of(form, state)
    if form.frozen:
        features = torch.from_numpy(np.array(open_features(made, workplace.store), np.float32))
    else:
        features = head.features(open_pictures(made, workplace.store), patches=form.patches)
    with torch.inference_mode():
        np.save(folder / "vectors.npy", head.picture_vectors(features).numpy())
    if isinstance(head, FeatureHead):
        np.savez(folder / "text_map.npz", weight=state["map.weight"], bias=state["map.bias"])


def head_of(form: Any, state: Mapping[str, torch.Tensor]) -> Any:
    """The head of a form that puts pictures and texts into one space, with its trained weights.

    Args:
        form: the form.
        state: as `load_head` gives it.
    """
    if "map.weight" in state:
        features, width = state["map.weight"].shape
    else:
        width, features = state["project.weight"].shape
    head = form.head(width, 0, features)
    head.load_state_dict(state)
    return head.eval()


def evaluate_step(
    loaded: LoadedTarget,
    texts: Mapping[str, Step],
    pictures: Step | None = None,
    postprocessing: Sequence[Postprocessing] = (),
) -> Step:
    """Scores a target: `outcomes.parquet`, one row a query and protocol; `mining.json` where pairs
    are mined.

    Args:
        loaded: the target.
        texts: as `encode_steps` gives them.
        pictures: the step that embeds its pictures, for a target that has some.
        postprocessing: of vectors and scores.
    """
    inputs = dict(texts) if pictures is None else {**texts, "pictures": pictures}
    protocols = [protocol.facts() for protocol in loaded.protocols]
    return Step(
        kind="evaluate",
        label=loaded.target.name,
        settings={**loaded.facts, "protocols": protocols, "postprocessing": list(postprocessing)},
        inputs=inputs,
        make=_evaluate,
        work=len(loaded.texts),
        context=loaded,
    )


def _evaluate(step: Step, workplace: Workplace, folder: Path) -> None:
    loaded: LoadedTarget = step.context
    encoded = {role: each for role, each in step.inputs.items() if role != "pictures"}
    by_role = open_lookups(encoded, loaded, workplace.store)
    lookups = {p: side_lookups(by_role, roles_of(p, loaded)) for p in loaded.protocols}
    if isinstance(loaded.data, PictureData):
        names = list(loaded.data.pictures)
        shown = open_lookup(step.inputs["pictures"], names, workplace.store)
        texts = _mapped(by_role[OWN_READING], step.inputs["pictures"], workplace)
        found = list(evaluate_pictures(loaded.protocols, loaded.data, texts, shown))
    elif isinstance(loaded.data, BitextData):
        steps = step.settings["postprocessing"]
        found = list(evaluate_bitexts(lookups, loaded.data, steps))
    elif isinstance(loaded.data, MiningData):
        mined = list(evaluate_mining(lookups, loaded.data))
        found = [outcomes for outcomes, _ in mined]
        details = [detail.to_json() for _, detail in mined if detail is not None]
        (folder / "mining.json").write_text(json.dumps(details), encoding="utf-8")
    else:
        raise TypeError(f"target {loaded.target.name} is answered after fine-tuning")
    pq.write_table(outcome_table(found), folder / "outcomes.parquet")


def _mapped(texts: Lookup, pictures: Step, workplace: Workplace) -> Lookup:
    """Texts in the space of the pictures: mapped there, where the task learned a map of its own."""
    path = pictures.open(workplace.store) / "text_map.npz"
    if not path.is_file():
        return texts
    with np.load(path) as found:
        weight, bias = found["weight"], found["bias"]
    return lambda asked: texts(asked) @ weight.T + bias


def diagnose_step(
    loaded: LoadedTarget,
    texts: Mapping[str, Step],
    postprocessing: Sequence[Postprocessing] = (),
) -> Step:
    """Describes the vectors of a target's bitexts: `diagnostics.json`, one entry a language.

    Args:
        loaded: the target.
        texts: as `encode_steps` gives them.
        postprocessing: of the vectors.
    """
    return Step(
        kind="diagnose",
        label=loaded.target.name,
        settings={**loaded.facts, "postprocessing": list(postprocessing)},
        inputs={role: texts[role] for role in own_roles(loaded)},
        make=_diagnose,
        work=len(loaded.texts),
        context=loaded,
    )


def _diagnose(step: Step, workplace: Workplace, folder: Path) -> None:
    loaded: LoadedTarget = step.context
    if not isinstance(loaded.data, BitextData):
        raise TypeError(f"target {loaded.target.name} has no bitexts")
    by_role = open_lookups(step.inputs, loaded, workplace.store)
    lookups = side_lookups(by_role, own_roles(loaded))
    vector_steps = transforms(step.settings["postprocessing"])
    found: list[dict[str, Any]] = []
    by_language: dict[str, NDArray[np.float32]] = {}
    for done, (language, bitext) in enumerate(loaded.data.bitexts.items(), 1):
        sides = {"src": lookups.src(bitext.src), "tgt": lookups.tgt(bitext.tgt)}
        if vector_steps:
            sides = postprocess(sides, vector_steps)
        found.append(diagnose(language, sides["src"], sides["tgt"]).to_json())
        by_language[language] = sides["src"]
        by_language["en"] = sides["tgt"]
        workplace.report(done / len(loaded.data.bitexts))
    widths = {vectors.shape[1] for vectors in by_language.values()}
    told = separability(by_language) if len(widths) == 1 else None
    found.append({"language": "all", "separability": told})
    (folder / "diagnostics.json").write_text(json.dumps(found), encoding="utf-8")


def outcome_table(found: Sequence[Outcomes]) -> pa.Table:
    """Outcomes as one table, a row a query; null where a protocol has no such outcome."""
    tables = [
        pa.table(
            {
                "language": pa.array([o.language] * len(o.items)),
                "protocol": pa.array([o.protocol] * len(o.items)),
                "item": pa.array(o.items),
                "cluster": pa.array(o.clusters or o.items),
                **{name: pa.array(values, pa.float32()) for name, values in o.values.items()},
                "retrieved": pa.array(o.retrieved),
            }
        )
        for o in found
    ]
    return pa.concat_tables(tables, promote_options="default")


def overlap_step(run: TaskRun, loaded: LoadedTarget, threshold: float) -> Step:
    """Compares a task's training texts, translated ones too, with a target's texts: `overlap.json`.

    Its dev texts are compared, too, where they choose which weights are kept.
    """
    task = run.task
    return Step(
        kind="overlap",
        label=f"{task.name} with {loaded.target.name}",
        settings={"task": task.source.checksum(), "form": asdict(task.form)}
        | {"name": task.name, **loaded.facts, "threshold": threshold, "dev": run.chooses_by_dev},
        inputs={"translated": run.translated} if run.translated else {},
        make=_find_overlap,
        work=len(loaded.texts),
        context=(run.whole(), loaded),
    )


def _find_overlap(step: Step, workplace: Workplace, folder: Path) -> None:
    run, loaded = step.context
    records, _ = run.train(workplace.store)
    records = [*records, *(run.dev() if run.chooses_by_dev else ())]
    trained = list(dict.fromkeys(text for r in records for text in texts_read(r, run.task.form)))
    tested = loaded.texts
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
