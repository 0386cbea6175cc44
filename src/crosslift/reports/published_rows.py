"""Published scores of other models as text, beside those of encoders and arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.metrics.table import Metric
from crosslift.results.published_scores import ModelScores
from crosslift.wording import plural

NO_SCORE = "no score"


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One published model.

    Args:
        model: its name.
        revision: revision of the model.
        prompts: prompts before texts.
        dataset: revision of the dataset.
        version: version of `mteb`.
        macro: mean over the languages.
        scores: scores of each language.
    """

    model: str
    revision: str
    prompts: str
    dataset: str
    version: str
    macro: str
    scores: tuple[str, ...]


def published_rows(
    published: Sequence[ModelScores], languages: Sequence[str], metric: Metric
) -> tuple[PublishedRow, ...]:
    """The rows of a table.

    Args:
        published: the scores.
        languages: languages of the table.
        metric: metric whose unit is displayed.
    """
    return tuple(
        PublishedRow(
            model=each.model,
            revision=each.revision,
            prompts=each.prompts or "not stated",
            dataset=each.dataset_revision,
            version=each.mteb_version or "not stated",
            macro=_score(each.macro(tuple(languages)), metric),
            scores=tuple(_score(each.scores.get(code), metric) for code in languages),
        )
        for each in published
    )


def published_lines(
    published: Sequence[ModelScores], languages: Sequence[str], metric: Metric
) -> list[str]:
    """One line for each model: name, revision, prompts and mean."""
    mean = f"mean of {plural(len(languages), 'language')}"
    return [
        f"Published: {row.model}, revision {row.revision}, prompts {row.prompts}, mteb {row.version}: "
        f"{row.macro} ({mean})"
        for row in published_rows(published, languages, metric)
    ]


def _score(value: float | None, metric: Metric) -> str:
    return NO_SCORE if value is None else metric.score(value)
