"""What ``crosslift evaluate`` writes: the scores of one encoder on one target."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from crosslift.results.mined_languages import MinedLanguage
from crosslift.results.result_record import ResultRecord, absent_if


class GroupScores(ResultRecord):
    """The scores of a group of languages."""

    languages: tuple[str, ...]
    """Codes of those that were measured."""
    macro: dict[str, float]
    """Metric -> unweighted mean over them."""


class Evaluation(ResultRecord):
    """The scores of one encoder on one target under one protocol; in [0, 1]."""

    model: str
    """Name of the encoder."""
    target: str
    """Name of the target."""
    metric: str
    """Primary metric of the protocol."""
    protocol: dict[str, Any]
    """Every setting of the protocol, and how vectors were read (see "Protocols" and "Readings")."""
    macro: dict[str, float]
    """Metric -> unweighted mean over the languages."""
    languages: dict[str, dict[str, int | float]]
    """Language -> ``n`` (queries; where pairs are mined, distinct src texts) and metric -> score."""
    gaps: dict[str, str]
    """Language -> why it is not measured."""
    notes: Annotated[dict[str, str], absent_if({})] = Field(default_factory=dict)
    """Language -> what its texts are, in words, where that must be known; absent where none is."""
    left_out: Annotated[dict[str, dict[str, int]], absent_if({})] = Field(default_factory=dict)
    """Language -> reason -> items of the data that are not measured; absent where all are."""
    unread: Annotated[dict[str, str], absent_if({})] = Field(default_factory=dict)
    """File that looks like a part of the data and is not read -> why; absent where there is none."""
    groups: dict[str, dict[str, GroupScores]]
    """Grouping (``family``, ``script``, and ``pretraining`` where it parts them) -> group -> scores."""
    mining: Annotated[tuple[MinedLanguage, ...], absent_if(())] = ()
    """What was mined in each language; absent of a protocol that mines nothing."""
