"""What an intermediate task is: a form, a source of records, and facts."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from crosslift.sources.record import Record, names_bound

if TYPE_CHECKING:
    from crosslift.forms.form import Form

FormName = Literal[
    "caption-to-feature",
    "classification",
    "image-masked-lm",
    "image-text",
    "image-text-matching",
    "masked-lm",
    "multiple-choice",
    "regression",
    "span-qa",
    "tagging",
    "text-pairs",
]


FORM_CLASSES: dict[FormName, str] = {
    "caption-to-feature": "CaptionToFeature",
    "classification": "Classification",
    "image-masked-lm": "ImageMaskedLM",
    "image-text": "ImageText",
    "image-text-matching": "ImageTextMatching",
    "masked-lm": "MaskedLM",
    "multiple-choice": "MultipleChoice",
    "regression": "Regression",
    "span-qa": "SpanQA",
    "tagging": "Tagging",
    "text-pairs": "TextPairs",
}
"""Form -> its class, in the module of `crosslift.forms` that has the form's name. Whoever imports this
module loads none of them."""


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

    @property
    def learns_from_others(self) -> bool:
        """Whether a record's only negatives are the other records of its part of a batch."""
        if self.name == "text-pairs":
            own = self.options.get("hard_negatives", "none") != "none"
            return not own and set(self.columns) <= {"anchor", "positive"}
        if self.name == "caption-to-feature":
            return self.options.get("loss") == "softmax"
        return self.name in ("image-text", "image-text-matching")

    @property
    def code_modules(self) -> tuple[str, ...]:
        """The module that computes it: part of the code of what is made with the form."""
        return (_module_of(self.name),)

    def open(self) -> Form:
        """The form itself (this loads torch)."""
        return class_of_form(self.name)(**self.columns, **self.options)


def class_of_form(form: FormName) -> Callable[..., Form]:
    """The class of a form (this loads torch)."""
    form_class: Callable[..., Form] = getattr(
        importlib.import_module(_module_of(form)), FORM_CLASSES[form]
    )
    return form_class


def _module_of(form: FormName) -> str:
    return f"crosslift.forms.{form.replace('-', '_')}"


def texts_read(record: Record, form: FormSpec) -> Iterator[str]:
    """Every text of a record that a form reads."""
    for name in names_bound(record.texts, form.columns.values()):
        yield record.texts[name]
    yield from record.choices
    if record.words:
        yield " ".join(record.words)


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
