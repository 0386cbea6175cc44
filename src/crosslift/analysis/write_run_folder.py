"""Writing a run's folder: results, outcomes, curves, verdicts, examples, and the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import crosslift
from crosslift.analysis.collect import Gathered
from crosslift.analysis.environments import RunEnvironments
from crosslift.analysis.examples import write_examples
from crosslift.analysis.generalised import generalised_matrices
from crosslift.analysis.interpolation import interpolation_paths
from crosslift.analysis.judging import (
    attributions,
    control_kind,
    gains,
    labelled_languages,
    orientations,
    verdicts,
)
from crosslift.analysis.language_groups import language_groups
from crosslift.analysis.stage_facts import stage_facts
from crosslift.analysis.xtreme_table import xtreme_table
from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.parse import parse_json
from crosslift.artifacts.store import Store
from crosslift.encoders.folder import prompt_of
from crosslift.planning.plan import ArmRun, Plan
from crosslift.planning.sweep_steps import sweep_report
from crosslift.planning.text_steps import reading_of
from crosslift.reports.html import write_report
from crosslift.results.run_facts import SCHEMA
from crosslift.results.run_folder import checksums_of
from crosslift.results.verdict import Verdict
from crosslift.steps.run import StepRecord
from crosslift.steps.step import Step
from crosslift.studies.schema import Arm, Study
from crosslift.targets.target import (
    BitextData,
    LabelledData,
    PictureData,
    TargetData,
    left_out_of,
    notes_of,
)


def write_run_folder(plan: Plan, store: Store, records: Sequence[StepRecord], folder: Path) -> Path:
    """Writes everything a run leaves, and the report.

    Returns:
        The report's path.

    Raises:
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    make_folder(folder)
    gathered = Gathered(plan, store)
    _write_table(gathered.results, folder / "results.parquet")
    with file_written_whole(folder / "results.csv") as draft:
        pyarrow.csv.write_csv(gathered.results, draft)
    _write_table(gathered.outcomes, folder / "outcomes.parquet")
    _write_table(gathered.curves, folder / "curves.parquet")
    judged = verdicts(gathered)
    for name, content in _contents(gathered, judged, folder).items():
        if content is None:
            _delete(folder / name)
        else:
            _write_json(content, folder / name)
    _write_json(
        _facts(gathered, records, judged) | {"checksums": checksums_of(folder)}, folder / "run.json"
    )
    return write_report(folder)


def _contents(gathered: Gathered, judged: Sequence[Verdict], folder: Path) -> dict[str, Any]:
    """Name -> content of the JSON files; None: this run has none, and an earlier one may have."""
    study = gathered.plan.study
    fine_tuned = any(run.fine_tuned for run in gathered.plan.runs)
    return {
        "verdicts.json": [v.to_json() for v in judged],
        "examples.json": write_examples(gathered, folder),
        "diagnostics.json": _entries(gathered, "diagnoses", "diagnostics.json"),
        "mining.json": _entries(gathered, "evaluations", "mining.json"),
        "interpolation.json": interpolation_paths(gathered),
        "groups.json": language_groups(gathered),
        "xtreme.json": xtreme_table(gathered, judged) if fine_tuned else None,
        "generalised.json": generalised_matrices(gathered) if fine_tuned else None,
        "sweep.json": _sweep(gathered),
        "study.json": study.model_dump(mode="json"),
    }


def _delete(path: Path) -> None:
    with disk_errors_explained(path):
        path.unlink(missing_ok=True)


def _write_table(table: pa.Table, path: Path) -> None:
    with file_written_whole(path) as draft:
        pq.write_table(table, draft)


def _write_json(value: Any, path: Path) -> None:
    with file_written_whole(path) as draft:
        draft.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _entries(gathered: Gathered, steps: str, file: str) -> list[dict[str, Any]]:
    """What the steps of every run wrote into a file, each entry with its arm, seed and target."""
    found: list[dict[str, Any]] = []
    for run in gathered.plan.runs:
        for target, step in getattr(run, steps).items():
            path = step.open(gathered.store) / file
            if path.is_file():
                facts = {"arm": run.arm, "seed": run.seed, "target": target}
                entries = parse_json(path.read_bytes(), str(path))
                found += [facts | entry for entry in entries]
    return found


