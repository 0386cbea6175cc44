"""Verdicts of a run on published claims: one for every claim that its study tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.claims.schema import Claim, Comparison, Ledger, Prediction, RecipeCheck, TestedBy
from crosslift.errors import DataError
from crosslift.metrics.table import described, outcome_of
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.claim_verdicts import ClaimOutcome, ClaimTest, ClaimVerdict
from crosslift.results.run_facts import RunFacts
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import EQUIVALENT, HIGHER, INCONCLUSIVE, LOWER, ONE_SEED, Outcome
from crosslift.statistics.differences import Difference, Weighted, strata_of, weighted_differences
from crosslift.statistics.judgements import Judgement, judge_family
from crosslift.statistics.query_cubes import as_many_seeds, cube_of
from crosslift.targets.kinds.every_kind import KINDS
from crosslift.wording import plural

_LEVEL = 0.95
_RECIPE_WORDS: dict[RecipeCheck, str] = {
    "zero-shot": "every arm learns from English labels, captions and pairs alone",
    "same-phase-three": "phase three is the same for all arms",
    "retrieval-untuned": "retrieval is measured without phase three",
    "equal-budgets": "all trained arms spend the same updates",
}


@dataclass(frozen=True)
class ClaimEvidence:
    """The results of a run that verdicts on claims follow from.

    Args:
        run: the facts of the run.
        outcomes: one row for each query, arm, seed, target and protocol, as in ``outcomes.parquet``.
        smallest_effect: smallest effect of interest, in points; None: the study states none.
    """

    run: RunFacts
    outcomes: pa.Table
    smallest_effect: float | None

    def arm(self, name: str) -> ArmFacts | None:
        """The arm called ``name``; None if the run has none."""
        return next((arm for arm in self.run.arms if arm.name == name), None)

    def target(self, name: str) -> TargetFacts | None:
        """The target called ``name``; None if the run does not measure it."""
        return next((target for target in self.run.targets if target.name == name), None)


def claim_verdicts(ledger: Ledger, evidence: ClaimEvidence) -> list[ClaimVerdict]:
    """A verdict for each claim of a ledger that the run's study tests.

    The tests of a ledger in one run are one family: they are corrected together, and separately from
    the comparisons that the study declares.

    Args:
        ledger: the claims.
        evidence: evidence of one run.

    Raises:
        DataError: the run lacks an arm or target that the ledger names, or a test mixes targets that
            are measured in different units.
    """
    tested = ledger.tested_by(evidence.run.study)
    for claim, by in tested:
        error = _why_not(claim, by, evidence)
        if error is not None:
            raise error
    return _verdicts(ledger, tested, evidence)


def claims_in_a_run(ledgers: Sequence[Ledger], evidence: ClaimEvidence) -> list[ClaimVerdict]:
    """As `claim_verdicts`, for the run's own folder: a claim that the run cannot test, because its
    study was changed, has the verdict "not tested here"."""
    verdicts = []
    for ledger in ledgers:
        tested = ledger.tested_by(evidence.run.study)
        errors = {claim.id: _why_not(claim, by, evidence) for claim, by in tested}
        possible = [(claim, by) for claim, by in tested if errors[claim.id] is None]
        made = {each.claim: each for each in _verdicts(ledger, possible, evidence)}
        for claim, _ in tested:
            error = errors[claim.id]
            verdicts.append(
                made[claim.id]
                if error is None
                else _filled(
                    ledger,
                    claim,
                    study=evidence.run.study,
                    verdict="not tested here",
                    reason=f"Not by this run: {error.what}.",
                )
            )
    return verdicts


def _verdicts(
    ledger: Ledger, tested: Sequence[tuple[Claim, TestedBy]], evidence: ClaimEvidence
) -> list[ClaimVerdict]:
    results = iter(_judged([test for _, by in tested for test in by.tests], evidence))
    others = iter(_judged([test for _, by in tested for test in by.beside], evidence))
    return [
        _verdict(
            ledger,
            claim,
            by,
            evidence,
            [next(results) for _ in by.tests],
            [next(others) for _ in by.beside],
        )
        for claim, by in tested
    ]


def untested(ledger: Ledger, claim: Claim) -> ClaimVerdict:
    """The verdict on a claim that no run tests."""
    studies = " or ".join(claim.tested_by)
    reason = claim.untested or f"A run of {studies} tests it."
    return _filled(ledger, claim, verdict="not tested here", reason=reason, study=None)


def _filled(ledger: Ledger, claim: Claim, **facts: object) -> ClaimVerdict:
    content = {
        "ledger": ledger.name,
        "claim": claim.id,
        "text": claim.text,
        "source": f"{ledger.source}, {claim.place}",
        "published": claim.published,
        "scope": claim.scope,
        "note": claim.note,
    }
    return ClaimVerdict.model_validate(content | facts)


def _why_not(claim: Claim, by: TestedBy, evidence: ClaimEvidence) -> DataError | None:
    """Why a run cannot test a claim: a run of a study by the same name may be a pilot with other arms
    or targets. Returns None if it can."""
    failed = {failure.arm for failure in evidence.run.failed}
    for test in (*by.tests, *by.beside):
        arms = [a for a in (test.arm, test.against) if not evidence.arm(a) and a not in failed]
        targets = [name for name in test.targets if not evidence.target(name)]
        lacking = [f"arm {name}" for name in arms] + [f"target {name}" for name in targets]
        if lacking:
            return DataError(
                f"claim {claim.id} needs {', '.join(lacking)}, which this run of "
                f"{evidence.run.study} lacks",
                "a run of the study with all arms and targets that its ledger names",
                "is it a pilot? run the whole study, or give another ledger with --claims",
            )
        units = {described(t.metric).unit for n in test.targets if (t := evidence.target(n))}
        if len(units) > 1:
            return DataError(
                f"claim {claim.id} averages {', '.join(test.targets)}, which are measured in "
                "different units",
                "targets with scores in one unit, so that one smallest effect applies to all",
            )
    return None


def _judged(tests: Sequence[Comparison], evidence: ClaimEvidence) -> list[ClaimTest | None]:
    """Every test with its outcome, corrected together; None where an arm was left out."""
    failed = {failure.arm for failure in evidence.run.failed}
    possible = [test for test in tests if not {test.arm, test.against} & failed]
    differences = [_difference(test, evidence) for test in possible]
    judgements = judge_family(
        differences,
        [_is_trained(test, evidence) for test in possible],
        _LEVEL,
        [_margin(test, evidence) for test in possible],
    )
    results = iter(
        _test(test, difference, judgement, evidence)
        for test, difference, judgement in zip(possible, differences, judgements, strict=True)
    )
    return [next(results) if test in possible else None for test in tests]


def _margin(test: Comparison, evidence: ClaimEvidence) -> float | None:
    target = evidence.target(next(iter(test.targets)))
    if evidence.smallest_effect is None or target is None:
        return None
    unit = described(target.metric).unit
    return evidence.smallest_effect / unit.scale if unit.of_differences == "points" else None


def _is_trained(test: Comparison, evidence: ClaimEvidence) -> bool:
    """Whether a seed changes the scores of one of the arms."""
    arms = [arm for name in (test.arm, test.against) if (arm := evidence.arm(name))]
    tuned = any(
        KINDS[target.kind].fine_tuned for n in test.targets if (target := evidence.target(n))
    )
    return tuned or any(arm.stages or arm.start_seeds == "paired" for arm in arms)


def _difference(test: Comparison, evidence: ClaimEvidence) -> Difference:
    """The weighted sum of the differences of the test's targets."""
    parts = []
    for name, weight in test.targets.items():
        of_arm, of_other = (_cube(arm, name, evidence) for arm in (test.arm, test.against))
        of_arm = as_many_seeds(of_arm, of_other)
        languages = of_arm.shape[2]
        weights = np.full(languages, weight / languages)
        parts.append(Weighted(of_arm, of_other, strata_of(~np.isnan(of_arm[0])), weights))
    return weighted_differences(parts, level=_LEVEL)[0]


