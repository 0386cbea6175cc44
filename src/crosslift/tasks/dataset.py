"""What the tasks on published datasets share: the task class, and the forms that they often have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.sources.published import DatasetSource
from crosslift.tasks.task import FormSpec, IntermediateTask

NLI_LABELS = ("entailment", "neutral", "contradiction")
NLI_BY_NUMBER = {str(number): label for number, label in enumerate(NLI_LABELS)}
"""Number of an NLI class on the hub -> its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetTask(IntermediateTask):
    """A task on a published dataset.

    It is read from the hub, or from the published files in a folder.

    Args:
        source: the dataset.
        train_examples: number of training examples according to its publishers (for a task that is made
            from another dataset: those of that dataset).
    """

    source: DatasetSource
    train_examples: int

    @property
    def needs_data(self) -> bool:
        """Whether it needs a folder, because the hub does not have it."""
        return self.source.needs_data

    def with_data(self, data: Path) -> IntermediateTask:
        """The task on the published files in a folder."""
        return replace(self, source=self.source.at(data))


def pair_classes(labels: tuple[str, ...]) -> FormSpec:
    """Classification of two texts."""
    return FormSpec("classification", {"text": "text", "pair": "pair"}, options={"labels": labels})


def pair_grades(lowest: float, highest: float) -> FormSpec:
    """Regression on the cosine of two texts."""
    return FormSpec(
        "regression",
        {"text": "text", "pair": "pair"},
        options={"lowest": lowest, "highest": highest, "head": "cosine"},
    )


def choice_of(count: int, *columns: str) -> FormSpec:
    """Multiple choice among this many texts, with these columns before them."""
    return FormSpec("multiple-choice", {name: name for name in columns}, options={"choices": count})


def span_of_passage(unanswerable: bool) -> FormSpec:
    """Span of a passage that answers a question; some questions may have no answer."""
    return FormSpec(
        "span-qa",
        {"question": "question", "passage": "passage"},
        options={"unanswerable": unanswerable},
    )


def tags_of_words(tags: tuple[str, ...]) -> FormSpec:
    """Tagging of words."""
    return FormSpec("tagging", {}, options={"tags": tags})
