"""Phase three: an arm's encoder is fine-tuned on the English training set of a target, then answers its
examples in every language.

Fine-tuned weights are as large as the encoder, and there is one set for each arm, seed and target. If a
study does not keep them, they are made only for the steps that read them, and deleted from the store
once the answers exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crosslift.errors import DataError, StudyError
from crosslift.making.answer import (
    Answering,
    answer_by_oracle,
    answer_examples,
    answer_pairs,
    answers_role,
    evaluate_labelled,
)
from crosslift.making.loaded_target import Loaded
from crosslift.making.task_run import TaskRun
from crosslift.making.train import Training
from crosslift.making.trained import Trained
from crosslift.planning.training_steps import train_step
from crosslift.steps.step import Step
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.training.fine_tune_settings import FineTuneSettings
from crosslift.training.task_settings import MixedTaskSettings

if TYPE_CHECKING:
    from crosslift.training.kept_checkpoints import KeptWeights


@dataclass(frozen=True, slots=True)
class PhaseThree:
    """The steps of one arm and seed on one target of labelled examples.

    Args:
        tuned: step that fine-tunes on English.
        answers: step that answers every example: `answers.json`, language -> answers; for questions on
            passages also `n_best.json`; `cut.json`; the records of its fine-tuning.
        evaluation: step that scores the answers; None: the examples have no labels.
        generalised: step that answers pairs of texts in two languages; None: the target's settings do
            not include it.
        others: steps that answer with other weights of the fine-tuning, for protocols that need them.
    """

    tuned: Step
    answers: Step
    evaluation: Step | None
    generalised: Step | None = None
    others: tuple[Step, ...] = ()

    @property
    def ends(self) -> list[Step]:
        """The steps whose results a study reports."""
        steps = (self.answers, *self.others, self.evaluation, self.generalised)
        return [step for step in steps if step is not None]


def english_run(loaded: Loaded[LabelledData], settings: FineTuneSettings) -> TaskRun:
    """The task that every arm is fine-tuned on for a target.

    Args:
        loaded: the target.
        settings: settings of the fine-tuning.
    """
    task = loaded.data.task
    task_settings = MixedTaskSettings(
        task=task.name, limit=settings.limit, dev_limit=settings.dev_limit
    )
    return TaskRun(task_settings, task)


def phase_three(
    encoder: Trained,
    loaded: Loaded[LabelledData],
    run: TaskRun,
    settings: FineTuneSettings,
    seed: int,
) -> PhaseThree:
    """The steps of an arm's encoder on a target of labelled examples.

    Args:
        encoder: encoder of the arm after its stages.
        loaded: the target.
        run: task that it is fine-tuned on, see `english_run`.
        settings: settings of the fine-tuning.
        seed: seed of everything random in the fine-tuning.

    Raises:
        StudyError: there is no budget, or the settings do not fit the target.
    """
    if settings.budget is None:
        raise StudyError(
            f"target {loaded.target.name!r} is fine-tuned without a budget",
            "`budget` in `fine_tune` of the study or of the target",
            "such as `fine_tune: {budget: {updates: 2000, batch_size: 32}}`",
        )
    stage = settings.stage(loaded.data.task.name)
    weights = [p.weights for p in loaded.protocols if p.weights != "best"]
    if weights and not stage.dev_evaluations:
        raise StudyError(
            f"target {loaded.target.name!r} without dev_evaluations, with protocols that need them",
            "dev_evaluations of 1 or more: the checkpoints are those of dev evaluations",
        )
    kept: list[KeptWeights] = ["each" if name == "oracle" else name for name in weights]
    tuned = train_step(encoder, [run], stage, settings.budget, seed, kept=kept)
    tuned = replace(tuned, label=f"fine-tuning: {tuned.label}", passing=not settings.keep_weights)
    if settings.text_side == "trainable":
        encoder = replace(encoder, stages=(*encoder.stages, tuned))
    answering = Answering(encoder, run, loaded, settings.smoothed_prediction)
    answers = _answer_step(answering, tuned)
    others, evaluation = {}, None
    if loaded.data.labelled:
        others = {
            answers_role(each): _answer_step(replace(answering, weights=each), tuned)
            for each in weights
        }
        evaluation = _evaluate_step(loaded, {answers_role("best"): answers, **others})
    pairs = _generalised_step(answering, answers) if loaded.generalised else None
    return PhaseThree(tuned, answers, evaluation, pairs, tuple(others.values()))


def _answer_step(answering: Answering, tuned: Step) -> Step:
    tests = answering.loaded.data.tests
    votes = f", by vote over {answering.readings} draws" if answering.smoothed else ""
    oracle = answering.weights == "oracle"
    weights = "" if answering.weights == "best" else f", {answering.weights} weights"
    return Step(
        kind="answer",
        label=f"{answering.loaded.target.name} in {len(tests)} languages{votes}{weights}",
        settings=answering.facts,
        inputs={"tuned": tuned},
        make=answer_by_oracle if oracle else answer_examples,
        work=answering.run.task.form.texts_per_record
        * answering.loaded.data.count
        * answering.readings
        * (tuned.job_as(Training).stage.dev_evaluations if oracle else 1),
        job=answering,
        devices=tuned.devices,
    )


def _evaluate_step(loaded: Loaded[LabelledData], answers: Mapping[str, Step]) -> Step:
    protocols = [protocol.facts() for protocol in loaded.protocols]
    return Step(
        kind="evaluate",
        label=loaded.target.name,
        settings={**loaded.facts, "protocols": protocols},
        inputs=dict(answers),
        make=evaluate_labelled,
        work=loaded.data.count,
        job=loaded,
    )


def _generalised_step(answering: Answering, answers: Step) -> Step:
    loaded = answering.loaded
    tests = loaded.data.tests
    check_parallel(loaded.target.name, loaded.data)
    pairs = len(tests) * (len(tests) - 1)
    texts = answering.run.task.form.texts_per_record * pairs * len(next(iter(tests.values())))
    return Step(
        kind="answer",
        label=f"{loaded.target.name} in {pairs} pairs of two languages",
        settings=answering.facts | {"generalised": True},
        inputs={"tuned": answers.inputs["tuned"], "answers": answers},
        make=answer_pairs,
        work=texts * answering.readings,
        job=answering,
        devices=answers.devices,
    )


def check_parallel(target: str, data: LabelledData) -> None:
    """Checks that there are labelled pairs of texts, one at each place in each of several languages.

    Raises:
        StudyError: the examples have no labels or are single texts, or there is only one language.
        DataError: languages have different numbers of examples.
    """
    first, *others = data.tests
    setting = f"`generalised: true` of target {target!r}"
    if any("pair" not in record.texts for record in data.tests[first]):
        raise StudyError(f"{setting}, whose examples are no pairs of texts", "xnli or pawsx")
    if not data.labelled:
        raise StudyError(
            f"{setting}, whose {data.split} examples have no labels",
            "examples with labels",
            "score `split: dev`, or take `generalised` out",
        )
    if not others:
        raise StudyError(f"{setting} in {first} alone", "two languages or more")
    for language in others:
        if len(data.tests[language]) != len(data.tests[first]):
            raise DataError(
                f"{target}: {len(data.tests[language])} examples in {language}, "
                f"{len(data.tests[first])} in {first}",
                "as many in every language, in the same order, for two languages at once",
            )
