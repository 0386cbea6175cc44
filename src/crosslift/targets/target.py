"""What a target task is: data in many languages, a protocol, a primary metric, and facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from crosslift.sources.record import Bitext

Direction = Literal["xx->en", "en->xx", "text->picture", "picture->text"]


class TargetSettings(BaseModel):
    """A target as a study or a command asks for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Name of a target (`crosslift targets` lists them)."""
    data: Path | None = None
    """Folder of the data, for targets that do not bring their own."""
    catalogs: Path | None = None
    """gettext catalogs of a project; None: the embedded ones."""
    languages: tuple[str, ...] | None = Field(default=None, min_length=1)
    """BCP-47 codes. None: all that the target lists or the data holds."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """Exactly how a score is computed, beside what the encoder's reading says.

    Args:
        name: "crosslift" for ours.
        direction: which side asks.
        similarity: of two vectors.
        ties: what a candidate with the gold's score counts.
        threshold_source: where a threshold comes from; None where there is none.
    """

    name: str
    direction: Direction
    similarity: Literal["cosine"] = "cosine"
    ties: str = "expected value under a random order of the tied"
    threshold_source: str | None = None

    @property
    def id(self) -> str:
        """Short id of the protocol, as results name it."""
        return f"{self.name}/{self.direction}"

    def facts(self) -> dict[str, str | None]:
        """All of it, JSON-like."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BitextData:
    """Sentence pairs of some languages and English.

    Args:
        bitexts: language -> N pairs of that language.
        gaps: language -> why it is not measured.
        checksum: of everything the pairs are made of.
    """

    bitexts: Mapping[str, Bitext]
    gaps: Mapping[str, str]
    checksum: str


@dataclass(frozen=True, slots=True)
class PictureData:
    """Pictures with texts in some languages.

    Args:
        pictures: item id -> picture.
        texts: language -> {item id -> text}.
        gaps: language -> why it is not measured.
        checksum: of everything they are made of.
    """

    pictures: Mapping[str, Path]
    texts: Mapping[str, Mapping[str, str]]
    gaps: Mapping[str, str]
    checksum: str


Metric = Literal["top1_accuracy", "mrr", "recall_at_5", "recall_at_10"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured.

    Args:
        name: as it is written in a study.
        title: a word or two, for the report.
        description: one line, for lists.
        kind: retrieval between texts, or between texts and pictures.
        metric: the primary one.
        protocols: the primary one first.
        load: reads the data.
        languages: BCP-47 codes it measures when none are asked for; None: all in the data.
        needs_data: whether it needs `data` (it does not bring its own).
        licence: of the data.
        citation: where it comes from.
    """

    name: str
    title: str
    description: str
    kind: Literal["bitext", "pictures"]
    metric: Metric
    load: Callable[[TargetSettings], BitextData | PictureData]
    licence: str
    citation: str
    protocols: tuple[Protocol, ...] = (
        Protocol("crosslift", "xx->en"),
        Protocol("crosslift", "en->xx"),
    )
    languages: tuple[str, ...] | None = field(default=None)
    needs_data: bool = False


def texts_of(data: BitextData | PictureData) -> list[str]:
    """Every distinct text of a target, sorted."""
    if isinstance(data, PictureData):
        found = (text for texts in data.texts.values() for text in texts.values())
    else:
        found = (text for b in data.bitexts.values() for side in (b.src, b.tgt) for text in side)
    return sorted(set(found))
