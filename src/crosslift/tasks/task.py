"""What an intermediate task is: a form, a source of records, and facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from crosslift.sources.record import Record

if TYPE_CHECKING:
    from crosslift.forms.form import Form

FormName = Literal[
    "classification",
    "image-text",
    "masked-lm",
    "multiple-choice",
    "regression",
    "span-qa",
    "tagging",
    "text-pairs",
]


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
    """A form, the columns it binds and its options, without loading what computes it.

    Args:
        name: of the form.
        columns: column of the form -> column of the records, bound by name; empty for forms that
            read no text column, such as tagging.
        optional: columns of the form that may be absent.
        options: the form's other arguments by name, such as ``labels``; values as JSON has them
            (and tuples for lists).
    """

    name: FormName
    columns: dict[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, options: Mapping[str, Any]) -> FormSpec:
        """The same form with other values of some options."""
        return replace(self, options={**self.options, **options})

    def open(self) -> Form:
        """The form itself (this loads torch)."""
        return _form_classes()[self.name](**self.columns, **self.options)


def _form_classes() -> dict[FormName, Callable[..., Form]]:
    from crosslift.forms.classification import Classification
    from crosslift.forms.image_text import ImageText
    from crosslift.forms.masked_lm import MaskedLM
    from crosslift.forms.multiple_choice import MultipleChoice
    from crosslift.forms.regression import Regression
    from crosslift.forms.span_qa import SpanQA
    from crosslift.forms.tagging import Tagging
    from crosslift.forms.text_pairs import TextPairs

    return {
        "classification": Classification,
        "image-text": ImageText,
        "masked-lm": MaskedLM,
        "multiple-choice": MultipleChoice,
        "regression": Regression,
        "span-qa": SpanQA,
        "tagging": Tagging,
        "text-pairs": TextPairs,
    }


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
