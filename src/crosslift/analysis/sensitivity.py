"""Every comparison by other methods: languages as a sample, single queries, other protocols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crosslift.analysis.collect import Gathered
from crosslift.analysis.judging import any_trained
from crosslift.metrics.table import described, outcome_of
from crosslift.reports.language_names import family_of
from crosslift.results.sensitivity import ProtocolVerdict, Sensitivity
from crosslift.results.verdict import Verdict
from crosslift.statistics.cubes import OutcomeCube
from crosslift.statistics.differences import Difference, paired_difference, strata_of
from crosslift.statistics.item_counts import flips, sign_flip_p, win_probability
from crosslift.statistics.judgements import judge_family
from crosslift.statistics.language_sample import language_sample
from crosslift.statistics.query_cubes import as_many_seeds
from crosslift.targets.protocol import Protocol


@dataclass(frozen=True, slots=True)
class _Paired:
    """Two arms under one protocol."""

    arm: OutcomeCube
    against: OutcomeCube
    difference: Difference
    languages: tuple[str, ...]


def sensitivities(gathered: Gathered, verdicts: Sequence[Verdict]) -> list[Sensitivity]:
    """How each verdict changes under other methods and protocols; the controls are left out."""
    compared = [verdict for verdict in verdicts if verdict.family != "controls"]
    by_protocol = _protocol_verdicts(gathered, compared)
    return [
        _sensitivity(gathered, verdict, by_protocol.get(place, []))
        for place, verdict in enumerate(compared)
    ]


def _sensitivity(
    gathered: Gathered, verdict: Verdict, protocols: Sequence[ProtocolVerdict]
) -> Sensitivity:
    protocol = gathered.plan.targets[verdict.target].target.protocols[0]
    pair = _paired(gathered, verdict, protocol)
    families = [family_of(code) for code in pair.languages]
    sample = language_sample(pair.arm, pair.against, pair.difference, families)
    sign = -1 if described(verdict.metric).lower_is_better else 1
    effects = [pair.difference.effect] if sample is None else sample.effects
    gained, lost = _flips(gathered, verdict, protocol)
    wins = win_probability(sign * pair.arm, sign * pair.against)
    low, high = (None, None) if sample is None else sample.languages
    of_families = sample.families if sample is not None else None
    return Sensitivity(
        arm=verdict.arm,
        against=verdict.against,
        target=verdict.target,
        metric=verdict.metric,
        n_languages=len(pair.languages),
        languages_up=sum(map(described(verdict.metric).is_better, effects)),
        level=verdict.level,
        general_low=low,
        general_high=high,
        n_families=len(set(families)),
        families_low=of_families[0] if of_families else None,
        families_high=of_families[1] if of_families else None,
        win_probability=wins,
        gained=gained,
        lost=lost,
        p_sign_flips=sign_flip_p(pair.arm, pair.against),
        protocols=tuple(protocols),
    )


def _paired(gathered: Gathered, verdict: Verdict, protocol: Protocol) -> _Paired:
    outcome = outcome_of(_metric_under(gathered, verdict, protocol))
    one, other = _cubes(gathered, verdict, protocol, outcome)
    strata = strata_of(~np.isnan(one[0]))
    difference = paired_difference(one, other, strata, level=verdict.level)
    languages = tuple(gathered.languages_under(verdict.target, protocol.id))
    return _Paired(one, other, difference, languages)


def _metric_under(gathered: Gathered, verdict: Verdict, protocol: Protocol) -> str:
    """The metric in which a verdict is made again: its own under all protocols that have it, which are
    those of the name of its own protocol."""
    own = gathered.plan.targets[verdict.target].target.protocols[0]
    return verdict.metric if protocol.name == own.name else protocol.metric


def _cubes(
    gathered: Gathered, verdict: Verdict, protocol: Protocol, outcome: str
) -> tuple[OutcomeCube, OutcomeCube]:
    one, other = (
        gathered.cube(arm, verdict.target, protocol.id, outcome)[0]
        for arm in (verdict.arm, verdict.against)
    )
    return as_many_seeds(one, other), other


def _flips(
    gathered: Gathered, verdict: Verdict, protocol: Protocol
) -> tuple[float, float] | tuple[None, None]:
    """The numbers of queries that only one of the two arms answers correctly, whatever the metric; None
    if the metric has no correct answers."""
    right = described(_metric_under(gathered, verdict, protocol)).right
    if right is None:
        return None, None
    return flips(*_cubes(gathered, verdict, protocol, right)) or (None, None)


def _protocol_verdicts(
    gathered: Gathered, verdicts: Sequence[Verdict]
) -> dict[int, list[ProtocolVerdict]]:
    """Place of a verdict -> the verdicts under each protocol, where its target has several.

    They are judged by the same rule, corrected among those of the family under the same protocol.
    """
    families: dict[tuple[str, str], list[tuple[int, Protocol]]] = {}
    for place, verdict in enumerate(verdicts):
        protocols = gathered.plan.targets[verdict.target].protocols
        for protocol in protocols if len(protocols) > 1 else ():
            families.setdefault((verdict.family, protocol.id), []).append((place, protocol))
    judged: dict[int, list[ProtocolVerdict]] = {}
    for members in families.values():
        for place, entry in _judged(gathered, verdicts, members):
            judged.setdefault(place, []).append(entry)
    return judged


def _judged(
    gathered: Gathered, verdicts: Sequence[Verdict], members: Sequence[tuple[int, Protocol]]
) -> list[tuple[int, ProtocolVerdict]]:
    pairs = [_paired(gathered, verdicts[place], protocol) for place, protocol in members]
    differences = [pair.difference for pair in pairs]
    flipped = [_flips(gathered, verdicts[place], protocol) for place, protocol in members]
    trained = [
        any_trained(gathered, verdicts[p].target, verdicts[p].arm, verdicts[p].against)
        for p, _ in members
    ]
    margins = [verdicts[place].smallest_effect for place, _ in members]
    judgements = judge_family(differences, trained, verdicts[members[0][0]].level, margins)
    return [
        (
            place,
            ProtocolVerdict(
                protocol=protocol.id,
                metric=_metric_under(gathered, verdicts[place], protocol),
                effect=difference.effect,
                low=difference.low,
                high=difference.high,
                verdict=judgement.outcome,
                gained=gained,
                lost=lost,
            ),
        )
        for (place, protocol), difference, judgement, (gained, lost) in zip(
            members, differences, judgements, flipped, strict=True
        )
    ]
