"""The short answer of a report, in words, and its verdicts in reading order.

Every word follows from the verdicts: it calls higher or lower only what the statistics do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.metrics.table import described
from crosslift.reports.cautions import caution_sentences
from crosslift.reports.effects import unattributed
from crosslift.reports.environments import mixed_words, other_code_words
from crosslift.reports.expected import expected_sentences
from crosslift.reports.forest import Forest, draw_forest
from crosslift.reports.idle import idle_sentences
from crosslift.reports.learning import not_learnt_sentences
from crosslift.reports.outcomes import mark_of
from crosslift.reports.overview import Overview, overview
from crosslift.reports.partial import partial_sentence
from crosslift.reports.registration import registration_sentence
from crosslift.reports.score_tables import query_word
from crosslift.reports.starts import start_sentences
from crosslift.reports.svg import Plot
from crosslift.reports.two_seeds import two_seed_sentence
from crosslift.reports.zero_shot import not_zero_shot
from crosslift.results.effect_parts import Attribution
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import (
    EQUIVALENT,
    INCONCLUSIVE,
    ONE_SEED,
    SHOWN,
    Verdict,
    opposite,
)
from crosslift.statistics.judgements import better_outcome
from crosslift.targets.kinds.every_kind import KINDS
from crosslift.wording import first_listed, listed, p_value, plural, signed_points

_MOST_DECLARED = 3
_MOST_ARMS = 4
_MOST_EVEN = 2


@dataclass(frozen=True)
class VerdictView:
    """One verdict as the page shows it.

    Args:
        outcome: the mark, see `mark_of`.
        sentence: the verdict's own sentence.
        details: metric, protocol, corrected p, sizes.
        clean: True if only items without overlap were compared.
        unequal: why the budgets are not equal; empty if they are.
        not_zero_shot: which of the arms are not zero-shot, in words.
    """

    outcome: str
    sentence: str
    details: str
    clean: bool
    unequal: str
    not_zero_shot: tuple[str, ...]


@dataclass(frozen=True)
class VerdictGroup:
    """Verdicts that answer one question; ``question`` is empty if none was written."""

    question: str
    verdicts: tuple[VerdictView, ...]


@dataclass(frozen=True)
class AnswerSection:
    """What the section of the report shows.

    Args:
        answer: the short answer, in words.
        overview: every arm on every target. None: one arm, or too many targets for a table.
        languages: of all targets.
        seeds: the seeds of any phase of training.
        partial: what is not finished, in a sentence; None: nothing.
        registration: whether the questions were registered, in a sentence.
        two_seeds: what two seeds can show, in a sentence. None: there are more, or one.
        starts: how often phase one was trained, in sentences.
        mixed: which facts differ between the environments of steps. None: none do.
        other_code: which steps other code made. None: none.
        cautions: scores at their ceiling and the like, in sentences.
        idle: updates that learned nothing, in sentences.
        not_learnt: arms that did not learn their tasks, in sentences.
        expected: whether scores are as the study states them beforehand, in sentences.
        declared: verdicts of the questions that the study declared.
        against_baseline: verdicts of every arm against its baseline.
        forest: the effect of each arm against its baseline.
        attributed: whether the page shows where effects come from.
    """

    answer: str
    overview: Overview | None
    languages: tuple[str, ...]
    seeds: tuple[int, ...]
    partial: str | None
    registration: str
    two_seeds: str | None
    starts: tuple[str, ...]
    mixed: str | None
    other_code: str | None
    cautions: tuple[str, ...]
    idle: tuple[str, ...]
    not_learnt: tuple[str, ...]
    expected: tuple[str, ...]
    declared: tuple[VerdictGroup, ...]
    against_baseline: tuple[VerdictGroup, ...]
    forest: Forest
    attributed: bool

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots of the effects."""
        return self.forest.plots


def answer_section(folder: RunFolder) -> AnswerSection:
    """The section of the report; every run has it."""
    return AnswerSection(
        answer=plain_answer(folder),
        overview=overview(folder),
        languages=tuple(sorted({code for t in folder.run.targets for code in t.languages})),
        seeds=_seeds(folder),
        partial=partial_sentence(folder.run.partial),
        registration=registration_sentence(folder.run.registration),
        two_seeds=two_seed_sentence(folder),
        starts=tuple(start_sentences(folder.run.arms)),
        mixed=mixed_words(folder.run),
        other_code=other_code_words(folder.run),
        cautions=caution_sentences(folder),
        idle=tuple(idle_sentences(folder.curves)),
        not_learnt=tuple(not_learnt_sentences(folder.run.arms)),
        expected=tuple(expected_sentences(folder.run)),
        declared=tuple(declared_verdicts(folder)),
        against_baseline=tuple(baseline_verdicts(folder)),
        forest=draw_forest(folder),
        attributed=bool(folder.run.attributions),
    )


def _seeds(folder: RunFolder) -> tuple[int, ...]:
    """The seeds of any phase of training, in ascending order."""
    arms = (arm for arm in folder.run.arms if arm.stages or arm.start_seeds == "paired")
    trained = {seed for arm in arms for seed in arm.seeds}
    tuned = {target.name for target in folder.run.targets if KINDS[target.kind].fine_tuned}
    return tuple(sorted(trained | {row.seed for row in folder.scores if row.target in tuned}))


