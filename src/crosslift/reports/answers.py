"""The answer to each question of a study: its verdicts, those with one outcome folded into one line.

Every word follows from the verdicts: an arm is called higher or lower only where they say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crosslift.metrics.table import described
from crosslift.reports.outcomes import Mark, mark_of
from crosslift.reports.zero_shot import not_zero_shot
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import (
    EQUIVALENT,
    HIGHER,
    INCONCLUSIVE,
    LOWER,
    ONE_SEED,
    Outcome,
    Verdict,
)
from crosslift.wording import baseline_words, first_listed, listed, plural

_ORDER: tuple[Outcome, ...] = (HIGHER, LOWER, EQUIVALENT, INCONCLUSIVE, ONE_SEED)
_MOST_INTERVALS = 4
_MOST_ARMS = 8
_PAIR_WORDS: Mapping[Outcome, tuple[str, str]] = {
    HIGHER: ("{} is higher", "than"),
    LOWER: ("{} is lower", "than"),
    EQUIVALENT: ("{} is equivalent", "to"),
    INCONCLUSIVE: ("no difference is shown between {}", "and"),
    ONE_SEED: ("{} differs under this one seed", "from"),
}


@dataclass(frozen=True)
class AnswerLine:
    """All verdicts of a question that have one outcome.

    Args:
        outcome: their outcome.
        words: a sentence, names of arms in backticks.
        budgets: a warning that the budgets of arms are unequal; empty if they are equal, or if the
            sentence is about an untrained baseline.
    """

    outcome: Outcome
    words: str
    budgets: str = ""

    @property
    def mark(self) -> Mark:
        """The mark of the outcome."""
        return mark_of(self.outcome)


@dataclass(frozen=True)
class Answer:
    """A question, and a line for each outcome of its verdicts; ``question`` may be empty."""

    question: str
    lines: tuple[AnswerLine, ...]


def question_answers(folder: RunFolder) -> list[Answer]:
    """The answers to the questions that the study declared, in the order of its file."""
    by_question: dict[str, list[Verdict]] = {}
    for verdict in folder.verdicts:
        if verdict.family == "declared":
            by_question.setdefault(verdict.question or "", []).append(verdict)
    return [
        Answer(question, tuple(_lines(folder, verdicts)))
        for question, verdicts in by_question.items()
    ]


def baseline_answers(folder: RunFolder) -> list[Answer]:
    """What is shown of the trained arms against each baseline, by outcome.

    Effects and intervals are not repeated: the table of every arm on every target has them.
    """
    answers = []
    for baseline in folder.baselines:
        verdicts = [
            verdict
            for verdict in folder.verdicts
            if verdict.family == "vs-baseline"
            and verdict.against == baseline
            and folder.arm(verdict.arm).role == "trained"
        ]
        if verdicts:
            lines = tuple(
                AnswerLine(outcome, _against_baseline(folder, outcome, chosen, verdicts))
                for outcome, chosen in _by_outcome(verdicts)
            )
            answers.append(Answer(f"Against {baseline_words(baseline)}", lines))
    return answers


def _by_outcome(verdicts: Sequence[Verdict]) -> Iterable[tuple[Outcome, list[Verdict]]]:
    for outcome in _ORDER:
        chosen = [verdict for verdict in verdicts if verdict.verdict == outcome]
        if chosen:
            yield outcome, chosen


def _lines(folder: RunFolder, verdicts: Sequence[Verdict]) -> Iterable[AnswerLine]:
    for outcome, chosen in _by_outcome(verdicts):
        yield AnswerLine(outcome, _pairs_sentence(folder, outcome, chosen), _budgets(chosen))


def _pairs_sentence(folder: RunFolder, outcome: Outcome, verdicts: Sequence[Verdict]) -> str:
    """A sentence such as ``a is higher than b on names (+2.1 [1.0, 3.2]); than c on ja (+1.8).``"""
    subject, joint = _PAIR_WORDS[outcome]
    brief = outcome == INCONCLUSIVE and len(verdicts) > _MOST_INTERVALS
    targets: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        words = _place(folder, verdict)
        if not brief:
            words += f" ({_effect(verdict, interval=len(verdicts) <= _MOST_INTERVALS)})"
        targets.setdefault((verdict.arm, verdict.against), []).append(words)
    others: dict[tuple[str, str], list[str]] = {}
    for (arm, other), words_of_targets in targets.items():
        others.setdefault((arm, listed(words_of_targets)), []).append(
            _other_words(folder, arm, other)
        )
    clauses: list[str] = []
    last = ""
    for (arm, where), names in others.items():
        start = "" if arm == last else subject.format(_arm_words(folder, arm)) + " "
        clauses.append(f"{start}{joint} {listed(names)} on {where}")
        last = arm
    return _sentence(clauses)


def _sentence(clauses: Sequence[str]) -> str:
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."


def _place(folder: RunFolder, verdict: Verdict) -> str:
    """The target of a verdict, with its metric or protocol where it is not the primary one."""
    target = folder.target(verdict.target)
    parts = [] if verdict.metric == target.metric else [described(verdict.metric).title]
    parts += [] if verdict.protocol == target.protocol else [verdict.protocol]
    parts += ["clean items only"] if verdict.subset == "clean" else []
    return f"{target.short_title} ({', '.join(parts)})" if parts else target.short_title


def _effect(verdict: Verdict, *, interval: bool) -> str:
    metric = described(verdict.metric)
    effect = metric.change(verdict.effect)
    if not interval:
        return effect
    return f"{effect} [{metric.end(verdict.low)}, {metric.end(verdict.high)}]"


def _arm_words(folder: RunFolder, arm: str) -> str:
    """The name of an arm, with a remark if it is not zero-shot."""
    remark = not_zero_shot(folder.arm(arm))
    return f"`{arm}` ({remark})" if remark else f"`{arm}`"


def _other_words(folder: RunFolder, arm: str, other: str) -> str:
    words = _arm_words(folder, other)
    return f"its control {words}" if folder.arm(other).control_of == arm else words


def _budgets(verdicts: Sequence[Verdict]) -> str:
    notes = dict.fromkeys(v.budget_note or "budgets differ" for v in verdicts if not v.budget_equal)
    if len(notes) > 1:
        return "≠ unequal budgets: see each verdict"
    return "".join(f"≠ unequal budget: {note}" for note in notes)


def _against_baseline(
    folder: RunFolder, outcome: Outcome, chosen: Sequence[Verdict], verdicts: Sequence[Verdict]
) -> str:
    """One sentence on all comparisons with a baseline that have an outcome."""
    if outcome == INCONCLUSIVE:
        return _nothing_shown(folder, chosen, verdicts)
    arms: dict[str, list[str]] = {}
    for verdict in chosen:
        arms.setdefault(_place(folder, verdict), []).append(_arm_words(folder, verdict.arm))
    places: dict[str, list[str]] = {}
    for where, names in arms.items():
        places.setdefault(first_listed(names, _MOST_ARMS), []).append(where)
    clauses = [f"{names} on {listed(where)}" for names, where in places.items()]
    return _sentence(clauses)


def _nothing_shown(
    folder: RunFolder, chosen: Sequence[Verdict], verdicts: Sequence[Verdict]
) -> str:
    shown = {verdict.arm for verdict in verdicts if verdict.verdict != INCONCLUSIVE}
    even = list(dict.fromkeys(_arm_words(folder, v.arm) for v in chosen if v.arm not in shown))
    rest = sum(verdict.arm in shown for verdict in chosen)
    parts = [f"for {first_listed(even, _MOST_ARMS)} on any target"] if even else []
    parts += [f"in {plural(rest, 'comparison')} of the other arms"] if rest else []
    return f"No difference is shown {' and '.join(parts)}."
