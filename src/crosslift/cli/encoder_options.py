"""The options of an encoder, declared once for every command that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosslift.cli.option_groups import Group
from crosslift.cli.options import MaxTokensOption, PrecisionOption, RevisionOption
from crosslift.encoders.kinds import Pooling

if TYPE_CHECKING:
    from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts

_NAMED = "a prompt that the model's own files name, such as query"


def encoder_options(model: Any) -> Group:
    """A group that makes `EncoderSettings`.

    Args:
        model: annotation of the parameter that names the encoder.
    """

    def encoder(
        model: str,
        pooling: Annotated[
            Pooling | None,
            typer.Option("--pooling", help="Default: as the model's own files say, else mean."),
        ] = None,
        prompt: Annotated[
            str | None,
            typer.Option("--prompt", help="Text before every text. Default: the model's own."),
        ] = None,
        prompt_name: Annotated[
            str | None,
            typer.Option("--prompt-name", metavar="NAME", help=f"Instead of its text, {_NAMED}."),
        ] = None,
        hidden_state: Annotated[
            int | None,
            typer.Option(
                "--hidden-state", min=0, help="0 is the embedding output. Default: the last."
            ),
        ] = None,
        max_tokens: MaxTokensOption = None,
        dimensions: Annotated[
            int | None,
            typer.Option(
                "--dimensions",
                min=1,
                help="Cut vectors to their first numbers, of models trained for it (Matryoshka). "
                "Default: as the model's own files say, else whole.",
            ),
        ] = None,
        revision: RevisionOption = None,
        precision: PrecisionOption = "auto",
    ) -> EncoderSettings:
        from crosslift.encoders.encoder_settings import EncoderSettings

        return EncoderSettings(
            name=model,
            pooling=pooling,
            prompt=prompt,
            prompt_name=prompt_name,
            hidden_state=hidden_state,
            max_tokens=max_tokens,
            dimensions=dimensions,
            revision=revision,
            precision=precision,
        )

    encoder.__annotations__["model"] = model
    return encoder


def side_prompt_options(
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
) -> SidePrompts:
    """A group that makes the prompts of the two sides of texts in pairs."""
    from crosslift.encoders.encoder_settings import SidePrompts

    return SidePrompts(
        prompt_src=prompt_src,
        prompt_tgt=prompt_tgt,
        prompt_name_src=prompt_name_src,
        prompt_name_tgt=prompt_name_tgt,
    )
