"""An intermediate task: a form, a source of records, and facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crosslift.errors import StudyError
from crosslift.forms.declared_forms import form_facts
from crosslift.forms.form_facts import FormFacts
from crosslift.sources.record import Record, names_bound

if TYPE_CHECKING:
    from crosslift.forms.form import Form


class Source(Protocol):
    """The source of a task's records."""

    def check(self) -> None:
        """Raises if the records are not available, as far as this can be checked in seconds without a
        download.

        Raises:
            DataError: the reason.
        """

    def train(self) -> Sequence[Record]:
        """The training records."""

    def dev(self) -> Sequence[Record]:
        """The dev records, English only; may be empty."""

    def checksum(self) -> str:
        """A checksum of everything the records are made of."""


@dataclass(frozen=True, slots=True)
class FormSpec:
    """A form, the columns that it binds and its options, without loading the module that computes it.

    Args:
        name: name of the form.
        columns: column of the form -> column of the records, bound by name; empty for forms that
            read no text column, such as tagging.
        optional: columns of the form that may be absent.
        options: the form's other arguments by name, such as ``labels``; JSON-like values, with tuples
            for lists.

    Raises:
        UnknownNameError: there is no form with that name.
    """

    name: str
    columns: dict[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        form_facts(self.name)  # raises if there is no such form

    def changed(self, options: Mapping[str, Any]) -> FormSpec:
        """The same form with other values of some options."""
        return replace(self, options={**self.options, **options})

    @property
    def facts(self) -> FormFacts:
        """The facts of the form."""
        return form_facts(self.name)

    @property
    def learns_from_others(self) -> bool:
        """Whether a record's only negatives are the other records of its part of a batch."""
        return self.facts.learns_from_others(self.columns, self.options)

    @property
    def temperature(self) -> str | None:
        """The option that sets the temperature of its loss; None: its loss has none."""
        without = self.options.get("loss") in ("triplet", "margin-mse")
        return None if without else self.facts.temperature

    @property
    def passage(self) -> str | None:
        """The column of the records that contains their answers; None: the form has no such column."""
        return None if self.facts.passage is None else self.columns.get(self.facts.passage)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes or tags that a dataset names; empty if the form has none."""
        if self.facts.class_option is None:
            return ()
        return tuple(str(name) for name in self.options.get(self.facts.class_option, ()))

    @property
    def texts_per_record(self) -> float:
        """The approximate cost of a record, in texts of a dozen tokens."""
        return self.facts.texts_per_record or max(1, len(self.columns))

    @property
    def code_modules(self) -> tuple[str, ...]:
        """The module that computes it: part of the code behind every result of the form."""
        return (self.facts.module,)

    def open(self) -> Form:
        """The form object (this loads torch)."""
        return self.facts.form_class()(**self.columns, **self.options)


def texts_read(record: Record, form: FormSpec) -> Iterator[str]:
    """Every text of a record that a form reads."""
    for name in names_bound(record.texts, form.columns.values()):
        yield record.texts[name]
    yield from record.choices
    if record.words:
        yield " ".join(record.words)


@dataclass(frozen=True, slots=True)
class IntermediateTask:
    """A task of phase two.

    Args:
        name: as written in a study.
        title: one line.
        form: defines head, loss and collation.
        source: source of its records.
        languages: BCP-47 codes of the texts.
        licence: licence of the data.
        citation: source of the data.
        at_hand: whether planning can read its records quickly: from a file of the user, or from a
            package.
    """

    name: str
    title: str
    form: FormSpec
    source: Source
    languages: tuple[str, ...]
    licence: str
    citation: str
    at_hand: bool = False

    @property
    def needs_data(self) -> bool:
        """Whether a study must name its data."""
        return False

    def with_data(self, data: Path) -> IntermediateTask:
        """The task on the files of a user.

        Args:
            data: a file or a folder.

        Raises:
            StudyError: the task brings its own data.
            DataError: the data cannot be used.
        """
        raise StudyError(
            f"task {self.name!r} brings its own data, but data {str(data)!r} was given",
            "no `data`, or a task that reads your own files (docs/own-data.md lists them)",
        )

    @property
    def pictures(self) -> bool:
        """Whether its records have pictures."""
        return self.form.facts.pictures is not None