def declared_verdicts(folder: RunFolder) -> list[VerdictGroup]:
    """The verdicts of the questions that the study declared, by question, in the file's order."""
    groups: dict[str, list[VerdictView]] = {}
    for verdict in folder.verdicts:
        if verdict.family == "declared":
            groups.setdefault(verdict.question or "", []).append(_view(folder, verdict))
    return [VerdictGroup(question, tuple(views)) for question, views in groups.items()]


def baseline_verdicts(folder: RunFolder) -> list[VerdictGroup]:
    """The verdicts of every arm against its baseline, by arm, in the order of the arms."""
    groups: dict[str, list[VerdictView]] = {arm.name: [] for arm in folder.run.arms}
    for verdict in folder.verdicts:
        if verdict.family == "vs-baseline":
            groups[verdict.arm].append(_view(folder, verdict))
    return [VerdictGroup(arm, tuple(views)) for arm, views in groups.items() if views]


def _view(folder: RunFolder, verdict: Verdict) -> VerdictView:
    queries = plural(verdict.n_queries, query_word(folder.target(verdict.target)))
    details = (
        f"{described(verdict.metric).heading} · {verdict.protocol}"
        f" · {_corrected(verdict)} · {queries}"
        f" · {plural(verdict.n_languages, 'language')} · {plural(verdict.seeds, 'seed')}"
    )
    unequal = "" if verdict.budget_equal else verdict.budget_note or "budgets differ"
    arms = (folder.arm(verdict.arm), folder.arm(verdict.against))
    not_zero_shot_arms = tuple(
        f"{arm.name}: {not_zero_shot(arm)}" for arm in arms if not arm.zero_shot
    )
    clean = verdict.subset == "clean"
    return VerdictView(
        mark_of(verdict.verdict), verdict.sentence, details, clean, unequal, not_zero_shot_arms
    )


def _corrected(verdict: Verdict) -> str:
    if verdict.p_corrected is None:
        return "one seed: no verdict"
    return f"p {p_value(verdict.p_corrected)} corrected"


def _arm_words(folder: RunFolder, arm: str) -> str:
    """The name of an arm, with a remark if it is not zero-shot."""
    remark = not_zero_shot(folder.arm(arm))
    return f"{arm} ({remark})" if remark else arm


def plain_answer(folder: RunFolder) -> str:
    """One paragraph that answers the study's question from its verdicts.

    Args:
        folder: the run.

    Returns:
        The declared comparisons first, then the arms against their baselines, then the controls.
    """
    declared = _pairs(folder, "declared")
    against = _pairs(folder, "vs-baseline")
    undecided = sum(verdict.verdict == ONE_SEED for verdict in folder.verdicts)
    if undecided and not declared and not against:
        return (
            "Every trained arm was run with one seed, which gives no verdict: how far seeds vary is "
            "not known. The differences of this seed are below."
        )
    if not declared and not against:
        return "No comparison was made, so this run gives no answer. The scores are below."
    sentences = _declared_sentences(folder, declared)
    sentences.extend(_baseline_sentences(folder, against, brief=bool(declared)))
    sentences.extend(_source_sentences(folder))
    sentences.extend(_control_sentences(folder, {pair for pair, _ in declared}))
    if any(not verdict.budget_equal for _, verdicts in declared for verdict in verdicts):
        sentences.append("Comparisons between unequal budgets are marked.")
    if undecided:
        sentences.append("Comparisons with one seed of a trained arm give no verdict.")
    return " ".join(sentences)


def _declared_sentences(
    folder: RunFolder, declared: Sequence[tuple[tuple[str, str], list[Verdict]]]
) -> list[str]:
    """A sentence for each comparison that shows something, up to a few; one for all comparisons of an
    arm that show nothing on the same targets."""
    showing = [(pair, verdicts) for pair, verdicts in declared if _shows_something(verdicts)]
    sentences = [_pair_sentence(folder, *each) for each in showing[:_MOST_DECLARED]]
    if len(showing) > _MOST_DECLARED:
        sentences.append(f"{len(showing) - _MOST_DECLARED} more declared comparisons are below.")
    even: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (arm, other), verdicts in declared:
        if not _shows_something(verdicts):
            titles = tuple(folder.target(verdict.target).title for verdict in verdicts)
            even.setdefault((arm, titles), []).append(other)
    for (arm, titles), others in list(even.items())[:_MOST_EVEN]:
        names = first_listed([_against_words(folder, arm, other) for other in others], _MOST_ARMS)
        words = _arm_words(folder, arm)
        sentences.append(f"No difference between {words} and {names} is shown on {listed(titles)}.")
    rest = sum(map(len, list(even.values())[_MOST_EVEN:]))
    if rest:
        sentences.append(f"{plural(rest, 'more comparison')} without a shown difference below.")
    return sentences


def _against_words(folder: RunFolder, arm: str, other: str) -> str:
    words = _arm_words(folder, other)
    return f"its control {words}" if folder.arm(other).control_of == arm else words