def _sweep(gathered: Gathered) -> dict[str, Any] | None:
    settings = gathered.plan.study.sweep
    if settings is None or settings.target not in gathered.plan.targets:
        return None
    arms = [
        (run.arm, run.seed, parse_json(path.read_bytes(), str(path)))
        for run in gathered.plan.runs
        if run.sweep is not None
        for path in [run.sweep.open(gathered.store) / "sweep.json"]
    ]
    return sweep_report(settings, gathered.plan.targets[settings.target], arms)


def _facts(
    gathered: Gathered, records: Sequence[StepRecord], judged: Sequence[Verdict]
) -> dict[str, Any]:
    study = gathered.plan.study
    environments = RunEnvironments(gathered.plan, records)
    return {
        "schema": SCHEMA,
        "study": study.name,
        "question": study.question,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": crosslift.__version__,
        "baseline": study.baseline,
        "arms": [_arm(gathered, name, arm) for name, arm in study.arms.items()],
        "failed": [{"arm": n, "error": e} for n, e in gathered.plan.failures.items()],
        "targets": [_target(gathered, name) for name in gathered.plan.targets],
        "protocols": _protocols(gathered),
        **environments.to_json(),
        "store": str(gathered.store.root),
        "steps": [
            _step(gathered.plan, record) | {"environments": environments.of_step(record.manifest)}
            for record in records
        ],
        "overlap": _overlaps(gathered),
        "gains": gains(gathered),
        "attributions": attributions(gathered, judged),
        "orientations": orientations(gathered),
    }


def _role(study: Study, name: str, arm: Arm) -> str:
    if arm.reference:
        return "reference"
    if name == study.baseline_of(name):
        return "baseline"
    return "control" if arm.control_of else "trained"


def _arm(gathered: Gathered, name: str, arm: Arm) -> dict[str, Any]:
    study = gathered.plan.study
    return {
        "name": name,
        "role": _role(study, name, arm),
        "baseline": study.baseline_of(name),
        "control_of": arm.control_of,
        "control": control_kind(study, name),
        "zero_shot": arm.zero_shot,
        "languages": list(labelled_languages(gathered, name)),
        "description": arm.description,
        "encoder": study.start_of(arm).encoder.name,
        "start": arm.start or study.start,
        "start_seeds": study.start_seeds_of(arm),
        "prompt": prompt_of(study.start_of(arm).encoder),
        "seeds": list(study.seeds_of(arm)),
        "stages": [stage_facts(gathered, name, i) for i in range(len(arm.stages))],
        "budget": gathered.spent(name),
        "fine_tune": arm.fine_tune.model_dump(mode="json", exclude_unset=True)
        if arm.fine_tune
        else {},
    }


def _target(gathered: Gathered, name: str) -> dict[str, Any]:
    loaded = gathered.plan.targets[name]
    data = loaded.data
    languages = _languages(data)
    return {
        "name": name,
        "title": loaded.target.title,
        "metric": loaded.target.metric,
        "protocol": loaded.protocols[0].id,
        "languages": languages,
        "gaps": [{"language": code, "reason": reason} for code, reason in data.gaps.items()],
        "kind": loaded.target.kind,
        "notes": [{"language": code, "note": note} for code, note in notes_of(data).items()],
        "left_out": {code: dict(counts) for code, counts in left_out_of(data).items()},
        "unread": dict(data.unread),
        "photographs": loaded.target.photographs,
        "texts": loaded.target.texts,
        "side_prompts": loaded.settings.side_prompts,
    }


def _languages(data: TargetData) -> list[str]:
    if isinstance(data, BitextData):
        return list(data.bitexts)
    if isinstance(data, LabelledData):
        return list(data.tests)
    return list(data.texts if isinstance(data, PictureData) else data.splits)


