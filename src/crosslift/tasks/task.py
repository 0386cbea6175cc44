"""What an intermediate task is: a form, a source of records, and facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from crosslift.sources.record import Record

if TYPE_CHECKING:
    from crosslift.forms.form import Form

FormName = Literal["masked-lm", "text-pairs", "image-text"]


class Source(Protocol):
    """Where the records of a task come from."""

    def train(self) -> list[Record]:
        """The training records."""

    def dev(self) -> list[Record]:
        """The dev records, English only; empty where there are none."""

    def checksum(self) -> str:
        """A checksum of everything the records are made of."""


@dataclass(frozen=True, slots=True)
class FormSpec:
    """A form and the columns it binds, without loading what computes it.

    Args:
        name: of the form.
        columns: column of the form -> column of the records, bound by name.
        optional: columns of the form that may be absent.
    """

    name: FormName
    columns: dict[str, str]
    optional: tuple[str, ...] = ()

    def open(self) -> Form:
        """The form itself (this loads torch)."""
        from crosslift.forms.image_text import ImageText
        from crosslift.forms.masked_lm import MaskedLM
        from crosslift.forms.text_pairs import TextPairs

        forms = {"masked-lm": MaskedLM, "text-pairs": TextPairs, "image-text": ImageText}
        made: Form = forms[self.name](**self.columns)
        return made


@dataclass(frozen=True, slots=True)
class IntermediateTask:
    """What phase two trains on.

    Args:
        name: as it is written in a study.
        title: one line.
        form: gives it head, loss and collation.
        source: gives it records.
        languages: BCP-47 codes of the texts.
        licence: of the data.
        citation: where it comes from.
        pictures: whether its records have pictures.
    """

    name: str
    title: str
    form: FormSpec
    source: Source
    languages: tuple[str, ...]
    licence: str
    citation: str
    pictures: bool = False
