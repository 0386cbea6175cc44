"""The first section of a report: every arm on every target, and the answer to each question."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.reports.answers import Answer, baseline_answers, question_answers
from crosslift.reports.cautions import caution_sentences
from crosslift.reports.environments import mixed_words, other_code_words
from crosslift.reports.expected import expected_sentences
from crosslift.reports.forest import Forest, draw_forest
from crosslift.reports.gain_words import control_sentences, source_sentences
from crosslift.reports.idle import idle_sentences
from crosslift.reports.learning import not_learnt_sentences
from crosslift.reports.outcomes import mark_of
from crosslift.reports.overview import Overview, overview
from crosslift.reports.partial import partial_sentence
from crosslift.reports.registration import registration_sentence
from crosslift.reports.starts import start_sentences
from crosslift.reports.svg import Plot
from crosslift.reports.two_seeds import two_seed_sentence
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import ONE_SEED
from crosslift.targets.kinds.every_kind import KINDS


@dataclass(frozen=True)
class VerdictView:
    """One verdict as the page shows it: its mark, see `mark_of`, and its own sentence."""

    outcome: str
    sentence: str


@dataclass(frozen=True)
class VerdictGroup:
    """Verdicts that answer one question; ``question`` is empty if none was written."""

    question: str
    verdicts: tuple[VerdictView, ...]


@dataclass(frozen=True)
class AnswerSection:
    """What the section of the report shows.

    Args:
        answers: to each question of the study, then against each baseline.
        remarks: what the answers do not say: where gains come from, and what gives no verdict.
        overview: every arm on every target. None: one arm, or too many targets for a table.
        languages: languages of all targets.
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
        expected: whether the scores are those that the study predicts, in sentences.
        verdicts: every verdict, by question and then by arm.
        forest: the effect of each arm against its baseline.
        attributed: whether the page shows where effects come from.
    """

    answers: tuple[Answer, ...]
    remarks: tuple[str, ...]
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
    verdicts: tuple[VerdictGroup, ...]
    forest: Forest
    attributed: bool

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots of the effects."""
        return self.forest.plots


def answer_section(folder: RunFolder) -> AnswerSection:
    """The section of the report; every run has it."""
    return AnswerSection(
        answers=(*question_answers(folder), *baseline_answers(folder)),
        remarks=_remarks(folder),
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
        verdicts=tuple(verdict_groups(folder)),
        forest=draw_forest(folder),
        attributed=bool(folder.run.attributions),
    )


def _seeds(folder: RunFolder) -> tuple[int, ...]:
    """The seeds of any phase of training, in ascending order."""
    arms = (arm for arm in folder.run.arms if arm.stages or arm.start_seeds == "paired")
    trained = {seed for arm in arms for seed in arm.seeds}
    tuned = {target.name for target in folder.run.targets if KINDS[target.kind].fine_tuned}
    return tuple(sorted(trained | {row.seed for row in folder.scores if row.target in tuned}))


def verdict_groups(folder: RunFolder) -> list[VerdictGroup]:
    """Every verdict of the report: by question, then of each arm against its baseline."""
    groups: dict[str, list[VerdictView]] = {}
    for verdict in folder.verdicts:
        if verdict.family == "declared":
            groups.setdefault(verdict.question or "", []).append(
                VerdictView(mark_of(verdict.verdict), verdict.sentence)
            )
    for verdict in folder.verdicts:
        if verdict.family == "vs-baseline":
            groups.setdefault(f"{verdict.arm} against {verdict.against}", []).append(
                VerdictView(mark_of(verdict.verdict), verdict.sentence)
            )
    return [VerdictGroup(question, tuple(views)) for question, views in groups.items()]


def plain_answer(folder: RunFolder) -> str:
    """The answer as one paragraph, for where a page is previewed.

    Returns:
        The answers to the questions first, then the arms against their baselines, then the controls.
    """
    sentences = [line.words for answer in question_answers(folder) for line in answer.lines]
    for answer in baseline_answers(folder):
        sentences += [f"{answer.question}, {line.outcome}: {line.words}" for line in answer.lines]
    return " ".join([*sentences, *_remarks(folder)]).replace("`", "")


def _remarks(folder: RunFolder) -> tuple[str, ...]:
    """What the answers do not say; for a run without any, that there is none."""
    of_questions = [v for v in folder.verdicts if v.family in ("declared", "vs-baseline")]
    judged = [verdict for verdict in of_questions if verdict.verdict != ONE_SEED]
    if not of_questions:
        return ("No comparison was made, so this run gives no answer. The scores are below.",)
    if not judged:
        return (
            "Every trained arm was run with one seed, which gives no verdict: how far seeds vary is "
            "not known.",
        )
    declared = {(v.arm, v.against) for v in judged if v.family == "declared"}
    sentences = [*source_sentences(folder), *control_sentences(folder, declared)]
    if len(judged) < len(of_questions):
        sentences.append("Comparisons with one seed of a trained arm give no verdict.")
    return tuple(sentences)
