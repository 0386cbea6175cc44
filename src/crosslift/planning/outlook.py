"""Finds the steps that a run of a study would make: it compares the plan with a store."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.artifacts.store import Store
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.steps.before_run import check_needs, missing_steps
from crosslift.steps.estimates import Estimates
from crosslift.steps.past_plans import asked_before
from crosslift.steps.status import Status
from crosslift.steps.step import Step
from crosslift.studies.schema import Study


@dataclass(frozen=True)
class Outlook:
    """The steps that a run of a study would make.

    Args:
        plan: plan without arms that cannot be carried out.
        store: store of the artifacts.
        steps: steps of the plan, each after its inputs.
        missing: steps that a run would make.
        status: status of the store.
        estimates: estimates of the time of steps.
    """

    plan: Plan
    store: Store
    steps: tuple[Step, ...]
    missing: tuple[Step, ...]
    status: Status
    estimates: Estimates


def outlook_of(
    study: Study, store: Store, *, keep_going: bool = False, trust_code: bool = False
) -> Outlook:
    """Plans a study, and compares its steps with a store. It makes no step.

    Args:
        study: the study.
        store: store of the artifacts.
        keep_going: leave out arms that cannot be planned or carried out.
        trust_code: count artifacts of other code as up to date.

    Raises:
        CrossLiftError: the study cannot be planned, or a step would fail.
    """
    plan = plan_study(study, keep_going=keep_going)
    status = Status(store, trust_code=trust_code, asked_before=asked_before(plan, store))
    missing = missing_steps(plan.steps(), store, status)
    plan = check_needs(plan, missing, keep_going=keep_going)
    steps = plan.steps()
    missing = missing_steps(steps, store, status)
    return Outlook(plan, store, tuple(steps), tuple(missing), status, Estimates(store))
