"""Published results of models on a task of MTEB, from MTEB's own result files."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError, UnknownNameError, first_line
from crosslift.sources.mteb_tasks import MtebTask

_META = "model_meta.json"
_EXPECTED = (
    "a folder of MTEB's results: MODEL/REVISION/TASK.json, as in the repository "
    "embeddings-benchmark/results"
)


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """The scores of one revision of a model on one task.

    Args:
        model: its name.
        revision: revision of the model.
        scores: language -> main score, in the unit of MTEB; languages without a result
            that is a finite number are absent.
        prompts: prompts before texts, in words; empty: the files do not name them.
        dataset_revision: revision of the task's dataset.
        mteb_version: version of `mteb` that computed the scores.
        file: file of the result.
    """

    model: str
    revision: str
    scores: Mapping[str, float]
    prompts: str
    dataset_revision: str
    mteb_version: str
    file: str


def published_models(
    folder: Path, task: MtebTask, models: Collection[str] | None = None
) -> tuple[PublishedModel, ...]:
    """The published results on a task: results in all languages come first; each part is sorted by the
    mean, the highest first.

    Args:
        folder: MTEB's results of any models, or of one.
        task: with the languages and the split that are compared.
        models: names of models; None: all that have a result.

    Raises:
        DataError: the folder has no result of the task, or a file is no result of MTEB.
        UnknownNameError: a model has no result.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder", _EXPECTED)
    rows = [row for path in sorted(folder.rglob(f"{task.name}.json")) for row in _rows(path, task)]
    if not rows:
        raise DataError(
            f"{folder} has no result of MTEB's task {task.name}, split {task.split}, in "
            f"{', '.join(task.subsets)}",
            _EXPECTED,
        )
    names = {row.model for row in rows}
    for name in models or ():
        if name not in names:
            raise UnknownNameError(f"model with a result on {task.name}", name, names)
    chosen = [row for row in rows if models is None or row.model in models]
    return tuple(sorted(chosen, key=lambda row: (len(row.scores) < len(task.subsets), -_mean(row))))


def _mean(row: PublishedModel) -> float:
    return sum(row.scores.values()) / len(row.scores)


def _rows(path: Path, task: MtebTask) -> Iterator[PublishedModel]:
    """The result of a file; none if it lacks the split and the languages of the task."""
    result = _result(path)
    by_subset = {
        each["hf_subset"]: float(each["main_score"])
        for each in result.scores.get(task.split, ())
        if isinstance(each["main_score"], int | float) and math.isfinite(each["main_score"])
    }
    scores = {code: by_subset[s] for code, s in task.subsets.items() if s in by_subset}
    if not scores:
        return
    meta = _meta(path.parent)
    model = str(meta.get("name") or path.parent.parent.name.replace("__", "/"))
    yield PublishedModel(
        model=model,
        revision=str(meta.get("revision") or path.parent.name),
        scores=scores,
        prompts=_prompts(meta, model),
        dataset_revision=str(result.dataset_revision),
        mteb_version=str(result.mteb_version or ""),
        file=str(path),
    )


def _result(path: Path) -> Any:
    from mteb.results import TaskResult

    try:
        return TaskResult.from_disk(path)
    except Exception as error:
        raise DataError(
            f"{path} is no result of MTEB: {first_line(error)}", "a file that `mteb` has written"
        ) from error


def _meta(folder: Path) -> Mapping[str, Any]:
    path = folder / _META
    content = parse_json(path.read_bytes(), str(path)) if path.is_file() else {}
    return content if isinstance(content, Mapping) else {}


def _prompts(meta: Mapping[str, Any], model: str) -> str:
    """The prompts of the file of the model, else those of its entry in the installed `mteb`."""
    from mteb.models.model_implementations import MODEL_REGISTRY

    prompts = _named(meta.get("loader_kwargs"))
    registered = MODEL_REGISTRY.get(model)
    if not prompts and registered is not None:
        prompts = _named(registered.loader_kwargs)
    if not prompts and meta.get("use_instructions"):
        return "instructions of its loader in MTEB"
    return prompts


def _named(settings: Any) -> str:
    prompts = settings.get("model_prompts") if isinstance(settings, Mapping) else None
    if not isinstance(prompts, Mapping):
        return ""
    return ", ".join(
        f"{name}: {json.dumps(text, ensure_ascii=False)}" for name, text in prompts.items()
    )
