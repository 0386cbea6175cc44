"""The records that the steps of a run wrote, each with its arm, seed and target."""

from __future__ import annotations

from crosslift.analysis.collect import Gathered
from crosslift.making.evaluate import open_mined
from crosslift.making.evaluate_mteb import open_mteb_scores
from crosslift.planning.sweep_steps import sweep_of
from crosslift.results.mined_languages import MinedByArm
from crosslift.results.mteb_scores import MtebScoresOfArm
from crosslift.results.reading_sweep import SWEEP_FILE, ReadingChoice, Sweep, SweepArm
from crosslift.results.result_record import read_json_file
from crosslift.results.vector_diagnoses import (
    DIAGNOSTICS_FILE,
    Diagnosis,
    DiagnosisOfArm,
    SeparabilityOfArm,
    VectorEntry,
)


def mined_languages(gathered: Gathered) -> list[MinedByArm]:
    """The mining result of every arm and seed, in each language under each protocol."""
    return [
        MinedByArm.of(entry, arm=run.arm, seed=run.seed, target=target)
        for run in gathered.plan.runs
        for target, steps in run.evaluations.items()
        for entry in open_mined(steps.values(), gathered.store)
    ]


def mteb_scores(gathered: Gathered) -> list[MtebScoresOfArm]:
    """MTEB's scores of every arm and seed on its tasks."""
    return [
        MtebScoresOfArm.of(entry, arm=run.arm, seed=run.seed, target=target)
        for run in gathered.plan.runs
        for target, steps in run.evaluations.items()
        for entry in open_mteb_scores(steps.values(), gathered.store)
    ]


def vector_diagnoses(gathered: Gathered) -> list[DiagnosisOfArm | SeparabilityOfArm]:
    """What the vectors of every arm and seed look like, on each target of bitexts."""
    entries: list[DiagnosisOfArm | SeparabilityOfArm] = []
    for run in gathered.plan.runs:
        for target, step in run.diagnoses.items():
            path = step.open(gathered.store) / DIAGNOSTICS_FILE
            for entry in read_json_file(path, tuple[VectorEntry, ...]):
                kind = DiagnosisOfArm if isinstance(entry, Diagnosis) else SeparabilityOfArm
                entries.append(kind.of(entry, arm=run.arm, seed=run.seed, target=target))
    return entries


def swept_readings(gathered: Gathered) -> Sweep | None:
    """The choice of hidden state, pooling and prompt of every arm and seed; None without a sweep."""
    settings = gathered.plan.study.sweep
    if settings is None or settings.target not in gathered.plan.targets:
        return None
    arms = []
    for run in gathered.plan.runs:
        if run.sweep is not None:
            choice = read_json_file(run.sweep.open(gathered.store) / SWEEP_FILE, ReadingChoice)
            arms.append(SweepArm.of(choice, arm=run.arm, seed=run.seed))
    return sweep_of(settings, gathered.plan.targets[settings.target], arms)
