"""Groups of options: a function declares options, and a command gets the value that they make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any

Group = Callable[..., Any]
"""A function whose parameters are options. It returns the value that they make together."""


def with_options(**groups: Group) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replaces parameters of a command by the options of groups.

    The help lists the options of a group at the place of the parameter, and those without a default
    before all others.

    Args:
        groups: parameter of the command -> the group that makes its value. Groups run in this order.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        options = {name: _parameters(group) for name, group in groups.items()}

        @functools.wraps(command)
        def run(**values: Any) -> None:
            made = {
                name: group(**{each.name: values.pop(each.name) for each in options[name]})
                for name, group in groups.items()
            }
            command(**values, **made)

        required: list[inspect.Parameter] = []
        others: list[inspect.Parameter] = []
        for parameter in _parameters(command, besides=groups):
            if parameter.name not in groups:
                others.append(parameter)
                continue
            for option in options[parameter.name]:
                (required if option.default is option.empty else others).append(option)
        listed = [*required, *others]
        run.__annotations__ = {each.name: each.annotation for each in listed}
        run.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
        return run

    return decorate


def _parameters(
    function: Callable[..., Any], besides: Collection[str] = ()
) -> list[inspect.Parameter]:
    """The parameters of a function, as keyword parameters, with their annotations evaluated.

    Args:
        function: the function. The annotation of its result is not evaluated: only type checkers may
            know its class.
        besides: names of further parameters whose annotations are not evaluated.
    """

    @functools.wraps(function)
    def evaluated() -> None: ...

    evaluated.__annotations__ = {  # inspect evaluates all annotations of a function or none
        name: annotation
        for name, annotation in function.__annotations__.items()
        if name not in (*besides, "return")
    }
    annotations = function.__annotations__ | inspect.get_annotations(evaluated, eval_str=True)
    return [
        each.replace(kind=each.KEYWORD_ONLY, annotation=annotations[name])
        for name, each in inspect.signature(function).parameters.items()
    ]
