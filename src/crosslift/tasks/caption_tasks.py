"""The tasks on captioned pictures: your own, a dataset of the hub, or the pictograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crosslift.artifacts.read_once import read_once
from crosslift.errors import StudyError
from crosslift.forms.declared_forms import PICTURE_FORMS, form_facts
from crosslift.forms.form_facts import PictureFacts
from crosslift.sources.record import Record
from crosslift.tasks.picture_name import PICTURE_NAME
from crosslift.tasks.task import FormSpec, IntermediateTask

if TYPE_CHECKING:
    from crosslift.sources.captions import CaptionRecords, HubCaptions

COLUMNS = ("image", "text", "id", "language", "group", "split")
"""The roles of columns in a table of captioned pictures. An empty ``split`` makes all rows training
records, whatever their column says."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which records a task skips and counts, instead of raising an error or using them.

    Args:
        skip_broken: records whose picture is missing or empty.
        check_language: captions in another language than declared.
    """

    skip_broken: bool = False
    check_language: bool = False


@dataclass(frozen=True, slots=True)
class CaptionedPictures:
    """Captioned pictures in files of any supported format.

    Args:
        data: a file or folder for `crosslift.sources.captions.published_captions`.
        columns: role -> column, if the names differ.
        allowed: which records are skipped and counted.
    """

    data: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    allowed: Allowed = Allowed()

    def read(self, split: str) -> CaptionRecords:
        """The records of a split ("train" or "dev"), and reason -> number of skipped records."""
        return _read(self.data, tuple(sorted(self.columns.items())), split, self.allowed)

    def check(self) -> None:
        """Raises if captions or pictures are missing."""
        self.read("train")

    def train(self) -> Sequence[Record]:
        """One record per caption."""
        return self.read("train").records

    def dev(self) -> Sequence[Record]:
        """One record per caption; empty if the data have no dev split."""
        return self.read("dev").records

    def checksum(self) -> str:
        """A checksum of captions and pictures."""
        return _checksum(self.data, tuple(sorted(self.columns.items())))


@read_once()
def _checksum(data: Path, columns: tuple[tuple[str, str], ...]) -> str:
    from crosslift.sources.captions import checksum_of

    return checksum_of(data, dict(columns))


@read_once()
def _read(
    data: Path, columns: tuple[tuple[str, str], ...], split: str, allowed: Allowed
) -> CaptionRecords:
    from crosslift.sources.captions import read_captions

    return read_captions(
        data,
        split,  # type: ignore[arg-type]
        dict(columns),
        skip_broken=allowed.skip_broken,
        check_language=allowed.check_language,
    )


@dataclass(frozen=True, slots=True)
class HubPictures:
    """Captioned pictures of a dataset of the hub.

    Args:
        dataset: the dataset, with its columns.
        allowed: which records are skipped and counted.
    """

    dataset: HubCaptions
    allowed: Allowed = Allowed()

    def read(self, split: str) -> CaptionRecords:
        """The records of a split ("train" or "dev"), and reason -> number of skipped records."""
        return self.dataset.read(
            split,  # type: ignore[arg-type]
            skip_broken=self.allowed.skip_broken,
            check_language=self.allowed.check_language,
        )

    def check(self) -> None:
        """Raises if the hub does not have the dataset."""
        self.dataset.check_available()

    def train(self) -> Sequence[Record]:
        """One record per caption."""
        return self.read("train").records

    def dev(self) -> Sequence[Record]:
        """One record per caption."""
        return self.read("dev").records

    def checksum(self) -> str:
        """A checksum of name, commit, splits and columns."""
        return self.dataset.checksum()


def captioned_task(
    name: str,
    data: Path | None,
    hub: str | None,
    columns: Mapping[str, str],
    allowed: Allowed,
) -> IntermediateTask:
    """The task of a form with pictures on captioned pictures.

    Args:
        name: name of the form, and therefore of the task.
        data: your pictures and captions; None: those of ``hub``, or the pictograms and their English
            names.
        hub: ORG/NAME@REVISION of a dataset.
        columns: role -> column, if the names differ.
        allowed: which records are skipped and counted.

    Raises:
        StudyError: there are both data and hub, columns for the pictograms, or a hub name without a
            revision.
        DataError: the data cannot be read.
    """
    facts = form_facts(name).pictures
    if facts is None:
        raise StudyError(f"task {name!r} has no pictures", f"one of {', '.join(PICTURE_FORMS)}")
    if data is not None and hub is not None:
        raise StudyError(f"task {name!r} has `data` and `hub`", "one of them")
    if data is None and hub is None:
        return _on_pictograms(name, facts, columns)
    source: CaptionedPictures | HubPictures
    if data is not None:
        source = CaptionedPictures(data, dict(columns), allowed)
    else:
        source = HubPictures(_dataset(str(hub), columns), allowed)
    languages = tuple(sorted({record.language for record in source.train()}))
    return IntermediateTask(
        name=name,
        title=f"{facts.title}: {data or hub}",
        form=FormSpec(name, {"text": "text"}, options=_augmentation(name, "photo")),
        source=source,
        languages=languages,
        licence="of your data",
        citation=str(data or hub),
    )


def _augmentation(name: str, kind: str) -> dict[str, str]:
    return {"augmentation": kind} if "augmentation" in form_facts(name).options else {}


def _on_pictograms(name: str, facts: PictureFacts, columns: Mapping[str, str]) -> IntermediateTask:
    if columns:
        raise StudyError(
            f"task {name!r} without `data` is on the pictograms, but `columns` names "
            f"{', '.join(columns)}",
            "no `columns`, or `data`",
        )
    return IntermediateTask(
        name=name,
        title=f"{facts.title}: pictograms and their English names",
        form=FormSpec(name, {"text": "name"}, options=_augmentation(name, "drawing")),
        source=PICTURE_NAME.source,
        languages=PICTURE_NAME.languages,
        licence=PICTURE_NAME.licence,
        citation=PICTURE_NAME.citation,
    )


def _dataset(hub: str, columns: Mapping[str, str]) -> HubCaptions:
    from crosslift.sources.captions import HubCaptions

    name, at, revision = hub.partition("@")
    if not at or not revision:
        raise StudyError(
            f"hub {hub!r} has no revision",
            "ORG/NAME@REVISION, the revision best a commit",
            "a branch such as @main works, and is resolved to its commit",
        )
    texts = tuple(part.strip() for part in columns.get("text", "caption").split(","))
    return HubCaptions(
        name,
        revision,
        columns.get("image", "image"),
        texts if len(texts) > 1 else texts[0],
        id_column=columns.get("id"),
        language_column=columns.get("language"),
        group_column=columns.get("group"),
        split_column=columns.get("split"),
    )
