"""What a form of task states about itself, known without loading what computes it.

Planning, checks and lists look facts up here and never compare names of forms. Nothing in this module
loads torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crosslift.errors import StudyError, UnknownNameError
from crosslift.forms.placebos import Placebo
from crosslift.forms.study_options import Option

if TYPE_CHECKING:
    from crosslift.forms.form import Form

NeedsOthers = Callable[[Mapping[str, str], Mapping[str, Any]], bool]
"""From the columns that a form binds and its options to whether a record's only negatives are the other
records of its part of a batch."""


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a form whose records have pictures states. Nothing here has a default: a form that stated
    nothing would lose its scores on pictures without a word.

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
    """What a form states about itself.

    Args:
        name: as a study has it. The module of `crosslift.forms` with this name computes the form.
        class_name: of the form's class in that module.
        pictures: facts of a form whose records have pictures; None: its records have none.
        reads: what the loss reads of the encoder: pooled ``vectors``, which `cached_texts` can compute
            in several parts, or the states of ``tokens``.
        labelled: whether its records hold labels, captions or pairs, whose languages are then not
            zero-shot.
        texts_per_record: about how many texts of a dozen tokens one record is like, a guess for the
            expected time; None: as many as the form binds columns.
        learns_from_others: see `NeedsOthers`.
        placebo: gives a record a label that means nothing; None: the form has no placebo labels.
        untranslatable: why its records cannot be translated; None: they can.
        class_option: the option in which a dataset names its classes or tags; None: it has none.
        passage: the column in which the answers of a record (`spans`) lie; None: it has none.
        options: those that a study may change, by name. What a form binds, and what a dataset fixes
            (its labels, the scale of its grades), is not among them.
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
    class_option: str | None = None
    passage: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """Dotted name of the module that computes the form."""
        return f"crosslift.forms.{self.name.replace('-', '_')}"

    @property
    def shares_space(self) -> bool:
        """Whether its head puts pictures and texts into one space."""
        return self.pictures is not None and self.pictures.shared_space

    def form_class(self) -> Callable[..., Form]:
        """The class of the form (this loads torch)."""
        form_class: Callable[..., Form] = getattr(
            importlib.import_module(self.module), self.class_name
        )
        return form_class

    def check_translatable(self) -> None:
        """Raises where its records cannot be translated.

        Raises:
            StudyError: the reason.
        """
        if self.untranslatable is not None:
            raise StudyError(
                f"a {self.name} task cannot be translated: {self.untranslatable}",
                "a task of another form",
                "take `translate` out of this task",
            )

    def checked_options(self, task: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options as a study gives them, each in its own type.

        Args:
            task: name of the task, for errors.
            options: name -> value.

        Raises:
            UnknownNameError: the form has no such option.
            StudyError: a value of the wrong type or out of range; options of a form that has none.
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
