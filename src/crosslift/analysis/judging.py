"""The comparisons of a study and their verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from crosslift.analysis.collect import Gathered
from crosslift.forms.declared_forms import trains_on_captions
from crosslift.making.loaded_target import Loaded
from crosslift.making.train import Training
from crosslift.making.training_files import read_spent
from crosslift.metrics.table import described, outcome_of
from crosslift.results.arm_facts import ArmBudget
from crosslift.results.effect_parts import Attribution, Gain, Orientation
from crosslift.results.verdict import Family, Outcome, Verdict
from crosslift.statistics.attribution import Controlled, attribute, facts_of
from crosslift.statistics.clauses import zero_shot_words
from crosslift.statistics.differences import Difference, paired_difference, strata_of
from crosslift.statistics.gains import GainNames, GainOutcomes, share_surviving
from crosslift.statistics.query_cubes import as_many_seeds
from crosslift.statistics.verdicts import ComparedScores, judge
from crosslift.steps.step import Step
from crosslift.studies.schema import Study
from crosslift.tasks.controls import Control

_NEARLY_EQUAL = 0.01


def verdicts(gathered: Gathered) -> list[Verdict]:
    """A verdict for each declared comparison, for each arm against the baseline, and for each
    comparison that the attribution of effects needs. Each is made on every target on which both arms
    have scores, in its primary metric and protocol."""
    return judge(
        [(c, _difference(gathered, c.arm, c.against, c.target)) for c in _comparisons(gathered)]
    )


def attributions(gathered: Gathered, judged: Sequence[Verdict]) -> list[Attribution]:
    """Where the effect of each arm with controls comes from, on each target.

    Args:
        gathered: the run.
        judged: its verdicts, see `verdicts`.
    """
    study = gathered.plan.study
    by_pair = {(v.arm, v.against, v.target): v for v in judged}
    attributed = []
    for arm, controls in _controls(study).items():
        baseline = study.baseline_of(arm)
        for target in shared_targets(gathered, arm, baseline):
            whole = by_pair.get((arm, baseline, target))
            parts = [
                Controlled(
                    control_kind(study, control),
                    by_pair[arm, control, target],
                    by_pair[control, baseline, target],
                )
                for control in controls
                if (control, baseline, target) in by_pair and (arm, control, target) in by_pair
            ]
            if whole is not None and parts:
                attributed.append(attribute(whole, parts))
    return attributed


def control_kind(study: Study, name: str) -> Control | None:
    """Which of the named controls an arm is: the study names it for the arm, or for the tasks of an arm
    that it writes out. Returns None for any other arm."""
    arm = study.arms[name]
    if arm.control is not None:
        return arm.control
    members = [member for stage in arm.stages for member in stage.tasks]
    written = {member.control for member in members if member.control is not None}
    return written.pop() if len(written) == 1 else None


def orientations(gathered: Gathered) -> list[Orientation]:
    """How far each reference is from the baseline of its start or, if it is that baseline itself, from
    the baseline of the study.

    These differences have an interval and no verdict: they belong to no family of comparisons, and
    nothing is corrected for them.
    """
    study = gathered.plan.study
    differences = []
    for arm in (name for name, settings in study.arms.items() if settings.reference):
        baseline = study.baseline_of(arm)
        against = study.baseline if baseline == arm else baseline
        for target in shared_targets(gathered, arm, against) if against in study.arms else ():
            if arm != against:
                differences.append(_orientation(gathered, arm, against, target))
    return differences


def _orientation(gathered: Gathered, arm: str, against: str, target: str) -> Orientation:
    difference = _difference(gathered, arm, against, target)
    return Orientation(
        arm=arm,
        against=against,
        target=target,
        effect=difference.effect,
        low=difference.low,
        high=difference.high,
        level=difference.level,
        n_queries=difference.queries,
        n_languages=difference.languages,
    )


def gains(gathered: Gathered, judged: Sequence[Verdict]) -> list[Gain]:
    """The part of each arm's gain over the baseline that remains against each control that the study
    writes out, on each target. `attributions` has the same for controls that the study names in one
    word.

    Args:
        gathered: the run.
        judged: its verdicts, see `verdicts`.
    """
    study = gathered.plan.study
    outcomes = {(v.arm, v.against, v.target): v.verdict for v in judged}
    return [
        _gain(gathered, arm, control, target, outcomes)
        for arm, controls in _controls(study).items()
        for control in controls
        if not _named_in_one_word(study, control)
        for target in shared_targets(gathered, control, arm, study.baseline_of(control))
    ]


def _controls(study: Study) -> dict[str, list[str]]:
    """Arm -> its controls, for arms that have controls and a baseline."""
    controls: dict[str, list[str]] = {}
    for control, settings in study.arms.items():
        arm = settings.control_of
        if arm is not None and study.baseline_of(arm) in study.arms:
            controls.setdefault(arm, []).append(control)
    return controls


def _gain(
    gathered: Gathered,
    arm: str,
    control: str,
    target: str,
    outcomes: Mapping[tuple[str, str, str], Outcome],
) -> Gain:
    facts = gathered.plan.targets[target].target
    outcome = outcome_of(facts.metric)
    study = gathered.plan.study
    baseline = study.baseline_of(arm)
    of_arm, of_control, of_baseline = (
        gathered.cube(name, target, facts.protocols[0].id, outcome)[0]
        for name in (arm, control, baseline)
    )
    content = facts_of(control_kind(study, control), control).lacks
    names = GainNames(arm, control, baseline, target, content)
    strata = strata_of(~np.isnan(of_arm[0]))
    pairs = ((arm, baseline), (arm, control), (control, baseline))
    judged = [outcomes.get((*pair, target)) for pair in pairs]
    corrected = GainOutcomes(*(each for each in judged if each)) if all(judged) else None
    share = share_surviving(of_arm, of_control, of_baseline, strata, names, outcomes=corrected)
    return Gain(arm=arm, control=control, target=target, sentence=share.sentence)


def _comparisons(gathered: Gathered) -> Iterator[ComparedScores]:
    """Each pair of arms on a target once: declared comparisons first, then those with the baseline,
    then those with controls."""
    study = gathered.plan.study
    compared: set[tuple[str, str, str]] = set()
    for declared in study.comparisons:
        arm, against, question = declared.arm, declared.against, declared.question
        for target in declared.targets or shared_targets(gathered, arm, against):
            compared.add((arm, against, target))
            yield _comparison(
                gathered, arm, against, target, "declared", question, declared.smallest_effect
            )
    for arm, baseline in compared_with_baseline(study):
        if not _named_in_one_word(study, arm):
            for target in shared_targets(gathered, arm, baseline):
                compared.add((arm, baseline, target))
                yield _comparison(gathered, arm, baseline, target, "vs-baseline")
    for arm, against in _of_controls(study):
        for target in shared_targets(gathered, arm, against):
            if (arm, against, target) not in compared:
                yield _comparison(gathered, arm, against, target, "controls")


def compared_with_baseline(study: Study) -> list[tuple[str, str]]:
    """Each arm that is compared with a baseline, and that baseline."""
    if study.baseline not in study.arms:
        return []
    pairs = [(name, study.baseline_of(name)) for name, a in study.arms.items() if not a.reference]
    return [(name, baseline) for name, baseline in pairs if name != baseline]


def _named_in_one_word(study: Study, arm: str) -> bool:
    """Whether an arm is a control that the study names in one word and does not write out. There are
    many of these; they are corrected separately, so that they do not weaken the comparisons that the
    study is about."""
    return study.arms[arm].control is not None


def _of_controls(study: Study) -> Iterator[tuple[str, str]]:
    """The comparisons that the attribution of effects needs: each arm with its controls, and these with
    its baseline."""
    for arm, controls in _controls(study).items():
        for control in controls:
            yield arm, control
            yield control, study.baseline_of(arm)


def shared_targets(gathered: Gathered, *arms: str) -> list[str]:
    """Targets on which all of these arms have scores, in the order of the study."""
    scored = [
        {target for run in gathered.plan.runs if run.arm == arm for target in run.evaluations}
        for arm in arms
    ]
    return [target for target in gathered.plan.targets if all(target in s for s in scored)]


def smallest_effect(study: Study, target: Loaded[Any], own: float | None = None) -> float | None:
    """The smallest effect of interest on a target, in the unit of its scores; None if none is stated.

    Args:
        study: the study; its value is for all targets in points.
        target: the target; its value replaces that of the study.
        own: value of a comparison, in the unit of the metric; it replaces both.
    """
    unit = described(target.target.metric).unit
    of_all = study.smallest_effect if unit.of_differences == "points" else None
    stated = next(
        (value for value in (own, target.settings.smallest_effect, of_all) if value is not None),
        None,
    )
    return None if stated is None else stated / unit.scale


def _comparison(
    gathered: Gathered,
    arm: str,
    against: str,
    target: str,
    family: Family,
    question: str = "",
    own_smallest_effect: float | None = None,
) -> ComparedScores:
    facts = gathered.plan.targets[target].target
    equal, note = _budgets_of(gathered, arm, against)
    tuned = _tuning_note(gathered, arm, against, target)
    if tuned:
        equal, note = False, "; ".join(part for part in (note, tuned) if part)
    return ComparedScores(
        arm=arm,
        against=against,
        target=target,
        metric=facts.metric,
        protocol=facts.protocols[0].id,
        question=question or None,
        family=family,
        budget_equal=equal,
        budget_note=note,
        trained=any_trained(gathered, target, arm, against),
        smallest_effect=smallest_effect(
            gathered.plan.study, gathered.plan.targets[target], own_smallest_effect
        ),
        remarks=(*_remarks(gathered, arm, against), *_own_tuning(gathered, target, arm, against)),
    )


def any_trained(gathered: Gathered, target: str, *arms: str) -> bool:
    """Whether a seed changes the score of one of the arms on a target: in phase one, two or three.

    Phase one that all seeds share cancels out between arms of one start; arms of two starts differ by
    it, so that it counts there.
    """
    study = gathered.plan.study
    settings = [study.arms[arm] for arm in arms]
    starts = {each.start or study.start for each in settings}
    apart = len(starts) > 1 and any(study.start_seeds_of(each) == "shared" for each in settings)
    return apart or any(_varies(gathered, arm, target) for arm in arms)


def _varies(gathered: Gathered, arm: str, target: str) -> bool:
    study = gathered.plan.study
    settings = study.arms[arm]
    tuned = any(target in run.fine_tuned for run in gathered.plan.runs if run.arm == arm)
    return bool(settings.stages) or study.start_seeds_of(settings) == "paired" or tuned


def _tuning_note(gathered: Gathered, arm: str, against: str, target: str) -> str:
    """How the fine-tuning of two arms on a target differs (early stopping); empty if it does not."""
    one, other = (
        [
            read_spent(run.fine_tuned[target].answers.open(gathered.store)).updates
            for run in gathered.plan.runs
            if run.arm == name and target in run.fine_tuned
        ]
        for name in (arm, against)
    )
    if not one or not other:
        return ""
    means = float(np.mean(one)), float(np.mean(other))
    if abs(means[0] - means[1]) <= _NEARLY_EQUAL * max(means):
        return ""
    return f"updates of fine-tuning {means[0]:,.0f} and {means[1]:,.0f}"


def labelled_languages(gathered: Gathered, arm: str) -> tuple[str, ...]:
    """Languages of the labels, captions and pairs that an arm is trained on, in order."""
    runs = [
        run for step in _own_stages(gathered, arm) for run in step.job_as(Training).tasks.values()
    ]
    return tuple(dict.fromkeys(code for run in runs for code in run.labelled_languages))


def _own_stages(gathered: Gathered, arm: str) -> tuple[Step, ...]:
    """The training steps of an arm, of its first seed."""
    return next(run.stage_steps for run in gathered.plan.runs if run.arm == arm)


def _remarks(gathered: Gathered, *arms: str) -> tuple[str, ...]:
    """A remark on each of the arms that is not zero-shot."""
    remarks = []
    for arm in arms:
        if not gathered.plan.study.arms[arm].zero_shot:
            steps = _own_stages(gathered, arm)
            forms = [task["form"]["name"] for step in steps for task in step.settings["tasks"]]
            languages = labelled_languages(gathered, arm)
            words = zero_shot_words(languages, captions=trains_on_captions(forms))
            remarks.append(f"`{arm}` is {words}")
    return tuple(remarks)


def _own_tuning(gathered: Gathered, target: str, *arms: str) -> Iterator[str]:
    """A remark on each of the arms whose fine-tuning on a target differs from the study's."""
    if any(target in run.fine_tuned for run in gathered.plan.runs):
        for arm in arms:
            settings = gathered.plan.study.arms[arm].fine_tune
            if settings is not None:
                names = " and ".join(
                    name.replace("_", " ") for name in sorted(settings.model_fields_set)
                )
                yield f"`{arm}` has its own fine-tuning ({names})"


