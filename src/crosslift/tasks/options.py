"""Options of the forms that a study may change, known without loading what computes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from crosslift.errors import StudyError, UnknownNameError
from crosslift.tasks.task import FormName


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a form.

    Args:
        kind: type of its values; a float may be written as a whole number.
        expected: the legal values, as an error tells them.
        within: whether a value of that type is legal; None: every one is.
        none: whether it may be none.
    """

    kind: type[bool] | type[int] | type[float] | type[str]
    expected: str
    within: Callable[[Any], bool] | None = None
    none: bool = False

    def accepts(self, value: object) -> bool:
        """Whether a value, as YAML gives it, is legal. True is no number, and 1 is not True."""
        if value is None:
            return self.none
        kinds = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(value, kinds) or isinstance(value, bool) != (self.kind is bool):
            return False
        if isinstance(value, float) and not isfinite(value):
            return False
        return self.within is None or self.within(value)

    def value(self, value: Any) -> Any:
        """A legal value in the option's own type."""
        return float(value) if self.kind is float and value is not None else value


_SHARE = Option(float, "a number above 0 and at most 1", lambda value: 0 < value <= 1)
_ABOVE_0 = Option(float, "a number above 0", lambda value: value > 0)
_COUNT = Option(int, "a whole number of 1 or more", lambda value: value >= 1)
_FLAG = Option(bool, "true or false")


def _one_of(*names: str, none: bool = False) -> Option:
    legal = " or ".join([*names, *(["null"] if none else [])])
    return Option(str, legal, lambda value: value in names, none=none)


_TOWER = {
    "tower": Option(str, "embedded, convolutional, a folder, a hub name, or timm:NAME", bool),
    "tower_revision": Option(str, "a commit, tag or branch, or null", bool, none=True),
    "tower_weights": _one_of("published", "random"),
    "tower_side": _one_of("trainable", "frozen", none=True),
    "picture_size": Option(
        int, "a whole number of 8 or more, in pixels, or null", lambda value: value >= 8, none=True
    ),
}
_AUGMENTATION = _one_of("drawing", "photo", "none")

OPTIONS: Mapping[FormName, Mapping[str, Option]] = {
    "classification": {},
    "caption-to-feature": {
        **_TOWER,
        "teacher": _one_of("pictures", "captions"),
        "loss": _one_of("cosine", "mse", "softmax"),
        "shared_space": _FLAG,
    },
    "image-masked-lm": {
        **_TOWER,
        "augmentation": _AUGMENTATION,
        "masked_share": _SHARE,
        "whole_words": _FLAG,
    },
    "image-text": {
        **_TOWER,
        "augmentation": _AUGMENTATION,
        "loss": _one_of("softmax", "sigmoid"),
        "first_temperature": Option(
            float, "a number above 0, or null", lambda value: value > 0, none=True
        ),
    },
    "image-text-matching": {
        **_TOWER,
        "augmentation": _AUGMENTATION,
        "loss": _one_of("softmax"),
        "matching_weight": _ABOVE_0,
        "first_temperature": Option(
            float, "a number above 0, or null", lambda value: value > 0, none=True
        ),
    },
    "masked-lm": {
        "masked_share": _SHARE,
        "whole_words": _FLAG,
        "language_temperature": Option(
            float, "a number of 1 or more, or null", lambda value: value >= 1, none=True
        ),
    },
    "multiple-choice": {},
    "regression": {
        "head": Option(str, "cosine or pair", lambda value: value in ("cosine", "pair"))
    },
    "span-qa": {"stride": _COUNT, "longest_answer": _COUNT},
    "tagging": {},
    "text-pairs": {
        "loss": _one_of("softmax", "triplet"),
        "temperature": _ABOVE_0,
        "margin": _ABOVE_0,
        "hidden_state": Option(
            int, "a whole number of 0 or more, or null", lambda value: value >= 0, none=True
        ),
        "hard_negatives": _one_of("none", "string", "embedding"),
        "one_of_a_group": _FLAG,
    },
}
"""Name of the form -> its options by name. What a form binds, and what a dataset fixes (its labels,
the scale of its grades, the size of its pictures), is not among them."""


def checked_options(
    task: str, form: FormName, options: Mapping[str, Any]
) -> dict[str, bool | int | float | str | None]:
    """Options of a form as a study gives them, each in its own type.

    Args:
        task: name of the task, for errors.
        form: name of its form.
        options: name -> value.

    Raises:
        UnknownNameError: the form has no such option.
        StudyError: a value of the wrong type or out of range; options of a form that has none.
    """
    legal = OPTIONS[form]
    if options and not legal:
        raise StudyError(
            f"task {task!r} is a {form} task, which has no options, but `options` names "
            f"{', '.join(options)}",
            "no `options`",
        )
    for name, value in options.items():
        if name not in legal:
            raise UnknownNameError(f"option of the {form} task {task}", name, legal)
        if not legal[name].accepts(value):
            raise StudyError(f"option {name} of task {task!r} is {value!r}", legal[name].expected)
    return {name: legal[name].value(value) for name, value in options.items()}
