"""The options of an encoder, declared once for every command that takes one.

A command has a parameter ``encoder: EncoderSettings``, and may have ``side_prompts: SidePrompts``;
`with_encoder_options` replaces them by the options that make them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from crosslift.cli.options import MaxTokensOption, PrecisionOption, RevisionOption
from crosslift.encoders.kinds import Pooling

_NAMED = "a prompt that the model's own files name, such as query"


def _encoder(
    pooling: Annotated[
        Pooling | None,
        typer.Option("--pooling", help="Default: as the model's own files say, else mean."),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", help="Put before every text. Default: the model's own."),
    ] = None,
    prompt_name: Annotated[
        str | None,
        typer.Option("--prompt-name", metavar="NAME", help=f"Instead of its text, {_NAMED}."),
    ] = None,
    hidden_state: Annotated[
        int | None,
        typer.Option("--hidden-state", min=0, help="0 is the embedding output. Default: the last."),
    ] = None,
    max_tokens: MaxTokensOption = None,
    dimensions: Annotated[
        int | None,
        typer.Option(
            "--dimensions",
            min=1,
            help="Cut vectors to their first numbers, of models trained for it (Matryoshka). Default: "
            "as the model's own files say, else whole.",
        ),
    ] = None,
    revision: RevisionOption = None,
    precision: PrecisionOption = "auto",
) -> dict[str, Any]:
    return locals()


def _side_prompts(
    prompt_src: Annotated[
        str | None, typer.Option("--prompt-src", help="For the src texts only. Default: --prompt.")
    ] = None,
    prompt_tgt: Annotated[
        str | None, typer.Option("--prompt-tgt", help="For the tgt texts only. Default: --prompt.")
    ] = None,
    prompt_name_src: Annotated[
        str | None,
        typer.Option(
            "--prompt-name-src", metavar="NAME", help=f"For the src texts only, {_NAMED}."
        ),
    ] = None,
    prompt_name_tgt: Annotated[
        str | None,
        typer.Option(
            "--prompt-name-tgt", metavar="NAME", help=f"For the tgt texts only, {_NAMED}."
        ),
    ] = None,
) -> dict[str, Any]:
    return locals()


_GROUPS: dict[str, Callable[..., dict[str, Any]]] = {
    "encoder": _encoder,
    "side_prompts": _side_prompts,
}


def with_encoder_options(model: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a command's parameters ``encoder`` and, if it has one, ``side_prompts`` from options.

    Args:
        model: annotation of the parameter that names the encoder; it comes first.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        declared = inspect.signature(command).parameters
        groups = {
            name: inspect.signature(options, eval_str=True).parameters
            for name, options in _GROUPS.items()
            if name in declared
        }

        @functools.wraps(command)
        def run(**values: Any) -> None:
            from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts

            options = {
                name: {option: values.pop(option) for option in groups[name]} for name in groups
            }
            values["encoder"] = EncoderSettings(name=values.pop("model"), **options["encoder"])
            if "side_prompts" in options:
                values["side_prompts"] = SidePrompts(**options["side_prompts"])
            command(**values)

        run.__annotations__ = {n: a for n, a in command.__annotations__.items() if n not in groups}
        annotations = inspect.get_annotations(run, eval_str=True)
        parameters = [inspect.Parameter("model", inspect.Parameter.KEYWORD_ONLY, annotation=model)]
        for name, parameter in declared.items():
            if name in groups:
                parameters += groups[name].values()
            else:
                parameters.append(parameter.replace(annotation=annotations[name]))
        signature = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        run.__annotations__ = {p.name: p.annotation for p in signature}
        run.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
        return run

    return decorate
