"""Writes a run's folder: results, outcomes, curves, verdicts, examples, and the report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import crosslift
from crosslift.analysis.choices import arm_choice
from crosslift.analysis.claims import ClaimEvidence, claims_in_a_run
from crosslift.analysis.collect import Gathered
from crosslift.analysis.environments import RunEnvironments
from crosslift.analysis.examples import write_examples
from crosslift.analysis.expected import expected_scores
from crosslift.analysis.extensions import extensions_used
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
from crosslift.analysis.language_bias import language_biases
from crosslift.analysis.language_groups import language_groups
from crosslift.analysis.overlaps import overlaps
from crosslift.analysis.projections import projections
from crosslift.analysis.query_texts import query_texts
from crosslift.analysis.registration import registration_facts
from crosslift.analysis.sensitivity import sensitivities
from crosslift.analysis.stage_facts import stage_facts
from crosslift.analysis.step_records import (
    mined_languages,
    mteb_scores,
    swept_readings,
    vector_diagnoses,
)
from crosslift.analysis.thumbnails import thumbnails
from crosslift.analysis.unchanged_folder import note_written, source_of
from crosslift.analysis.xtreme_table import xtreme_table
from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.store import Store
from crosslift.claims.reading import packaged_ledgers
from crosslift.encoders.encoder_folder import prompt_of
from crosslift.planning.choice_steps import chooses
from crosslift.planning.plan import ArmRun, Plan
from crosslift.planning.text_steps import reading_of
from crosslift.reports.html import write_report
from crosslift.results.arm_facts import ArmFacts, Failure, Role
from crosslift.results.claim_verdicts import CLAIMS_FILE
from crosslift.results.example import EXAMPLES_FILE
from crosslift.results.found_answers import FOUND_FILE
from crosslift.results.group_effect import GROUPS_FILE
from crosslift.results.language_bias import BIAS_FILE
from crosslift.results.language_pairs import GENERALISED_FILE
from crosslift.results.mined_languages import MINING_FILE
from crosslift.results.mteb_scores import MTEB_FILE
from crosslift.results.partial_run import PartialRun
from crosslift.results.projections import PROJECTIONS_FILE
from crosslift.results.published_scores import ModelScores
from crosslift.results.query_texts import TEXTS_FILE
from crosslift.results.reading_sweep import SWEEP_FILE
from crosslift.results.registration_facts import RegistrationFacts
from crosslift.results.result_record import ResultRecord, write_json_file
from crosslift.results.run_facts import RUN_FILE, RunFacts
from crosslift.results.run_folder import checksums_of
from crosslift.results.score_rows import CURVES_FILE, RESULTS_FILE
from crosslift.results.sensitivity import SENSITIVITY_FILE
from crosslift.results.step_facts import StepFacts
from crosslift.results.target_facts import Gap, Note, TargetFacts
from crosslift.results.thumbnails import THUMBNAILS_FILE
from crosslift.results.vector_diagnoses import DIAGNOSTICS_FILE
from crosslift.results.verdict import VERDICTS_FILE, Verdict
from crosslift.results.weight_paths import INTERPOLATION_FILE
from crosslift.results.xtreme_scores import XTREME_FILE
from crosslift.steps.run import StepRecord
from crosslift.steps.step import SCORED, Step
from crosslift.studies.arms import Arm
from crosslift.studies.reading import STUDY_FILE
from crosslift.studies.registration import Registered
from crosslift.studies.schema import Study


def write_run_folder(
    plan: Plan,
    store: Store,
    records: Sequence[StepRecord],
    folder: Path,
    registered: Registered | None = None,
    partial: PartialRun | None = None,
) -> Path:
    """Writes all files of a run, and the report.

    Args:
        plan: finished plan of the run.
        store: store of its artifacts.
        records: records of its steps.
        folder: to write to.
        registered: the lock of the study; None: it has none.
        partial: what the plan leaves out of a study that is not finished; None: nothing.

    Returns:
        The report's path.

    Raises:
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    make_folder(folder)
    gathered = Gathered(plan, store)
    _write_table(gathered.results, folder / RESULTS_FILE)
    with file_written_whole(folder / "results.csv") as draft:
        pyarrow.csv.write_csv(gathered.results, draft)
    _write_table(gathered.outcomes, folder / "outcomes.parquet")
    texts = query_texts(gathered)
    _write_table(texts, folder / TEXTS_FILE)
    _write_rows(gathered.found_answers, folder / FOUND_FILE)
    _write_rows(thumbnails(gathered, texts, folder), folder / THUMBNAILS_FILE)
    _write_rows(projections(gathered), folder / PROJECTIONS_FILE)
    _write_table(gathered.curves, folder / CURVES_FILE)
    judged = verdicts(gathered)
    for name, content in _contents(gathered, judged, folder).items():
        if content is None:
            _delete(folder / name)
        else:
            write_json_file(folder / name, content)
    _write_study(plan.study, folder / STUDY_FILE)
    registration = registration_facts(registered, records)
    facts = _facts(gathered, records, judged, folder, registration, partial)
    _write_claims(gathered, facts, folder)
    write_json_file(folder / RUN_FILE, facts)
    report = write_report(folder)
    whole = partial is None  # the results of a part are not those of any plan
    note_written(folder, source_of(plan, store, records, registered) if whole else "")
    return report


