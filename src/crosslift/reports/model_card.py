"""The model card of an exported encoder: what it is, what it was trained on, what it scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crosslift.encoders.encoder_settings import Side
from crosslift.encoders.kinds import Backend, WeightPrecision
from crosslift.encoders.origin import Origin
from crosslift.reports.score_tables import MACRO, ScoreIndex
from crosslift.results.arm_facts import ArmFacts, StageFacts
from crosslift.results.comparison import ComparedLanguage, ComparedTarget
from crosslift.results.parity import Parity
from crosslift.results.run_folder import RunFolder
from crosslift.results.score_rows import Score
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import Verdict
from crosslift.targets.kinds.every_kind import KINDS


@dataclass(frozen=True)
class ExportedWeights:
    """What a run's folder does not say of the weights of an export.

    Args:
        name: name of the model.
        place: what it is loaded from, as the card shows it: a hub name, or words for the folder.
        seed: seed of the exported weights.
        prompt: what goes before each text; empty for none.
        max_tokens: longer texts are cut.
        origin: what they derive from.
        precision: precision of the written weights.
        backend: what runs them.
        dimensions: number of dimensions that vectors were cut to; None: all.
        parity: what the export changed; None: nothing that could change a vector.
        postprocessing: postprocessing of the arm's vectors and scores, which the exported folder does
            not do.
        side_prompts: what goes before queries (src) and documents (tgt) instead, where it is another.
    """

    name: str
    place: str
    seed: int
    prompt: str
    max_tokens: int
    origin: Origin
    precision: WeightPrecision = "float32"
    backend: Backend = "torch"
    dimensions: int | None = None
    parity: Parity | None = None
    postprocessing: tuple[str, ...] = ()
    side_prompts: Mapping[Side, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CardLanguage:
    """The primary score of the model in one language of a target.

    Args:
        language: code of the language, or of the pair.
        queries: their number.
        value: the score of the exported seed, in [0, 1]; of ranks, a plain number.
        mean: mean over the arm's seeds.
        change: against the arm's baseline, over all seeds; None if they were not compared.
    """

    language: str
    queries: int
    value: float
    mean: float
    change: ComparedLanguage | None


@dataclass(frozen=True)
class CardScore:
    """The primary score of the model on one target.

    Args:
        target: the target.
        queries: number of queries in all languages.
        value: the score of the exported seed, mean over languages.
        mean: mean over languages and seeds.
        baseline: the same of the arm's baseline; None if it has none.
        effect: the verdict against that; None if they were not compared.
        languages: the scores in each language.
    """

    target: TargetFacts
    queries: int
    value: float
    mean: float
    baseline: float | None
    effect: Verdict | None
    languages: tuple[CardLanguage, ...]

    @property
    def fine_tuned(self) -> bool:
        """Whether it is the score after one more fine-tuning, on the target's English training set."""
        return KINDS[self.target.kind].fine_tuned

    @property
    def of_encoder_alone(self) -> bool:
        """Whether the exported encoder alone can be measured so."""
        return KINDS[self.target.kind].encoder_alone


@dataclass(frozen=True)
class ModelCard:
    """The content of a model card.

    Args:
        weights: what was exported.
        arm: how it was trained; of settings that each seed chose, those of the exported seed.
        study: name of the study it comes from.
        question: the question of that study.
        baseline: what its scores are compared with, in words.
        version: CrossLift's version.
        scores: its scores, one entry for each target.
        protocols: the fields of each protocol named in ``scores``.
    """

    weights: ExportedWeights
    arm: ArmFacts
    study: str
    question: str
    baseline: str
    version: str
    scores: tuple[CardScore, ...]
    protocols: dict[str, dict[str, Any]]


def card_of_arm(
    folder: RunFolder,
    arm: str,
    weights: ExportedWeights,
    changes: Sequence[ComparedTarget] = (),
) -> ModelCard:
    """Gathers a card from the run that made the model.

    Args:
        folder: the run.
        arm: name of the exported arm.
        weights: what was exported.
        changes: the arm against its baseline, by target and language.

    Returns:
        The card, with the primary scores of the exported seed and their means over all seeds.

    Raises:
        UnknownNameError: the run has no such arm.
    """
    facts = folder.arm(arm)
    index = ScoreIndex(folder)
    by_target = {each.target: each for each in changes}
    scores = [
        _score(folder, index, facts, weights.seed, target, by_target.get(target.name))
        for target in folder.run.targets
    ]
    kept = tuple(score for score in scores if score is not None)
    names = [score.target.protocol for score in kept]
    stages = tuple(_of_seed(stage, facts.seeds, weights.seed) for stage in facts.stages)
    return ModelCard(
        weights=weights,
        arm=facts.model_copy(update={"stages": stages}),
        study=folder.run.study,
        question=folder.run.question,
        baseline=_baseline_words(folder, facts),
        version=folder.run.version,
        scores=kept,
        protocols={name: folder.run.protocols.get(name, {}) for name in names},
    )


def _of_seed(stage: StageFacts, seeds: Sequence[int], seed: int) -> StageFacts:
    """The stage with the learning rate and the kept update of one seed, where each has its own."""
    place = list(seeds).index(seed) if seed in seeds else 0
    changes: dict[str, Any] = {}
    if len(stage.kept_updates) == len(seeds):
        changes["kept_updates"] = (stage.kept_updates[place],)
    if len(stage.learning_rates) == len(seeds):
        rate = stage.learning_rates[place]
        changes |= {"learning_rates": (rate,), "learning_rate": rate}
    return stage.model_copy(update=changes)


def _baseline_words(folder: RunFolder, arm: ArmFacts) -> str:
    single_baseline = folder.baselines == (arm.baseline,)
    return "the study's baseline" if single_baseline else f"the baseline `{arm.baseline}`"


def _score(
    folder: RunFolder,
    index: ScoreIndex,
    arm: ArmFacts,
    seed: int,
    target: TargetFacts,
    changes: ComparedTarget | None,
) -> CardScore | None:
    mean = index.mean(arm.name, target, MACRO)
    own = _own_scores(folder, arm.name, seed, target)
    if mean is None or MACRO not in own:
        return None
    compared = arm.baseline != arm.name
    by_language = {each.language: each for each in changes.languages} if changes else {}
    return CardScore(
        target=target,
        queries=own[MACRO].n,
        value=own[MACRO].value,
        mean=mean,
        baseline=index.mean(arm.baseline, target, MACRO) if compared else None,
        effect=folder.against_baseline(arm.name, target) if compared else None,
        languages=tuple(
            CardLanguage(
                language=code,
                queries=score.n,
                value=score.value,
                mean=index.mean(arm.name, target, code) or 0.0,
                change=by_language.get(code),
            )
            for code, score in own.items()
            if code != MACRO
        ),
    )


def _own_scores(folder: RunFolder, arm: str, seed: int, target: TargetFacts) -> Mapping[str, Score]:
    """Language, or ``macro``, -> the primary score of one seed."""
    wanted = (arm, seed, target.name, target.protocol, "all", target.metric)
    return {
        row.language: row
        for row in folder.scores
        if (row.arm, row.seed, row.target, row.protocol, row.subset, row.metric) == wanted
    }
