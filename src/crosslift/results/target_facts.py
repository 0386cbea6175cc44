"""The measured targets: records of ``run.json``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crosslift.results.published_scores import ModelScores
from crosslift.results.result_record import ResultRecord, absent_if
from crosslift.target_kinds import KindName

_LONGEST_TITLE = 20
"""Letters of a title that a sentence repeats."""
_WORD_TARGETS_BEFORE = ("names", "word-pairs", "word-pairs-trained")


class Gap(ResultRecord):
    """A language without a score."""

    language: str
    """Code of the language."""
    reason: str
    """Why it has no score."""


class Note(ResultRecord):
    """A note of the data on the texts of a language."""

    language: str
    """Code of the language."""
    note: str
    """The note, in words."""


class TargetFacts(ResultRecord):
    """A target of the study."""

    name: str
    """Name of the target."""
    title: str
    """Title in the report."""
    metric: str
    """Primary metric."""
    protocol: str
    """Id of the primary protocol."""
    languages: tuple[str, ...]
    """Codes of the measured languages."""
    gaps: tuple[Gap, ...]
    """Languages without a score."""
    kind: KindName
    """Kind of the data."""
    notes: tuple[Note, ...] = ()
    """Notes on the texts of some languages."""
    left_out: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Language -> reason -> number of items that are not measured (counted before ``pairs: N``)."""
    unread: dict[str, str] = Field(default_factory=dict)
    """File that looks like part of the data but was not read -> why."""
    photographs: str | None = None
    """The published set of its photographs, such as ``imagenet-1k``; null: no set that image towers are
    trained on."""
    texts: Literal["words", "sentences"] = "sentences"
    """Kind of its texts; names count as words. In files of earlier versions, which lack it: words for
    ``names``, ``word-pairs`` and ``word-pairs-trained``, sentences for all others."""
    distinct_texts: int | None = None
    """Number of distinct texts; null: an earlier version wrote the file."""
    several_right: Annotated[tuple[str, ...] | None, absent_if(None)] = None
    """Ids of the protocols under which a query may have other right answers beside that in
    ``texts.parquet``; absent: an earlier version wrote the file."""
    published: Annotated[tuple[ModelScores, ...], absent_if(())] = ()
    """Published scores of other models; absent: the study names none."""
    side_prompts: dict[str, str] = Field(default_factory=dict)
    """Prompts that the study sets for each side: ``prompt_src``, ``prompt_tgt`` (texts),
    ``prompt_name_src``, ``prompt_name_tgt`` (names of the encoder's own prompts)."""

    @property
    def short_title(self) -> str:
        """The title, or the name if the title is too long for sentences."""
        return self.title if len(self.title) <= _LONGEST_TITLE else self.name

    @model_validator(mode="before")
    @classmethod
    def _texts_of_earlier_versions(cls, content: Any) -> Any:
        if isinstance(content, dict) and content.get("name") in _WORD_TARGETS_BEFORE:
            return {"texts": "words"} | content
        return content