def _contents(
    gathered: Gathered, judged: Sequence[Verdict], folder: Path
) -> dict[str, ResultRecord | Sequence[ResultRecord] | None]:
    """Name -> content of the JSON files; None: this run has none, and an earlier one may have."""
    fine_tuned = any(run.fine_tuned for run in gathered.plan.runs)
    return {
        VERDICTS_FILE: judged,
        EXAMPLES_FILE: write_examples(gathered, folder),
        DIAGNOSTICS_FILE: vector_diagnoses(gathered),
        MINING_FILE: mined_languages(gathered),
        BIAS_FILE: language_biases(gathered) or None,
        MTEB_FILE: mteb_scores(gathered) or None,
        INTERPOLATION_FILE: interpolation_paths(gathered),
        GROUPS_FILE: language_groups(gathered),
        XTREME_FILE: xtreme_table(gathered, judged) if fine_tuned else None,
        GENERALISED_FILE: generalised_matrices(gathered) if fine_tuned else None,
        SWEEP_FILE: swept_readings(gathered),
        SENSITIVITY_FILE: sensitivities(gathered, judged),
    }


def _write_claims(gathered: Gathered, facts: RunFacts, folder: Path) -> None:
    evidence = ClaimEvidence(facts, gathered.outcomes, gathered.plan.study.smallest_effect)
    claims = claims_in_a_run(packaged_ledgers(), evidence)
    if claims:
        write_json_file(folder / CLAIMS_FILE, claims)
    else:
        _delete(folder / CLAIMS_FILE)


def _delete(path: Path) -> None:
    with disk_errors_explained(path):
        path.unlink(missing_ok=True)


def _write_table(table: pa.Table, path: Path, compression: str = "snappy") -> None:
    with file_written_whole(path) as draft:
        pq.write_table(table, draft, compression=compression)


def _write_rows(table: pa.Table, path: Path) -> None:
    """Writes a table that not every run has; without rows, there is no file."""
    if len(table):
        _write_table(table, path, "zstd")
    else:
        _delete(path)


def _write_study(study: Study, path: Path) -> None:
    content = json.dumps(study.model_dump(mode="json"), ensure_ascii=False, indent=1)
    with file_written_whole(path) as draft:
        draft.write_text(content, encoding="utf-8")


def _facts(
    gathered: Gathered,
    records: Sequence[StepRecord],
    judged: Sequence[Verdict],
    folder: Path,
    registration: RegistrationFacts | None,
    partial: PartialRun | None,
) -> RunFacts:
    study = gathered.plan.study
    environments = RunEnvironments(gathered.plan, records)
    return RunFacts(
        study=study.name,
        question=study.question,
        registration=registration,
        partial=partial,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=crosslift.__version__,
        baseline=study.baseline,
        arms=tuple(_arm(gathered, name, arm) for name, arm in study.arms.items()),
        failed=tuple(Failure(arm=n, error=e) for n, e in gathered.plan.failures.items()),
        targets=tuple(_target(gathered, name) for name in gathered.plan.targets),
        protocols=_protocols(gathered),
        environments=environments.entries(),
        written_in=environments.written_in,
        differing=environments.differing(),
        store=str(gathered.store.root),
        steps=tuple(_steps(gathered.plan, records, environments)),
        overlap=overlaps(gathered),
        gains=tuple(gains(gathered, judged)),
        attributions=tuple(attributions(gathered, judged)),
        orientations=tuple(orientations(gathered)),
        expected=expected_scores(gathered),
        extensions=extensions_used(gathered.plan),
        checksums=checksums_of(folder),
    )


def _role(study: Study, name: str, arm: Arm) -> Role:
    if arm.reference:
        return "reference"
    if name == study.baseline_of(name):
        return "baseline"
    return "control" if arm.control_of else "trained"


