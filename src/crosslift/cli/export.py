"""The command `crosslift export` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosslift.cli.option_groups import with_options
from crosslift.cli.options import Json
from crosslift.encoders.kinds import Backend, WeightPrecision

if TYPE_CHECKING:
    from crosslift.encoders.encoder_settings import SidePrompts


def _change(
    backend: Annotated[
        Backend,
        typer.Option(
            "--backend", help="onnx, openvino: a graph that runs without PyTorch's weights."
        ),
    ] = "torch",
    precision: Annotated[
        WeightPrecision,
        typer.Option(
            "--precision", help="Precision of the written weights. int8: with onnx and openvino."
        ),
    ] = "float32",
    dimensions: Annotated[
        int | None,
        typer.Option(
            "--dimensions", min=1, metavar="N", help="Keep the first N of each vector, scaled anew."
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            "--check",
            metavar="TARGET",
            help="Measure there what the export changes. Default: the run's first target of texts.",
        ),
    ] = None,
    allow_loss: Annotated[
        float,
        typer.Option(
            "--allow-loss", min=0, metavar="POINTS", help="Refuse an export that loses more there."
        ),
    ] = 0.3,
) -> dict[str, Any]:
    """The changes that the export makes, and the loss that it allows."""
    return locals()


def _prompts(
    prompt_src: Annotated[
        str | None,
        typer.Option(
            "--prompt-src", help="Prompt of queries in the folder's files. Default: as trained."
        ),
    ] = None,
    prompt_tgt: Annotated[
        str | None,
        typer.Option("--prompt-tgt", help="Prompt of documents. With either option, both are new."),
    ] = None,
) -> SidePrompts | None:
    """The prompts in the folder's files; None: as trained."""
    from crosslift.encoders.encoder_settings import SidePrompts

    prompts = SidePrompts(prompt_src=prompt_src, prompt_tgt=prompt_tgt)
    return prompts if prompts.side_prompts else None


@with_options(change=_change, prompts=_prompts)
def export(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    arm: Annotated[str, typer.Argument(metavar="ARM", help="Name of the arm.")],
    to: Annotated[Path, typer.Argument(metavar="TO", help="New folder for the model.")],
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Seed of the weights. Default: the arm's first seed."),
    ] = None,
    change: dict[str, Any],
    prompts: SidePrompts | None,
    push: Annotated[
        str | None,
        typer.Option(
            "--push",
            metavar="NAMESPACE/NAME",
            help="Upload the folder to this repository of the Hugging Face hub.",
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="With --push: the repository is private.")
    ] = False,
    json: Json = None,
) -> None:
    """Write an arm's encoder as a sentence-transformers folder with a model card; upload it on request.

    An export in another precision, for another backend, or with fewer dimensions is measured beside the
    encoder in float32.

    An upload needs a token of the hub: log in with `hf auth login`, or set HF_TOKEN.
    """
    from crosslift.model_files.upload import check_upload
    from crosslift.results.run_folder import RunFolder

    RunFolder.read(folder).arm(arm)
    if push is not None:
        check_upload(push)
    elif private:
        raise typer.BadParameter("there is no repository: give --push", param_hint="--private")
    from crosslift.cli import exporting  # takes seconds: after what may be wrong

    exporting.show(
        folder, arm, to, seed, json, **change, prompts=prompts, push=push, private=private
    )