def _protocols(gathered: Gathered) -> dict[str, dict[str, Any]]:
    """What each protocol id means, with how each start's vectors are read (and on which target, of one
    with a prompt for each side)."""
    readings: dict[str, dict[str, dict[str, Any]]] = {}
    for run in gathered.plan.runs:
        start = gathered.plan.study.arms[run.arm].start or gathered.plan.study.start
        for target, step in run.evaluations.items():
            if target in run.fine_tuned:
                continue
            loaded = gathered.plan.targets[target]
            for protocol in loaded.protocols:
                reading = reading_of(step.inputs, protocol, loaded, gathered.store)
                place = f"{start} on {target}" if loaded.settings.side_prompts else start
                readings.setdefault(protocol.id, {})[place] = reading
    fitted = _threshold_sources(gathered)
    return {
        protocol.id: protocol.facts()
        | _common(readings.get(protocol.id, {}))
        | fitted.get(protocol.id, {})
        for loaded in gathered.plan.targets.values()
        for protocol in loaded.protocols
    }


def _threshold_sources(gathered: Gathered) -> dict[str, dict[str, str]]:
    """What thresholds were fitted on in fact, by protocol: the data may lack the split it names."""
    found: dict[str, set[str]] = {}
    for entry in _entries(gathered, "evaluations", "mining.json"):
        found.setdefault(entry["protocol"], set()).add(entry["threshold_source"])
    return {name: {"threshold_source": ", ".join(sorted(s))} for name, s in found.items()}


def _common(readings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One reading where all starts are read alike, else each start's own."""
    different = list(readings.values())
    alike = different.count(different[0]) == len(different) if different else False
    return different[0] if alike else dict(readings)


def _step(plan: Plan, record: StepRecord) -> dict[str, Any]:
    run = next((r for r in plan.runs if record.step.key in {s.key for s in _own(r)}), None)
    return {
        "key": record.step.key,
        "kind": record.step.kind,
        "label": record.step.label,
        "arm": run.arm if run else None,
        "seed": run.seed if run else None,
        "seconds": record.manifest.seconds,
        "peak_bytes": record.manifest.peak_bytes,
        "reused": record.reused,
        "other_code": list(record.other_code),
        "digest": record.manifest.digest,
    }


def _own(run: ArmRun) -> list[Step]:
    tuned = [each.tuned for each in run.fine_tuned.values()]
    ends = run.ends
    return [*run.stage_steps, *tuned, *ends, *(i for end in ends for i in end.inputs.values())]


def _overlaps(gathered: Gathered) -> list[dict[str, Any]]:
    found = []
    for (task, target), step in gathered.plan.overlaps.items():
        content: Any = gathered.overlap(step)
        kinds = list(content["texts"].values())
        items = gathered.overlapping_items(target, set(content["texts"]))
        found.append(
            {
                "task": task,
                "target": target,
                "records": content["records"],
                "items": sum(map(len, items.values())),
                "exact": kinds.count("exact"),
                "near": len(kinds) - kinds.count("exact"),
                "examples": content["examples"][:5],
            }
        )
    return [*found, *_picture_overlaps(gathered)]


def _picture_overlaps(gathered: Gathered) -> list[dict[str, Any]]:
    found = []
    for (task, target), step in gathered.plan.picture_overlaps.items():
        content: Any = gathered.overlap(step)
        pictures: Any = content["pictures"]
        kinds = [facts["kind"] for facts in pictures.values()]
        examples = [
            {"train": facts["train"], "test": item, "similarity": facts["agreement"]}
            for item, facts in list(pictures.items())[:5]
        ]
        found.append(
            {
                "task": task,
                "target": target,
                "kind": "pictures",
                "records": content["records"],
                "items": len(pictures),
                "exact": kinds.count("exact"),
                "near": kinds.count("near"),
                "examples": examples,
            }
        )
    return found
