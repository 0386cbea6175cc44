"""The facts of a form of task, available without loading the module that computes it.

Planning, checks and lists use these facts and never compare names of forms. This module does not load
torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crosslift.errors import StudyError, UnknownNameError
from crosslift.forms.guesses import Guess
from crosslift.forms.placebos import Placebo
from crosslift.forms.study_options import Option

if TYPE_CHECKING:
    from crosslift.forms.form import Form

NeedsOthers = Callable[[Mapping[str, str], Mapping[str, Any]], bool]
"""Maps the columns that a form binds and its options to whether a record's only negatives are the other
records of its part of a batch."""


Partners = Literal["own", "wrong", "same-kind"]
"""The picture that a text is paired with."""

_TEMPERATURES = ("temperature", "first_temperature")
"""Options that set a temperature: one that stays, or the first value of a learned one."""


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """The facts of a form whose records have pictures. They have no defaults: otherwise, a form without
    them would silently lose its scores on pictures.

    Args:
        title: what its task does, in one line; the task on captioned pictures has the form's name.
        shared_space: whether its head puts pictures and texts into one space
            (`crosslift.forms.picture_side.SharedSpace`). Then targets with pictures are scored after
            training.
    """

    title: str
    shared_space: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFacts:
    """The facts of a form.

    Args:
        name: name of the form in a study.
        class_name: name of the form's class in that module.
        pictures: facts of a form whose records have pictures; None: its records have no pictures.
        reads: output of the encoder that the loss reads: pooled ``vectors``, which `cached_texts` can
            compute in several parts, or the states of ``tokens``.
        labelled: whether its records hold labels, captions or pairs, whose languages are then not
            zero-shot.
        texts_per_record: the cost of a record, in texts of a dozen tokens, as a guess for the expected
            time; None: the number of columns that the form binds.
        learns_from_others: see `NeedsOthers`.
        placebo: gives a record a label that means nothing; None: the form has no placebo labels.
        untranslatable: why its records cannot be translated; None: they can.
        guess: the best guess that reads no text; None: none is known to score anything, or the
            dev scores are losses or ranks.
        class_option: the option in which a dataset names its classes or tags; None: there is none.
        passage: the column that contains the answers of a record (`spans`); None: there is none.
        shares_batch: whether its loss works on the share of one rank of a batch, so that it trains on
            several devices (`crosslift.forms.form.StepLoss`).
        has_sides: whether its texts have two sides, src and tgt (queries and passages), each of which
            may have a prompt (`FormOptions.prompts`).
        options: options that a study may change, by name. They do not include what a form binds and
            what a dataset fixes (its labels, the scale of its grades).
        encoders: the options that name a further encoder, such as a guide, and the columns of the form
            whose texts it reads. Its files are part of what a training step is made from; steps before
            the training encode the texts (`FormOptions.kept`).
        computed_by: dotted name of the module that computes the form; None: the module of
            `crosslift.forms` with its name.
    """

    name: str
    class_name: str
    pictures: PictureFacts | None
    reads: Literal["vectors", "tokens"]
    labelled: bool
    texts_per_record: float | None
    learns_from_others: NeedsOthers
    placebo: Placebo | None
    untranslatable: str | None
    guess: Guess | None = None
    class_option: str | None = None
    passage: str | None = None
    shares_batch: bool = False
    has_sides: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    encoders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    computed_by: str | None = None

    @property
    def module(self) -> str:
        """Dotted name of the module that computes the form."""
        return self.computed_by or f"crosslift.forms.{self.name.replace('-', '_')}"

    @property
    def shares_space(self) -> bool:
        """Whether its head puts pictures and texts into one space."""
        return self.pictures is not None and self.pictures.shared_space

    @property
    def temperature(self) -> str | None:
        """The option that sets the temperature of its contrastive loss; None: it has none."""
        return next((name for name in _TEMPERATURES if name in self.options), None)

    def form_class(self) -> Callable[..., Form]:
        """The class of the form (this loads torch)."""
        form_class: Callable[..., Form] = getattr(
            importlib.import_module(self.module), self.class_name
        )
        return form_class

    def check_translatable(self) -> None:
        """Raises if its records cannot be translated.

        Raises:
            StudyError: the reason.
        """
        if self.untranslatable is not None:
            raise StudyError(
                f"a {self.name} task cannot be translated: {self.untranslatable}",
                "a task of another form",
                "remove `translate` from this task",
            )

    def checked_options(self, task: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a study, each converted to its type.

        Args:
            task: name of the task, for errors.
            options: name -> value.

        Raises:
            UnknownNameError: the form has no such option.
            StudyError: a value has the wrong type or is out of range, or the form has no options.
        """
        if options and not self.options:
            raise StudyError(
                f"task {task!r} is a {self.name} task, which has no options, but `options` names "
                f"{', '.join(options)}",
                "no `options`",
            )
        for name, value in options.items():
            if name not in self.options:
                raise UnknownNameError(f"option of the {self.name} task {task}", name, self.options)
            if not self.options[name].accepts(value):
                raise StudyError(
                    f"option {name} of task {task!r} is {value!r}", self.options[name].expected
                )
        return {name: self.options[name].value(value) for name, value in options.items()}
