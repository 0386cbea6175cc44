"""What training data and targets have in common: records of ``run.json``."""

from __future__ import annotations

from typing import Annotated, Literal

from crosslift.results.result_record import ResultRecord, absent_if


class OverlapExample(ResultRecord):
    """A training text and a text of the target that is close to it, or two pictures."""

    train: str
    """The training text, or the id of the training picture."""
    test: str
    """The text of the target, or the id of its picture."""
    similarity: float
    """Similarity of the texts; of pictures, the correlation of local contrast after alignment, 0.75
    to 1."""


class OverlapFacts(ResultRecord):
    """How many texts, or pictures, of a training task are also in a target."""

    task: str
    """Name of the training task."""
    target: str
    """Name of the target."""
    kind: Annotated[Literal["texts", "pictures"], absent_if("texts")] = "texts"
    """What was compared; absent: texts."""
    records: int | None = None
    """Number of training records that were checked; of texts, it includes the dev records that choose
    weights; of pictures, the dev pictures. null: not counted."""
    items: int | None = None
    """Number of items of the target that are affected; null: not counted."""
    exact: int
    """Number of texts, or pictures, of the target that are in the training data."""
    near: int
    """Number of those that nearly are; of texts, also of those of which a part is."""
    examples: tuple[OverlapExample, ...]
    """Some of them."""
