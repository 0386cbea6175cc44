"""What a reader must know before the numbers: scores at their ceiling, arms that changed nothing, and
too few queries for the effect that the study is about."""

from __future__ import annotations

from collections.abc import Iterator

from crosslift.metrics.table import described
from crosslift.reports.score_tables import MACRO, ScoreIndex
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import INCONCLUSIVE, Verdict
from crosslift.wording import first_listed, listed, plural

CEILING = 0.98
"""A baseline above this leaves an arm at most two points to gain."""
_MOST_ARMS = 4


def caution_sentences(folder: RunFolder) -> tuple[str, ...]:
    """The sentences of a run: first those on each target in the order of the study, then one on effects
    too small to be seen."""
    index = ScoreIndex(folder)
    of_targets = [
        sentence
        for target in folder.run.targets
        for sentence in (*_ceiling(folder, index, target), *_unchanged(folder, target))
    ]
    return (*of_targets, *_too_few(folder))


def _named(target: TargetFacts) -> str:
    """The title of a target, with its name if the title does not have it, as that of your own data."""
    title = target.short_title
    return title if target.name in title.lower() else f"{title} ({target.name})"


def _ceiling(folder: RunFolder, index: ScoreIndex, target: TargetFacts) -> Iterator[str]:
    metric = described(target.metric)
    if metric.lower_is_better:
        return
    for baseline in folder.baselines:
        level = index.mean(baseline, target, MACRO)
        if level is not None and level >= CEILING:
            room = metric.amount(max(0.0, 1 - level))
            yield (
                f"{_named(target)}: {baseline} scores {metric.score(level)} already, so that an "
                f"arm can gain at most {room} there; take a harder target, or more candidates."
            )


def _unchanged(folder: RunFolder, target: TargetFacts) -> Iterator[str]:
    """A sentence on the arms that have the same outcomes as their baseline, although their text side
    was trained."""
    same = [
        v.arm
        for v in _against_baselines(folder, target)
        if v.nothing_changed and not _locked(folder.arm(v.arm))
    ]
    if same:
        arms = first_listed(same, _MOST_ARMS)
        yield (
            f"{_named(target)}: {arms} and the baseline give the same answer to every query. The "
            "training was too short or too weak to change an answer; the interval follows from the "
            "rule of three."
        )


def _locked(arm: ArmFacts) -> bool:
    """Whether no stage of an arm changes its text side, so that the same answers are expected."""
    return all(stage.settings.get("text_side") == "locked" for stage in arm.stages)


def _too_few(folder: RunFolder) -> Iterator[str]:
    """One sentence for each smallest effect of interest that comparisons could hardly have shown."""
    targets: dict[str, list[str]] = {}
    for target in folder.run.targets:
        blind = [v for v in _against_baselines(folder, target) if _is_blind(v)]
        if blind:
            metric = described(target.metric)
            least = metric.amount(min(v.detectable for v in blind if v.detectable is not None))
            sizes = f"{plural(blind[0].n_queries, 'query')}, {plural(blind[0].seeds, 'seed')}"
            margin = metric.amount(blind[0].smallest_effect or 0.0)
            targets.setdefault(margin, []).append(f"{least} on {_named(target)} ({sizes})")
    for margin, words in targets.items():
        yield (
            f"The smallest effect of interest is {margin}. Comparisons without a verdict could show "
            f"{listed(words)} or more; the run says nothing about smaller effects. `crosslift power` "
            "computes how many seeds and items they need."
        )


def _is_blind(verdict: Verdict) -> bool:
    """Whether a comparison could hardly have shown the smallest effect of interest."""
    return (
        verdict.verdict == INCONCLUSIVE
        and verdict.smallest_effect is not None
        and verdict.detectable is not None
        and verdict.detectable > verdict.smallest_effect
    )


def _against_baselines(folder: RunFolder, target: TargetFacts) -> list[Verdict]:
    verdicts = [
        folder.against_baseline(arm.name, target)
        for arm in folder.run.arms
        if arm.role == "trained"
    ]
    return [verdict for verdict in verdicts if verdict is not None]