def _budgets_of(gathered: Gathered, arm: str, against: str) -> tuple[bool, str]:
    """Whether two arms spent the same budget, in training and, if one chose its settings, in all tries
    together; and how they differ."""
    study = gathered.plan.study
    equal, note = _budgets(gathered.spent(arm), gathered.spent(against))
    if not any(study.choice_of(study.arms[name]) for name in (arm, against)):
        return equal, note
    tries = gathered.spent_with_tries(arm), gathered.spent_with_tries(against)
    equal_tries, note_of_tries = _budgets(*tries, " of all tries")
    notes = dict.fromkeys(each for each in (note, note_of_tries) if each)
    return equal and equal_tries, "; ".join(notes)


def _budgets(one: ArmBudget, other: ArmBudget, what: str = "") -> tuple[bool, str]:
    """Whether two arms spent the same budget, and how they differ; ``what`` follows the unit."""
    if not one.updates and not other.updates:
        return True, ""
    if not one.updates or not other.updates:
        return False, "one of the two is untrained"
    parts = []
    for unit in ("updates", "examples", "tokens"):
        spent = getattr(one, unit), getattr(other, unit)
        if max(spent) - min(spent) > _NEARLY_EQUAL * max(spent):
            parts.append(f"{unit}{what} {spent[0]:,.0f} and {spent[1]:,.0f}")
    return not parts, "; ".join(parts)


def _difference(gathered: Gathered, arm: str, against: str, target: str) -> Difference:
    """The difference of two arms in a target's primary metric and protocol."""
    facts = gathered.plan.targets[target].target
    of_arm, of_other = (
        gathered.cube(name, target, facts.protocols[0].id, outcome_of(facts.metric))[0]
        for name in (arm, against)
    )
    strata = strata_of(~np.isnan(of_arm[0]))
    return paired_difference(as_many_seeds(of_arm, of_other), of_other, strata)
