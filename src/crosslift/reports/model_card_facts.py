"""The front matter of a model card, in the format of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator

from huggingface_hub import EvalResult, ModelCardData

from crosslift.languages import language_pair
from crosslift.metrics.table import described
from crosslift.reports.model_card import CardScore, ModelCard
from crosslift.wording import plural

_PIPELINE = "sentence-similarity"
_DECIMALS = 6


def card_data(card: ModelCard) -> ModelCardData:
    """The base model, languages, licence and scores of a card; ``model-index`` has the scores.

    The scores are those of the exported seed. Scores that the exported encoder alone cannot have are
    left out: those with pictures, after one more fine-tuning, or after a post-processing.
    """
    results = (
        [] if card.weights.postprocessing else [r for s in card.scores for r in _results(s, card)]
    )
    return ModelCardData(
        language=_languages(card),
        license=card.weights.origin.licence,
        base_model=card.weights.origin.hub_name,
        library_name="sentence-transformers",
        pipeline_tag=_PIPELINE,
        tags=[
            "sentence-transformers",
            "feature-extraction",
            "cross-lingual-retrieval",
            "crosslift",
        ],
        model_name=card.weights.name,
        eval_results=results or None,
    )


def _languages(card: ModelCard) -> list[str]:
    """ISO 639 codes of the languages that the arm was measured in, and of its training texts."""
    codes = {each.language for score in card.scores for each in score.languages}
    codes.update(card.arm.languages)
    single = {code for each in codes for code in language_pair(each) or (each,)}
    return sorted({code.partition("-")[0] for code in single})


def _results(score: CardScore, card: ModelCard) -> Iterator[EvalResult]:
    """The mean over languages, then each language."""
    if not score.of_encoder_alone:
        return
    mean = f"mean of {plural(len(score.languages), 'language')}"
    yield _result(score, card, mean, score.value, score.queries)
    for each in score.languages:
        yield _result(score, card, each.language, each.value, each.queries)


def _result(
    score: CardScore, card: ModelCard, config: str, value: float, queries: int
) -> EvalResult:
    target = score.target
    return EvalResult(
        task_type=_PIPELINE,
        task_name="Sentence Similarity",
        dataset_type=target.name,
        dataset_name=f"{target.title}, {config}",
        dataset_config=config,
        metric_type=target.metric,
        metric_name=described(target.metric).heading,
        metric_value=round(value, _DECIMALS),
        metric_args={
            "protocol": target.protocol,
            "queries": queries,
            "seed": card.weights.seed,
        },
    )