def _arm(gathered: Gathered, name: str, arm: Arm) -> ArmFacts:
    study = gathered.plan.study
    own_tuning = arm.fine_tune
    return ArmFacts(
        name=name,
        role=_role(study, name, arm),
        baseline=study.baseline_of(name),
        control_of=arm.control_of,
        control=control_kind(study, name),
        zero_shot=arm.zero_shot,
        languages=labelled_languages(gathered, name),
        description=arm.description,
        encoder=study.start_of(arm).encoder.name,
        start=arm.start or study.start,
        start_seeds=study.start_seeds_of(arm),
        prompt=prompt_of(study.start_of(arm).encoder),
        postprocessing=arm.postprocessing,
        seeds=study.seeds_of(arm),
        stages=tuple(stage_facts(gathered, name, i) for i in range(len(arm.stages))),
        budget=gathered.spent(name),
        choice=arm_choice(gathered, name),
        budget_of_tries=gathered.spent_with_tries(name) if study.choice_of(arm) else None,
        fine_tune=own_tuning.model_dump(mode="json", exclude_unset=True) if own_tuning else {},
    )


def _target(gathered: Gathered, name: str) -> TargetFacts:
    loaded = gathered.plan.targets[name]
    data = loaded.data
    return TargetFacts(
        name=name,
        title=loaded.target.title,
        metric=loaded.target.metric,
        protocol=loaded.protocols[0].id,
        languages=data.languages,
        gaps=tuple(Gap(language=code, reason=reason) for code, reason in data.gaps.items()),
        kind=loaded.target.kind,
        notes=tuple(Note(language=code, note=note) for code, note in data.notes.items()),
        left_out={code: dict(counts) for code, counts in data.left_out.items()},
        unread=dict(data.unread),
        photographs=loaded.target.photographs,
        texts=loaded.target.texts,
        distinct_texts=len(loaded.texts),
        several_right=tuple(p.id for p in loaded.protocols if data.several_right(p.direction)),
        published=tuple(map(ModelScores.of, data.published)),
        side_prompts=loaded.settings.side_prompts,
    )


def _protocols(gathered: Gathered) -> dict[str, dict[str, Any]]:
    """What each protocol id means, with how each start's vectors are read (and on which target, of one
    with a prompt for each side)."""
    readings: dict[str, dict[str, dict[str, Any]]] = {}
    for run in gathered.plan.runs:
        start = gathered.plan.study.arms[run.arm].start or gathered.plan.study.start
        for target, steps in run.evaluations.items():
            if target in run.fine_tuned:
                continue
            loaded = gathered.plan.targets[target]
            for protocol in loaded.protocols:
                scored = next(iter(steps.values()))
                reading = reading_of(scored, protocol, gathered.store)
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
    """Protocol -> data that its thresholds were fitted on; the data may lack the split that the
    protocol names."""
    sources: dict[str, set[str]] = {}
    for entry in mined_languages(gathered):
        sources.setdefault(entry.protocol, set()).add(entry.threshold_source)
    return {name: {"threshold_source": ", ".join(sorted(s))} for name, s in sources.items()}


def _common(readings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One reading if all starts are read alike, else one for each start."""
    different = list(readings.values())
    alike = different.count(different[0]) == len(different) if different else False
    return different[0] if alike else dict(readings)


def _steps(
    plan: Plan, records: Sequence[StepRecord], environments: RunEnvironments
) -> Iterator[StepFacts]:
    runs = {step.key: run for run in reversed(plan.runs) for step in _own(run)}
    for record in records:
        yield _step(record, runs.get(record.step.key), environments)


def _step(record: StepRecord, run: ArmRun | None, environments: RunEnvironments) -> StepFacts:
    return StepFacts(
        key=record.step.key,
        kind=record.step.kind,
        label=record.step.label,
        group=record.step.group,
        arm=run.arm if run else None,
        seed=run.seed if run else None,
        seconds=record.manifest.seconds,
        peak_bytes=record.manifest.peak_bytes,
        reused=record.reused,
        other_code=tuple(record.other_code),
        environments=environments.of_step(record.manifest),
        digest=record.manifest.digest,
    )


def _own(run: ArmRun) -> list[Step]:
    tuned = [each.tuned for each in run.fine_tuned.values()]
    chosen = [step for step in run.stage_steps if chooses(step)]
    tries = [i for step in chosen for i in step.inputs.values()]
    ends = [*run.ends, *(step for step in tries if step.kind in SCORED)]
    inputs = [i for end in ends for i in end.inputs.values()]
    return [*run.stage_steps, *tries, *tuned, *ends, *inputs]
