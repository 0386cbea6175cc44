"""The output of ``crosslift evaluate``: the scores of one encoder on one target."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from crosslift.results.language_bias import LanguageBias
from crosslift.results.mined_languages import MinedLanguage
from crosslift.results.published_scores import ModelScores
from crosslift.results.result_record import ResultRecord, absent_if


class GroupScores(ResultRecord):
    """The scores of a group of languages."""

    languages: tuple[str, ...]
    """Codes of the measured languages."""
    macro: dict[str, float]
    """Metric -> unweighted mean over these languages."""


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
    """Language -> why it has no score."""
    notes: Annotated[dict[str, str], absent_if({})] = Field(default_factory=dict)
    """Language -> a note on its texts, such as their source; absent if there is none."""
    left_out: Annotated[dict[str, dict[str, int]], absent_if({})] = Field(default_factory=dict)
    """Language -> reason -> number of items that are not measured; absent if all are measured."""
    unread: Annotated[dict[str, str], absent_if({})] = Field(default_factory=dict)
    """File that looks like part of the data but was not read -> why; absent if there is none."""
    groups: dict[str, dict[str, GroupScores]]
    """Grouping (``family``, ``script``, and ``pretraining`` if it divides the languages) -> group ->
    scores."""
    mining: Annotated[tuple[MinedLanguage, ...], absent_if(())] = ()
    """The mining result of each language; absent for a protocol without mining."""
    language_bias: Annotated[tuple[LanguageBias, ...], absent_if(())] = ()
    """Which languages queries find in a pool of several; absent for other pools."""
    published: Annotated[tuple[ModelScores, ...], absent_if(())] = ()
    """Published scores of other models on the target; absent: none were requested."""
