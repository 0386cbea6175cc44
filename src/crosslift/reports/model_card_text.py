"""The text of a model card, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosslift.reports.model_card import CardScore, ModelCard
from crosslift.reports.model_card_export import (
    loading_code,
    parity_words,
    side_words,
    weight_words,
)
from crosslift.reports.model_card_facts import card_data
from crosslift.reports.model_card_tables import (
    language_sections,
    plain,
    score_table,
    worse_languages,
)
from crosslift.reports.prompts import field_words
from crosslift.reports.stages import left_out_words, stage_words
from crosslift.reports.starts import phase_one_words, start_sentences
from crosslift.reports.zero_shot import not_zero_shot
from crosslift.results.arm_facts import StageFacts
from crosslift.results.parity import Parity
from crosslift.wording import count, large, listed, plural, share


def model_card(card: ModelCard) -> str:
    """Writes a model card.

    Args:
        card: its content.

    Returns:
        Markdown with YAML front matter, as the README of a sentence-transformers folder.
    """
    broken_rule = not_zero_shot(card.arm)
    languages = list(language_sections(card))
    parts = [
        f"---\n{card_data(card).to_yaml()}\n---",
        f"# {plain(card.weights.name)}",
        f"{_sentence(card.arm.description)}Arm `{card.arm.name}`, seed {card.weights.seed}, of the"
        f" study `{card.study}`: {plain(card.question)}",
        plain(f"This encoder is {broken_rule}.") if broken_rule else "",
        "## How to load it",
        _loading(card),
        "## What it scores",
        score_table(card),
        _what_scores_are(card),
        _fine_tuning(card.scores),
        _protocols(card.protocols),
        *(["## In each language", *languages] if languages else []),
        *_export(card.weights.parity),
        "## How it was trained",
        _training(card),
        "## Limits",
        "\n".join(f"- {line}" for line in _limits(card)),
        "## Licence",
        plain(card.weights.origin.note) or "No licence is stated.",
        f"Made with CrossLift {card.version}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sentence(text: str) -> str:
    """A text with a point at its end and a space after it; empty for none."""
    whole = plain(text)
    return f"{whole.rstrip('.')}. " if whole else ""


def _loading(card: ModelCard) -> str:
    weights = card.weights
    prompt = side_words(weights) or (
        f"Every text is encoded with the prompt {weights.prompt!r} before it; the folder's settings"
        " add it. Training used it too, and so did the protocols that name no other prompt."
        if weights.prompt
        else "Texts are encoded as they are, without a prompt, as they were in training."
    )
    vectors = "Vectors have length 1: their products are cosines."
    return f"{loading_code(weights)}\n\n{prompt} {vectors} {weight_words(weights)}"


def _what_scores_are(card: ModelCard) -> str:
    own = f"Scores are those of the exported weights (seed {card.weights.seed})"
    if len(card.arm.seeds) > 1:
        own += f", beside the mean of all {len(card.arm.seeds)} seeds"
    sentences = [
        f"{own}. Languages have the same weight.",
        f"Changes are those of the mean of all seeds against {card.baseline}, with a paired 95%"
        " interval.",
        *map(plain, start_sentences([card.arm])),
    ]
    return " ".join(sentences)


def _export(parity: Parity | None) -> list[str]:
    """What the export changed; nothing if it changed no vector."""
    return [] if parity is None else ["## What the export changed", plain(parity_words(parity))]


def _fine_tuning(scores: Sequence[CardScore]) -> str:
    """Which scores are of further fine-tuned weights; empty if none are."""
    titles = [plain(score.target.title) for score in scores if score.fine_tuned]
    if not titles:
        return ""
    return (
        f"The scores on {listed(titles)} are those of encoders that were fine-tuned once more, on the"
        " English training set of that target. This folder has the weights before that fine-tuning."
    )


def _protocols(protocols: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, fields in protocols.items():
        fields_words = ", ".join(
            f"{plain(str(key))} {plain(field_words(key, value))}"
            for key, value in fields.items()
            if value is not None
        )
        lines.append(f"- `{name}`: {fields_words or 'no fields recorded'}")
    return "\n".join(lines)


def _training(card: ModelCard) -> str:
    arm, seed = card.arm, card.weights.seed
    phase_one = phase_one_words(arm, seed)
    after = f" after {plain(phase_one)}" if phase_one else ""
    if not arm.stages:
        what = "Phase one alone" if after else "Nothing"
        return f"{what}: this is `{arm.encoder}`{after or ' as it starts'}."
    lines = [f"It started from `{arm.encoder}`{after}, and was trained with seed {seed}.", ""]
    for number, stage in enumerate(arm.stages, start=1):
        lines.extend(_stage_lines(number, stage))
    budget = arm.budget
    over = f" (mean of {len(arm.seeds)} seeds)" if len(arm.seeds) > 1 else ""
    lines += [
        "",
        f"Budget{over}: {count(budget.updates)} updates, {count(budget.examples)} examples,"
        f" {count(budget.tokens)} tokens, {large(budget.flops / 1e12)} TFLOP,"
        f" {count(budget.seconds)} seconds.",
        "",
        _training_languages(card),
    ]
    return "\n".join(lines).rstrip()


def _stage_lines(number: int, stage: StageFacts) -> list[str]:
    """A stage as an entry of a numbered list; the records of each task are indented below."""
    words = stage_words(stage)
    facts = "; ".join(part for part in (words.budget, words.settings, words.kept_weights) if part)
    lines = [f"{number}. {plain(words.tasks)}: {plain(facts)}"]
    for task in stage.tasks:
        left_out = "; ".join(left_out_words(task))
        ends = f"; left out: {plain(left_out)}" if left_out else ""
        lines.append(f"   - {plain(task.task)}: {count(task.train)} records trained on{ends}")
    return lines


def _training_languages(card: ModelCard) -> str:
    """The languages of the training texts: those stated, and what the check of own files found."""
    arm = card.arm
    stated = f"Languages of its labelled training texts: {', '.join(arm.languages)}."
    checked = [
        f"{plain(task.task)} states no language: {share(task.english_share)} of its records read as"
        " English."
        for stage in arm.stages
        for task in stage.tasks
        if task.english_share is not None
    ]
    return " ".join([*([stated] if arm.languages else []), *dict.fromkeys(checked)])


def _limits(card: ModelCard) -> Iterator[str]:
    codes = {each.language for score in card.scores for each in score.languages}
    yield (
        f"It was measured in {plural(len(codes), 'language')}. What its training did in others is not"
        " known."
    )
    for score in card.scores:
        worse = worse_languages(score)
        if worse:
            names = listed([plain(name) for name in worse])
            yield f"On {plain(score.target.title)} it is worse than {card.baseline} in {names}."
    if card.arm.not_learnt:
        yield f"Its training did not learn {listed([plain(t) for t in card.arm.not_learnt])}."
    if card.weights.postprocessing:
        steps = listed(card.weights.postprocessing)
        yield f"Scores of pairs of texts were measured after {steps}, which this folder does not apply."
    if card.weights.precision != "float32":
        yield (
            f"Its weights were rounded to {card.weights.precision} after they were measured: scores"
            " may differ a little from those above."
        )
    if card.weights.dimensions is not None:
        yield (
            f"Its vectors were cut to {card.weights.dimensions} dimensions after they were measured:"
            " scores may differ from those above."
        )
    yield f"Texts longer than {count(card.weights.max_tokens)} tokens are cut."
    yield "If the model has a pooler, it was not trained, and no vector reads it."
    yield "Compare its scores only with scores on the same data under the same protocol."
