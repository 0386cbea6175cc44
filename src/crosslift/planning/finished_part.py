"""The finished part of a plan: the arms and seeds with all steps up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from crosslift.artifacts.store import Store
from crosslift.planning.plan import ArmRun, Plan
from crosslift.results.partial_run import PartialRun
from crosslift.steps.status import Status
from crosslift.steps.step import Step
from crosslift.studies.schema import Study


def finished_part(plan: Plan, store: Store, status: Status) -> tuple[Plan, PartialRun] | None:
    """The largest part of a plan in which every arm is finished with every seed.

    An arm that no seed changes is finished with every seed once its one run is. Among parts with
    equally many runs, the one with more seeds is taken.

    Args:
        plan: plan of a study.
        store: store of its artifacts.
        status: status of the store.

    Returns:
        The plan of that part, and the arms and seeds that it leaves out; None if the baseline and one
        more arm are not finished with any seed, or texts and pictures are not yet compared.
    """

    def made(step: Step) -> bool:
        return status.up_to_date(step) and step.exists(store)

    if not all(map(made, (*plan.overlaps.values(), *plan.picture_overlaps.values()))):
        return None
    finished = [run for run in plan.runs if all(map(made, _lasting(run)))]
    seeds_of = _seeds_by_arm(plan, finished)
    several = [each for each in _seed_sets(plan, seeds_of) if len(_arms(seeds_of, each)) > 1]
    if not several:
        return None
    seeds = max(several, key=lambda each: (len(each) * len(_arms(seeds_of, each)), len(each)))
    arms = _arms(seeds_of, seeds)
    left_out = [arm for arm in plan.study.arms if arm not in arms]
    facts = PartialRun(
        finished=len(finished),
        planned=len(plan.runs),
        arms=tuple(left_out),
        seeds=tuple(seed for seed in plan.study.seeds if seed not in seeds),
    )
    return _part(plan, arms, seeds), facts


def _lasting(run: ArmRun) -> Iterable[Step]:
    """The steps of a run whose artifacts are kept, as its results are read from them."""
    tuned = (each.tuned for each in run.fine_tuned.values())
    return [
        step for step in (*run.start_steps, *run.stage_steps, *tuned, *run.ends) if not step.passing
    ]


def _fixed(study: Study, arm: str) -> set[int]:
    """The one seed of an arm that no seed of the study changes; empty for other arms."""
    seeds = study.seeds_of(study.arms[arm])
    return set() if seeds == study.seeds else set(seeds)


def _seeds_by_arm(plan: Plan, finished: Collection[ArmRun]) -> dict[str, set[int]]:
    """Arm -> the seeds with which it is finished."""
    missing = {(run.arm, run.seed) for run in plan.runs}
    missing -= {(run.arm, run.seed) for run in finished}
    return {
        arm: {
            seed
            for seed in plan.study.seeds
            if not any((arm, each) in missing for each in (seed, *_fixed(plan.study, arm)))
        }
        for arm in plan.study.arms
    }


def _seed_sets(plan: Plan, seeds_of: Mapping[str, set[int]]) -> list[frozenset[int]]:
    """Sets of seeds that a part could have: the baseline and one or two more arms are finished with
    them."""
    of_baseline = seeds_of[plan.study.baseline]
    sets = {frozenset(seeds & of_baseline) for seeds in seeds_of.values()}
    sets |= {one & other for one in sets for other in sets}
    return sorted(filter(None, sets), key=sorted)


def _arms(seeds_of: Mapping[str, set[int]], seeds: frozenset[int]) -> list[str]:
    """The arms that are finished with all of these seeds."""
    return [arm for arm, finished in seeds_of.items() if seeds <= finished]


def _part(plan: Plan, arms: Collection[str], seeds: frozenset[int]) -> Plan:
    study = plan.study.without([arm for arm in plan.study.arms if arm not in arms])
    runs = [r for r in plan.runs if r.arm in arms and r.seed in seeds | _fixed(study, r.arm)]
    kept = tuple(seed for seed in study.seeds if seed in seeds)
    return replace(plan, study=study.model_copy(update={"seeds": kept}), runs=tuple(runs))
