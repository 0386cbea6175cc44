"""Published scores of other models, shown beside the scores of the arms."""

from __future__ import annotations

from dataclasses import asdict
from typing import Self

from crosslift.results.result_record import ResultRecord
from crosslift.sources.mteb_results import PublishedModel


class ModelScores(ResultRecord):
    """The published scores of one model on one target, read from MTEB's result files."""

    model: str
    """Name of the model."""
    revision: str
    """Revision of the model."""
    scores: dict[str, float]
    """Language -> main score; a language without a published score is absent."""
    prompts: str
    """Prompts before texts, in words; empty: the files do not name them."""
    dataset_revision: str
    """Revision of the dataset."""
    mteb_version: str
    """Version of `mteb` that computed the scores."""
    file: str
    """The file of the result."""

    @classmethod
    def of(cls, published: PublishedModel) -> Self:
        """The record of a published result."""
        return cls.model_validate(asdict(published))

    def macro(self, languages: tuple[str, ...]) -> float | None:
        """The mean over some languages; None: not all of them have a score."""
        if not languages or not all(code in self.scores for code in languages):
            return None
        return sum(self.scores[code] for code in languages) / len(languages)
