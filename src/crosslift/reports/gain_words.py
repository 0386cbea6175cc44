"""What the short answer says of where gains come from, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.reports.effects import unattributed
from crosslift.results.effect_parts import Attribution
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import opposite
from crosslift.statistics.judgements import better_outcome
from crosslift.wording import listed


def control_sentences(folder: RunFolder, declared: set[tuple[str, str]]) -> list[str]:
    """The gains that arms share with their controls, for controls that no attribution includes."""
    sentences = []
    for pair in unattributed(folder):
        name, control = pair.arm.name, pair.control.name
        gained = [row for row in pair.rows if row.gained and row.content]
        beyond_control = [row.target.short_title for row in gained if row.above_control]
        shared = [row.target.short_title for row in gained if not row.above_control]
        if beyond_control and (name, control) not in declared:
            sentences.append(
                f"On {listed(beyond_control)}, {name} gains more than its control {control}."
            )
        if shared:
            sentences.append(
                f"What {name} gains on {listed(shared)} is not shown to come from the content,"
                f" which {control} lacks."
            )
    return sentences


def source_sentences(folder: RunFolder) -> list[str]:
    """For each arm with controls, where its gains are shown to come from, and on which targets."""
    by_arm: dict[str, list[Attribution]] = {}
    for attribution in folder.run.attributions:
        if attribution.whole.verdict == better_outcome(attribution.metric):
            by_arm.setdefault(attribution.arm, []).append(attribution)
    return [_source_sentence(folder, arm, gained) for arm, gained in by_arm.items()]


def _source_sentence(folder: RunFolder, arm: str, gained: Sequence[Attribution]) -> str:
    """Where an arm's gains come from.

    A lead over a control that is above the whole gain is not part of it, but shows that its source
    helps. A control that gains by itself shows its source, even if it gains more than the arm.
    """
    titles_by_source: dict[str, list[str]] = {}
    beaten: list[str] = []
    beyond: dict[tuple[str, str, str], list[str]] = {}
    for attribution in gained:
        title = folder.target(attribution.target).short_title
        better = better_outcome(attribution.metric)
        worse = opposite(better)
        for part in attribution.parts:
            source = part.source.replace("`", "")
            titles = titles_by_source.setdefault(source, [])
            is_part = part.within_whole or part.named.arm != arm
            if part.named.verdict == better and is_part:
                titles.append(title)
            elif part.named.verdict == better:
                harms = ", as that control does worse than the baseline"
                reason = harms if part.rest.verdict == worse else ""
                beyond.setdefault((part.control, reason, source), []).append(title)
            if part.kind == "captions-only" and part.rest.verdict == worse:
                beaten.append(title)
    parts = [
        f"{source} on {listed(titles)}" for source, titles in titles_by_source.items() if titles
    ]
    helpful = {source for _, _, source in beyond}
    empty = [
        source
        for source, titles in titles_by_source.items()
        if not titles and source not in helpful
    ]
    clauses = [f"is shown to come from {'; from '.join(parts)}"] if parts else []
    clauses += [f"is not shown to come from {listed(empty)} on any target"] if empty else []
    clauses += [f"is less than captions alone bring on {listed(beaten)}"] if beaten else []
    clauses += [
        f"is less than its lead over {control} on {listed(titles)}{reason}: {source} is shown to "
        f"help there, but as no share of the gain"
        for (control, reason, source), titles in beyond.items()
    ]
    return f"What {arm} gains {'; it '.join(clauses)}."
