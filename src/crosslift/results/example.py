"""Queries with the answer of each arm: records of ``examples.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord

EXAMPLES_FILE = "examples.json"


class ArmAnswer(ResultRecord):
    """What an arm returned for a query."""

    arm: str
    """Name of the arm."""
    text: str | None
    """The text that it returned; null: it returned a picture."""
    picture: str | None
    """Path of the picture that it returned, relative to the folder; null: it returned a text."""
    correct: bool
    """Whether the answer is correct."""


class Example(ResultRecord):
    """One query on which arms disagree, with the answers of every arm."""

    target: str
    """Name of the target."""
    language: str
    """Code of the language, or of the pair of languages."""
    protocol: str
    """Id of the protocol of the query."""
    query_text: str | None
    """The query, if it is a text."""
    query_picture: str | None
    """Path of the query relative to the folder, if it is a picture."""
    gold_text: str | None
    """The correct answer, if it is a text."""
    gold_picture: str | None
    """Path of the correct answer relative to the folder, if it is a picture."""
    answers: tuple[ArmAnswer, ...]
    """The answer of each arm, under its first seed."""

    @property
    def is_disputed(self) -> bool:
        """Whether some arms answer it correctly and others do not."""
        return len({answer.correct for answer in self.answers}) > 1