def _cube(arm: str, target: str, evidence: ClaimEvidence) -> NDArray[np.float64]:
    facts = evidence.target(target)
    if facts is None:
        raise DataError(f"target {target}", "one of the run")
    rows = evidence.outcomes.filter(
        (pc.field("arm") == arm)
        & (pc.field("target") == target)
        & (pc.field("protocol") == facts.protocol)
    )
    if not len(rows):
        raise DataError(f"arm {arm} has no scores on {target}", "an arm that is measured on it")
    return cube_of(rows, outcome_of(facts.metric))[0]


def _test(
    test: Comparison, difference: Difference, judgement: Judgement, evidence: ClaimEvidence
) -> ClaimTest:
    learnt = [arm for name in (test.arm, test.against) if (arm := evidence.arm(name))]
    largest = sum(abs(weight) for weight in test.targets.values())  # scores are in [0, 1]
    return ClaimTest(
        says=test.says or f"{test.arm} against {test.against}",
        arm=test.arm,
        against=test.against,
        targets=test.targets,
        predicts=test.predicts,
        effect=difference.effect,
        low=max(difference.low, -largest),
        high=min(difference.high, largest),
        level=difference.level,
        p_corrected=judgement.p_corrected,
        verdict=judgement.outcome,
        seeds=difference.seeds,
        not_learnt=tuple(arm.name for arm in learnt if arm.not_learnt),
    )


