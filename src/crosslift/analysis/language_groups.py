"""The effect of each arm by language family, by script, and by whether the pretraining had the
language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from crosslift.analysis.collect import Gathered
from crosslift.analysis.judging import (
    any_trained,
    compared_with_baseline,
    shared_targets,
    smallest_effect,
)
from crosslift.encoders.pretraining import pretraining_of
from crosslift.metrics.table import outcome_of
from crosslift.reports.language_names import family_of, script_of
from crosslift.results.group_effect import GroupEffect, Grouping
from crosslift.statistics.differences import group_differences, strata_of
from crosslift.statistics.judgements import judge_family
from crosslift.statistics.query_cubes import as_many_seeds

_LEVEL = 0.95
_GROUPINGS: dict[Grouping, Callable[[str], str]] = {
    "family": family_of,
    "script": lambda code: script_of(code) or "Script not known",
}


def language_groups(gathered: Gathered) -> list[GroupEffect]:
    """The effect of each arm against its baseline over the languages of each family and script, and
    over the languages that the encoder's pretraining had, had in another script, or did not have.

    All languages of a group have the same weight. The pretraining is a grouping only if it is known and
    the target has languages of several of these kinds. The p-values of the groups of one grouping are
    corrected together (Holm), for each arm by itself.
    """
    return [
        effect
        for arm, baseline in compared_with_baseline(gathered.plan.study)
        for target in shared_targets(gathered, arm, baseline)
        for effect in _of_pair(gathered, arm, baseline, target)
    ]


def _of_pair(gathered: Gathered, arm: str, baseline: str, target: str) -> Iterator[GroupEffect]:
    facts = gathered.plan.targets[target].target
    protocol = facts.protocols[0].id
    of_arm, of_baseline = (
        gathered.cube(name, target, protocol, outcome_of(facts.metric))[0]
        for name in (arm, baseline)
    )
    languages = gathered.languages_under(target, protocol)
    encoder = gathered.plan.study.start_of(gathered.plan.study.arms[baseline]).encoder.name
    parted = groupings(languages, encoder)
    differences = group_differences(
        as_many_seeds(of_arm, of_baseline),
        of_baseline,
        strata_of(~np.isnan(of_arm[0])),
        [places for groups in parted.values() for places in groups.values()],
        level=_LEVEL,
    )
    trained = any_trained(gathered, target, arm, baseline)
    margin = smallest_effect(gathered.plan.study, gathered.plan.targets[target])
    remaining = iter(differences)
    for grouping, groups in parted.items():
        of_grouping = [next(remaining) for _ in groups]
        judged = judge_family(
            of_grouping, [trained] * len(of_grouping), _LEVEL, [margin] * len(of_grouping)
        )
        for (group, places), difference, judgement in zip(
            groups.items(), of_grouping, judged, strict=True
        ):
            yield GroupEffect(
                arm=arm,
                against=baseline,
                target=target,
                metric=facts.metric,
                protocol=protocol,
                grouping=grouping,
                group=group,
                languages=tuple(languages[place] for place in places),
                effect=difference.effect,
                low=difference.low,
                high=difference.high,
                p=difference.p,
                p_corrected=judgement.p_corrected,
                verdict=judgement.outcome,
                n_queries=difference.queries,
                seeds=difference.seeds,
            )


def groupings(languages: Sequence[str], encoder: str) -> dict[Grouping, dict[str, list[int]]]:
    """Every way in which languages are grouped for an encoder.

    Args:
        languages: BCP-47 codes.
        encoder: name of the encoder that the arms start from.

    Returns:
        grouping -> group -> places of its languages.
    """
    parted = {name: _parted(languages, group_of) for name, group_of in _GROUPINGS.items()}
    pretraining = pretraining_of(encoder)
    if pretraining is None:
        return parted
    of_pretraining = _parted(languages, pretraining.group_of)
    return parted | ({"pretraining": of_pretraining} if len(of_pretraining) > 1 else {})


def _parted(languages: Sequence[str], group_of: Callable[[str], str]) -> dict[str, list[int]]:
    """Group -> places of its languages, groups by name."""
    groups: dict[str, list[int]] = {}
    for place, code in enumerate(languages):
        groups.setdefault(group_of(code), []).append(place)
    return dict(sorted(groups.items()))
