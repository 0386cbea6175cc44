"""The model card of an exported encoder: what it is, what it was trained on, what it scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from crosslift.metrics.table import described
from crosslift.reports.prompts import field_words
from crosslift.reports.score_tables import MACRO, ScoreIndex
from crosslift.reports.stages import left_out_words, stage_words
from crosslift.reports.starts import phase_one_words, start_sentences
from crosslift.reports.zero_shot import not_zero_shot
from crosslift.results.arm_facts import ArmBudget, ArmFacts, StageFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import Verdict
from crosslift.targets.kinds.every_kind import KINDS
from crosslift.wording import count, interval, large, listed, signed_points


@dataclass(frozen=True)
class CardScore:
    """The primary score of the model on one target.

    Args:
        target: title of the target.
        metric: name of the metric.
        protocol: id of the protocol.
        languages: number of languages of the mean.
        value: mean over languages and seeds, in [0, 1].
        baseline: the same of the arm's baseline; None if it has none.
        effect: the verdict against that; None if they were not compared.
        fine_tuned: True for labelled examples: the score after the encoder was fine-tuned on the
            English training set of the target.
    """

    target: str
    metric: str
    protocol: str
    languages: int
    value: float
    baseline: float | None
    effect: Verdict | None
    fine_tuned: bool = False


@dataclass(frozen=True)
class ModelCard:
    """The content of a model card.

    Args:
        name: name of the model.
        base: the encoder that training started from: a hub id, a folder or an embedded one.
        study: name of the study it comes from.
        question: the question of that study.
        arm: name of the arm.
        baseline: what its scores are compared with, in words.
        description: what the arm is, in words.
        version: CrossLift's version.
        languages: BCP-47 codes of the languages it was measured in.
        stages: what it was trained on, in order; empty for an untrained encoder.
        budget: its cost, per seed.
        seed: the seed of the exported weights.
        scores: its scores, one entry for each target.
        protocols: the fields of each protocol named in ``scores``.
        prompt: what goes before each text; empty for none.
        licence: identifier of the licence of the weights ("mit"); None if unknown.
        licence_note: what else a user must know about licences, mainly of the training data.
        not_zero_shot: why the arm is not zero-shot; empty if it is.
        phase_one: what was trained before the stages; empty if nothing was.
        start_note: whether intervals contain its variation; empty if there is none.
    """

    name: str
    base: str
    study: str
    question: str
    arm: str
    baseline: str
    description: str
    version: str
    languages: tuple[str, ...]
    stages: tuple[StageFacts, ...]
    budget: ArmBudget
    seed: int
    scores: tuple[CardScore, ...]
    protocols: dict[str, dict[str, Any]]
    prompt: str
    licence: str | None
    licence_note: str
    not_zero_shot: str = ""
    phase_one: str = ""
    start_note: str = ""


def card_of_arm(
    folder: RunFolder,
    arm: str,
    seed: int,
    name: str,
    prompt: str,
    licence: str | None,
    licence_note: str,
) -> ModelCard:
    """Gather a card from the run that made the model.

    Args:
        folder: the run.
        arm: name of the exported arm.
        seed: the seed of the exported weights.
        name: name of the model.
        prompt: what goes before each text; empty for none.
        licence: identifier of the licence of the weights; None if unknown.
        licence_note: what else a user must know about licences.

    Returns:
        The card, with the arm's primary scores, means over all its seeds.

    Raises:
        UnknownNameError: the run has no such arm.
    """
    facts = folder.arm(arm)
    scores = _scores(folder, facts)
    return ModelCard(
        name=name,
        base=facts.encoder,
        study=folder.run.study,
        question=folder.run.question,
        arm=arm,
        baseline=_baseline_words(folder, facts),
        description=facts.description,
        version=folder.run.version,
        languages=tuple(sorted({code for t in folder.run.targets for code in t.languages})),
        stages=facts.stages,
        budget=facts.budget,
        seed=seed,
        scores=scores,
        protocols={s.protocol: folder.run.protocols.get(s.protocol, {}) for s in scores},
        prompt=prompt,
        licence=licence,
        licence_note=licence_note,
        not_zero_shot=not_zero_shot(facts),
        phase_one=phase_one_words(facts, seed),
        start_note=" ".join(start_sentences([facts])),
    )


def _baseline_words(folder: RunFolder, arm: ArmFacts) -> str:
    single_baseline = folder.baselines == (arm.baseline,)
    return "the study's baseline" if single_baseline else f"the baseline `{arm.baseline}`"


def _scores(folder: RunFolder, arm: ArmFacts) -> tuple[CardScore, ...]:
    index = ScoreIndex(folder)
    scores = [_score(folder, index, arm, target) for target in folder.run.targets]
    return tuple(score for score in scores if score is not None)


def _score(
    folder: RunFolder, index: ScoreIndex, arm: ArmFacts, target: TargetFacts
) -> CardScore | None:
    value = index.mean(arm.name, target, MACRO)
    if value is None:
        return None
    return CardScore(
        target=target.title,
        metric=target.metric,
        protocol=target.protocol,
        languages=len(target.languages),
        value=value,
        baseline=index.mean(arm.baseline, target, MACRO),
        effect=folder.against_baseline(arm.name, target),
        fine_tuned=KINDS[target.kind].fine_tuned,
    )


def model_card(card: ModelCard) -> str:
    """Write a model card.

    Args:
        card: its content.

    Returns:
        Markdown with YAML front matter, as the README of a sentence-transformers folder.
    """
    parts = [
        f"---\n{_front_matter(card)}---",
        f"# {_plain(card.name)}",
        f"{_plain(card.description)} Arm `{card.arm}`, seed {card.seed}, of the study"
        f" `{card.study}`: {_plain(card.question)}",
        _plain(f"This encoder is {card.not_zero_shot}.") if card.not_zero_shot else "",
        "## How to load it",
        _loading(card),
        "## What it scores",
        _score_table(card.scores),
        "Scores are means over languages, each with the same weight, and over seeds, in percent."
        f" Changes are in points against {card.baseline}, with a paired 95% interval."
        f"{' ' if card.start_note else ''}{_plain(card.start_note)}",
        _fine_tuning(card.scores),
        _protocols(card.protocols),
        "## What it was trained on",
        _training(card),
        "## Licence",
        _plain(card.licence_note) or "No licence is stated.",
        f"Made with CrossLift {card.version}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(card: ModelCard) -> str:
    facts: dict[str, Any] = {
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": [
            "sentence-transformers",
            "feature-extraction",
            "cross-lingual-retrieval",
            "crosslift",
        ],
        "language": list(card.languages),
    }
    if card.licence is not None:
        facts["license"] = card.licence
    if "/" in card.base:
        facts["base_model"] = card.base
    return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)


def _plain(text: str) -> str:
    """Text on one line, its Markdown and HTML signs escaped."""
    joined = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    for sign in "\\`*_[]|#":
        joined = joined.replace(sign, f"\\{sign}")
    return joined


def _loading(card: ModelCard) -> str:
    prompt = (
        f"Every text is encoded with the prompt {card.prompt!r} before it; the folder's settings"
        " add it. It was put before the texts in training and in the protocols that name no other."
        if card.prompt
        else "Texts are encoded as they are, without a prompt, as they were in training."
    )
    code = (
        "```python\n"
        "from sentence_transformers import SentenceTransformer\n\n"
        'model = SentenceTransformer("path/to/this/folder")\n'
        'vectors = model.encode(["Where is the station?", "Wo ist der Bahnhof?"],'
        " normalize_embeddings=True)\n"
        "print(vectors @ vectors.T)\n"
        "```"
    )
    return f"{code}\n\n{prompt}"


def _score_table(scores: Sequence[CardScore]) -> str:
    rows = [
        "| target | metric | protocol | languages | score | baseline | change |",
        "|---|---|---|---:|---:|---:|---|",
    ]
    for score in scores:
        cells = (
            _plain(score.target),
            described(score.metric).heading,
            f"`{score.protocol}`",
            str(score.languages),
            described(score.metric).score(score.value),
            "\u2013" if score.baseline is None else described(score.metric).score(score.baseline),
            _change(score.effect),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _fine_tuning(scores: Sequence[CardScore]) -> str:
    """Which scores are of further fine-tuned weights; empty if none are."""
    titles = [_plain(score.target) for score in scores if score.fine_tuned]
    if not titles:
        return ""
    return (
        f"The scores on {listed(titles)} are those of encoders that were fine-tuned once more, on the"
        " English training set of that target. The weights of this folder are those before that."
    )


def _change(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not compared"
    span = interval(verdict.low, verdict.high)
    return f"{signed_points(verdict.effect)} {span}, {verdict.verdict}"


def _protocols(protocols: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, fields in protocols.items():
        fields_words = ", ".join(
            f"{_plain(str(key))} {_plain(field_words(key, value))}"
            for key, value in fields.items()
            if value is not None
        )
        lines.append(f"- `{name}`: {fields_words or 'no fields recorded'}")
    return "\n".join(lines)


def _stage_lines(number: int, stage: StageFacts) -> list[str]:
    """A stage as an entry of a numbered list; the records left out of its data are indented below."""
    words = stage_words(stage)
    facts = "; ".join(part for part in (words.budget, words.settings, words.kept_weights) if part)
    lines = [f"{number}. {_plain(words.tasks)}: {_plain(facts)}"]
    for task in stage.tasks:
        reasons = left_out_words(task)
        if reasons:
            left_out = _plain("; ".join(reasons))
            trained = f"{task.train:,} records trained on"
            lines.append(f"   - {_plain(task.task)}: {trained}; left out: {left_out}")
    return lines


def _training(card: ModelCard) -> str:
    after = f" after {_plain(card.phase_one)}" if card.phase_one else ""
    if not card.stages:
        what = "Phase one alone" if after else "Nothing"
        return f"{what}: this is `{card.base}`{after or ' as it starts'}."
    lines = [f"It started from `{card.base}`{after}.", ""]
    for number, stage in enumerate(card.stages, start=1):
        lines.extend(_stage_lines(number, stage))
    budget = card.budget
    lines += [
        "",
        f"Budget: {count(budget.updates)} updates, {count(budget.examples)} examples,"
        f" {count(budget.tokens)} tokens, {large(budget.flops / 1e12)} TFLOP,"
        f" {count(budget.seconds)} seconds.",
    ]
    return "\n".join(lines)