def _verdict(
    ledger: Ledger,
    claim: Claim,
    by: TestedBy,
    evidence: ClaimEvidence,
    tests: Sequence[ClaimTest | None],
    beside: Sequence[ClaimTest | None],
) -> ClaimVerdict:
    verdict, reason = _outcome(by, tests) if by.tests else _recipe_outcome(by, evidence.run)
    margins = [margin for test in by.tests if (margin := _margin(test, evidence)) is not None]
    return _filled(
        ledger,
        claim,
        study=evidence.run.study,
        verdict=verdict,
        reason=reason,
        tests=tuple(test for test in tests if test is not None),
        beside=tuple(test for test in beside if test is not None),
        difference=by.difference,
        smallest_effect=margins[0] if margins else None,
    )


def outcome_of_tests(
    needs: str, predictions: Sequence[Prediction], outcomes: Sequence[Outcome]
) -> ClaimOutcome:
    """The verdict on a claim that follows from the outcomes of its tests.

    Args:
        needs: ``all``, ``any`` or ``most`` of the tests must come out as predicted.
        predictions: prediction of each test.
        outcomes: outcome of each test; ``higher``, ``lower`` and ``none`` are about ``arm``.

    Returns:
        ``contradicted``, for ``all``: one test is shown to go against its prediction; for ``most``:
        half of them are; for ``any``: all are. ``equivalent to none``: differences were predicted, and
        all are equivalent. ``inconclusive``: not enough is shown.
    """
    pairs = list(zip(predictions, outcomes, strict=True))
    agree = sum(_agrees(prediction, outcome) for prediction, outcome in pairs)
    against = sum(_disagrees(prediction, outcome) for prediction, outcome in pairs)
    equivalent = sum(_is_too_small(prediction, outcome) for prediction, outcome in pairs)
    count = len(pairs)
    enough = {"all": agree == count, "any": agree > 0, "most": 2 * agree > count}[needs]
    if enough:
        return "supported"
    if equivalent == count:
        return "equivalent to none"
    refuted = against + equivalent
    against_it = {"all": against > 0, "any": refuted == count, "most": 2 * refuted >= count}[needs]
    return "contradicted" if against_it else "inconclusive"


_AGREEING: dict[Prediction, tuple[Outcome, ...]] = {
    "higher": (HIGHER,),
    "lower": (LOWER,),
    "none": (EQUIVALENT,),
    "not higher": (LOWER, EQUIVALENT),
}
_DISAGREEING: dict[Prediction, tuple[Outcome, ...]] = {
    "higher": (LOWER,),
    "lower": (HIGHER,),
    "none": (HIGHER, LOWER),
    "not higher": (HIGHER,),
}


def _agrees(prediction: Prediction, outcome: Outcome) -> bool:
    return outcome in _AGREEING[prediction]


def _disagrees(prediction: Prediction, outcome: Outcome) -> bool:
    return outcome in _DISAGREEING[prediction]


def _is_too_small(prediction: Prediction, outcome: Outcome) -> bool:
    """Whether a difference was predicted, and is shown to be smaller than the smallest of interest."""
    return outcome == EQUIVALENT and not _agrees(prediction, outcome)


def _outcome(by: TestedBy, tests: Sequence[ClaimTest | None]) -> tuple[ClaimOutcome, str]:
    if any(test is None for test in tests):
        return "not tested here", "The run left out an arm that the claim needs."
    made = [test for test in tests if test is not None]
    outcomes = [test.verdict for test in made]
    outcome = outcome_of_tests(by.needs, [test.predicts for test in made], outcomes)
    counted = {
        "as predicted": sum(_agrees(t.predicts, t.verdict) for t in made),
        "against it": sum(_disagrees(t.predicts, t.verdict) for t in made),
        "equivalent": sum(_is_too_small(t.predicts, t.verdict) for t in made),
        "inconclusive": outcomes.count(INCONCLUSIVE),
        "with one seed, without a verdict": outcomes.count(ONE_SEED),
    }
    counts = ", ".join(f"{count} {words}" for words, count in counted.items() if count)
    needed = {"all": "all", "any": "one", "most": "more than half"}[by.needs]
    return (
        outcome,
        f"Of {plural(len(made), 'test')} {counts}; the claim needs {needed} as predicted.",
    )


def _recipe_outcome(by: TestedBy, run: RunFacts) -> tuple[ClaimOutcome, str]:
    """The verdict on a claim about the method: whether the run follows it."""
    lacking = [_RECIPE_WORDS[check] for check in by.recipe if not _follows(check, run)]
    if lacking:
        reason = f"The run does not follow the recipe: it is not true that {lacking[0]}."
        return "not tested here", reason
    words = "; ".join(_RECIPE_WORDS[check] for check in by.recipe)
    return "supported", f"The claim is about the method, and the run follows it: {words}."


def _follows(check: RecipeCheck, run: RunFacts) -> bool:
    if check == "zero-shot":
        return all(arm.zero_shot for arm in run.arms)
    if check == "same-phase-three":
        return all(not arm.fine_tune for arm in run.arms)
    if check == "retrieval-untuned":
        return any(not KINDS[target.kind].fine_tuned for target in run.targets)
    updates = {round(arm.budget.updates) for arm in run.arms if arm.budget.updates}
    return len(updates) <= 1
