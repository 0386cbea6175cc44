"""Writes the scores of a run on tasks of MTEB as MTEB's own result files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.errors import DataError, UnknownNameError
from crosslift.results.mteb_scores import MTEB_FILE, MtebScoresOfArm
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def write_mteb_results(
    run: Path | str, out: Path | str, arm: str | None = None, namespace: str = "crosslift"
) -> tuple[Path, ...]:
    """Writes MTEB's result files for the arms of a run, and MTEB's description of each arm as a model.

    An arm is the model NAMESPACE/STUDY-ARM, and a seed is its revision: seed-1. The folder has the
    layout of the repository embeddings-benchmark/results, which `mteb.cache.ResultCache` reads.

    Args:
        run: folder of a run.
        out: folder to write to; results of other models in it stay.
        arm: name of an arm; None: all.
        namespace: namespace of the models' names.

    Returns:
        The files of results, in the order of the arms.

    Raises:
        DataError: the run has no target of MTEB, or `mteb` is not installed.
        UnknownNameError: no such arm.
        ArtifactError: the folder cannot be written.
    """
    folder, out = RunFolder.read(Path(run)), Path(out)
    entries = _entries(folder, arm)
    try:
        from mteb.cache import ResultCache
    except ImportError as error:
        raise DataError(
            "MTEB's result files are written by the package `mteb`, which is not installed",
            remedy="`pip install 'crosslift[mteb]'`",
        ) from error
    cache = ResultCache(out)
    written = []
    for (name, seed), of_model in groupby(entries, key=lambda e: (e.arm, e.seed)):
        all_parts = list(of_model)
        meta = _model(folder, name, seed, namespace, all_parts)
        for task, parts in groupby(all_parts, key=lambda e: e.task):
            with disk_errors_explained(out):
                cache.save_to_cache(_task_result(folder, list(parts)), meta)
            written.append(cache.get_task_result_path(task, meta))
    return tuple(written)


def _entries(folder: RunFolder, arm: str | None) -> list[MtebScoresOfArm]:
    """The scores of an arm, or of all arms, in the order of arms, seeds and tasks."""
    path = folder.path / MTEB_FILE
    entries = read_optional_json_file(path, tuple[MtebScoresOfArm, ...]) or ()
    if not entries:
        raise DataError(
            f"{folder.path} has no scores on tasks of MTEB",
            "the run of a study with a target such as `mteb:STS17`",
        )
    arms = [each.name for each in folder.run.arms]
    if arm is not None and arm not in arms:
        raise UnknownNameError("arm", arm, arms)
    chosen = [entry for entry in entries if arm in (None, entry.arm)]
    if not chosen:
        raise DataError(
            f"arm {arm!r} has no scores on tasks of MTEB", "an arm that is scored on them"
        )
    return sorted(chosen, key=lambda e: (arms.index(e.arm), e.seed, e.task, e.language))


def _task_result(folder: RunFolder, parts: Sequence[MtebScoresOfArm]) -> Any:
    """MTEB's result of a task, with all its subsets."""
    from mteb.results import TaskResult

    first = parts[0]
    scores = [
        {
            **part.scores,
            "hf_subset": part.subset,
            "languages": list(part.languages),
            "mteb_version": part.mteb_version,
        }
        for part in parts
    ]
    return TaskResult(
        dataset_revision=first.dataset_revision,
        task_name=first.task,
        mteb_version=first.mteb_version,
        scores={first.split: scores},
        evaluation_time=sum(part.seconds for part in parts),
        date=datetime.fromisoformat(folder.run.created),
    )


def _model(
    folder: RunFolder, arm: str, seed: int, namespace: str, entries: Sequence[MtebScoresOfArm]
) -> Any:
    """MTEB's description of an arm as a model. Facts that CrossLift does not know are empty, and so is
    a token limit that differs between tasks."""
    from mteb.models import ModelMeta

    prompts = _prompts(entries)
    maxima = {entry.reading.get("max_tokens") for entry in entries}
    encoder = folder.arm(arm).encoder
    name = _NOT_IN_NAMES.sub("-", f"{folder.run.study}-{arm}")
    return ModelMeta.create_empty(
        {
            "name": f"{namespace}/{name}",
            "revision": f"seed-{seed}",
            "max_tokens": maxima.pop() if len(maxima) == 1 else None,
            "framework": ["PyTorch"],
            "similarity_fn_name": "cosine",
            "use_instructions": bool(prompts),
            "adapted_from": encoder if _HUB_NAME.fullmatch(encoder) else None,
            "loader_kwargs": {"model_prompts": prompts} if prompts else {},
        }
    )


def _prompts(entries: Sequence[MtebScoresOfArm]) -> dict[str, str]:
    """The prompts of a model by the names that MTEB looks for (`get_prompt_name` of its encoders):
    ``query`` and ``document`` where all tasks have the same two; else TASK-query and TASK-document, and
    TASK where all texts of a task have one."""
    readings = {entry.task: entry.reading for entry in entries}
    of_roles = [_of_roles(reading) for reading in readings.values()]
    if of_roles[0] and all(prompts == of_roles[0] for prompts in of_roles):
        return of_roles[0]
    prompts = {task: str(reading.get("prompt") or "") for task, reading in readings.items()}
    for task, reading in readings.items():
        prompts |= {f"{task}-{role}": text for role, text in _of_roles(reading).items()}
    return {name: text for name, text in prompts.items() if text}


def _of_roles(reading: Mapping[str, Any]) -> dict[str, str]:
    """Role -> its prompt, where those of queries and documents differ; no role without one."""
    texts = {"query": reading.get("prompt_src"), "document": reading.get("prompt_tgt")}
    return {role: text for role, text in texts.items() if text}