def _pairs(folder: RunFolder, family: str) -> list[tuple[tuple[str, str], list[Verdict]]]:
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in folder.verdicts:
        target = folder.target(verdict.target)
        primary = (verdict.metric, verdict.protocol) == (target.metric, target.protocol)
        judged = verdict.verdict != ONE_SEED
        if judged and verdict.family == family and verdict.subset == "all" and primary:
            groups.setdefault((verdict.arm, verdict.against), []).append(verdict)
    return list(groups.items())


def _pair_sentence(folder: RunFolder, pair: tuple[str, str], verdicts: Sequence[Verdict]) -> str:
    arm, against = _arm_words(folder, pair[0]), _against_words(folder, *pair)
    clauses = []
    for outcome in (*SHOWN, EQUIVALENT):
        titles = [_titled(folder, verdict) for verdict in verdicts if verdict.verdict == outcome]
        if titles:
            words = f"{outcome} to it" if outcome == EQUIVALENT else outcome
            clauses.append(f"{words} on {listed(titles)}")
    even = [folder.target(v.target).title for v in verdicts if v.verdict == INCONCLUSIVE]
    if not clauses:
        return f"No difference between {arm} and {against} is shown on {listed(even)}."
    tail = f"; no difference is shown on {listed(even)}" if even else ""
    return f"Against {against}, {arm} is {' and '.join(clauses)}{tail}."


def _titled(folder: RunFolder, verdict: Verdict) -> str:
    return f"{folder.target(verdict.target).title} ({signed_points(verdict.effect)} points)"


def _baseline_sentences(
    folder: RunFolder, against: Sequence[tuple[tuple[str, str], list[Verdict]]], brief: bool
) -> list[str]:
    """The comparisons with each baseline, in sentences."""
    sentences = []
    for baseline in folder.baselines:
        pairs = [(arm, verdicts) for (arm, other), verdicts in against if other == baseline]
        trained = [(arm, verdicts) for arm, verdicts in pairs if folder.arm(arm).role == "trained"]
        if trained and brief:
            with_words = [(_arm_words(folder, arm), verdicts) for arm, verdicts in trained]
            sentences.append(_tallies(baseline, with_words))
        elif trained:
            sentences.extend(_differing_then_even(folder, baseline, trained))
    return sentences


def _tallies(baseline: str, trained: Sequence[tuple[str, list[Verdict]]]) -> str:
    """The arms against their baseline in a sentence, those of which something is shown first."""
    differing = [pair for pair in trained if _shows_something(pair[1])]
    even = [arm for arm, verdicts in trained if not _shows_something(verdicts)]
    parts = [_tally(arm, verdicts) for arm, verdicts in differing[:_MOST_ARMS]]
    rest = len(differing) - _MOST_ARMS
    tail = f"; {plural(rest, 'more arm')} below" if rest > 0 else ""
    if even:
        parts.append(f"no difference is shown of {first_listed(even, _MOST_ARMS)}")
    name = "the baseline" if baseline == "baseline" else f"the baseline {baseline}"
    return f"Against {name}, {'; '.join(parts)}{tail}."


def _differing_then_even(
    folder: RunFolder, baseline: str, trained: Sequence[tuple[str, list[Verdict]]]
) -> list[str]:
    """A sentence for each arm of which something is shown, and one for the others."""
    differing = [(a, f) for a, f in trained if _shows_something(f)]
    even = [
        _arm_words(folder, arm) for arm, verdicts in trained if (arm, verdicts) not in differing
    ]
    sentences = [_pair_sentence(folder, (a, baseline), f) for a, f in differing[:_MOST_ARMS]]
    if len(differing) > _MOST_ARMS:
        sentences.append(f"{plural(len(differing) - _MOST_ARMS, 'more arm')} below.")
    if even:
        sentences.append(
            f"No difference between {baseline} and {listed(even)} is shown on any target."
        )
    return sentences


def _shows_something(verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.verdict in (*SHOWN, EQUIVALENT) for verdict in verdicts)


def _tally(arm: str, verdicts: Sequence[Verdict]) -> str:
    kinds = (*SHOWN, EQUIVALENT)
    counts = {kind: sum(verdict.verdict == kind for verdict in verdicts) for kind in kinds}
    clauses = [f"{kind} on {number}" for kind, number in counts.items() if number]
    of_all = f"of {plural(len(verdicts), 'target')}"
    return f"{arm} is {listed(clauses)} {of_all}" if clauses else f"{arm} is not shown to differ"


def _control_sentences(folder: RunFolder, declared: set[tuple[str, str]]) -> list[str]:
    """The gains that arms share with their controls, for controls that no attribution includes."""
    sentences = []
    for pair in unattributed(folder):
        name, control = pair.arm.name, pair.control.name
        gained = [row for row in pair.rows if row.gained and row.content]
        beyond_control = [row.target.title for row in gained if row.above_control]
        shared = [row.target.title for row in gained if not row.above_control]
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


def _source_sentences(folder: RunFolder) -> list[str]:
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
        title = folder.target(attribution.target).title
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
