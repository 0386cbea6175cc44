"""The overlap between training data and targets: records of ``run.json``."""

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
    """Similarity of the texts; for pictures, the correlation of local contrast after alignment (0.75 to
    1)."""


class OverlapFacts(ResultRecord):
    """The number of texts or pictures that a training task and a target share."""

    task: str
    """Name of the training task."""
    target: str
    """Name of the target."""
    kind: Annotated[Literal["texts", "pictures"], absent_if("texts")] = "texts"
    """Kind of the compared items; absent: texts."""
    records: int | None = None
    """Number of checked training records, including dev records that choose weights and dev pictures.
    null: not counted."""
    items: int | None = None
    """Number of affected items of the target; null: not counted."""
    exact: int
    """Number of texts, or pictures, of the target that are in the training data."""
    near: int
    """Number of texts, or pictures, of the target that have a near copy in the training data, or
    (texts) a part in it."""
    examples: tuple[OverlapExample, ...]
    """Some of these texts or pictures."""
