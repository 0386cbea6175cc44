"""What the tasks on published datasets share: the task itself, and the forms they often take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.sources.published import DatasetSource
from crosslift.tasks.task import FormSpec, IntermediateTask

NLI_LABELS = ("entailment", "neutral", "contradiction")
NLI_BY_NUMBER = {str(number): label for number, label in enumerate(NLI_LABELS)}
"""How the hub numbers the classes of NLI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetTask(IntermediateTask):
    """A task on a published dataset.

    Without data it is read from the hub; given a folder, from the published files in it.

    Args:
        source: the dataset.
        train_examples: how many training examples its publishers tell of (for a task made of
            another dataset: how many of that one it is made of).
    """

    source: DatasetSource
    train_examples: int

    @property
    def needs_data(self) -> bool:
        """Whether it needs a folder, for the hub does not have it."""
        return self.source.needs_data

    def with_data(self, folder: Path) -> IntermediateTask:
        """The task on the published files in a folder."""
        return replace(self, source=self.source.at(folder))


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
    """Multiple choice among so many texts, with these columns before them."""
    return FormSpec("multiple-choice", {name: name for name in columns}, options={"choices": count})


def span_of_passage(unanswerable: bool) -> FormSpec:
    """Where in a passage a question is answered; some questions may have no answer there."""
    return FormSpec(
        "span-qa",
        {"question": "question", "passage": "passage"},
        options={"unanswerable": unanswerable},
    )


def tags_of_words(tags: tuple[str, ...]) -> FormSpec:
    """Tagging of words."""
    return FormSpec("tagging", {}, options={"tags": tags})
