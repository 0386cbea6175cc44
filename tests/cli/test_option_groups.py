"""Options that a group declares for a command."""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import pytest
import typer
from typer.testing import CliRunner

from crosslift.cli.encoder_options import encoder_options, side_prompt_options
from crosslift.cli.option_groups import with_options
from crosslift.cli.options import Model, ModelOption
from crosslift.cli.own_data_options import own_table_options
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts

if TYPE_CHECKING:
    from fractions import Fraction  # a class that only type checkers import

Name = Annotated[str, typer.Option("--name")]
Size = Annotated[int, typer.Option("--size")]
Last = Annotated[str, typer.Option("--last")]


def size(name: Name, size: Size = 3) -> Fraction:
    """Its value has the name of one of its options."""
    return f"{name} of {size}"  # type: ignore[return-value]


@with_options(size=size)
def measure(
    *, first: Annotated[str, typer.Option("--first")] = "a", size: Fraction, last: Last = "z"
) -> None:
    """Measure something."""
    typer.echo(f"{first}, {size}, {last}")


def outcome(command: object, *arguments: str) -> str:
    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_a_command_gets_the_value_that_a_group_makes() -> None:
    assert outcome(measure, "--name", "hall") == "a, hall of 3, z"
    every = ("--last", "q", "--size", "5", "--name", "hall", "--first", "b")
    assert outcome(measure, *every) == "b, hall of 5, q"


def test_options_of_a_group_are_listed_at_its_place_and_required_ones_first() -> None:
    assert list(inspect.signature(measure).parameters) == ["name", "first", "size", "last"]
    assert measure.__doc__ == "Measure something."


def test_options_of_two_groups_may_have_the_names_of_their_values() -> None:
    def other(last: Last = "z") -> str:
        return last.upper()

    @with_options(size=other, last=size)
    def both(*, size: str, last: Decimal) -> None:
        typer.echo(f"{size} {last}")

    assert outcome(both, "--name", "hall", "--last", "q") == "Q hall of 3"


@pytest.mark.parametrize(("model", "named"), [(Model, ["m"]), (ModelOption, ["--model", "m"])])
def test_the_options_of_an_encoder_make_its_settings(model: object, named: list[str]) -> None:
    made: list[object] = []

    @with_options(encoder=encoder_options(model), side_prompts=side_prompt_options)
    def read(*, encoder: EncoderSettings, side_prompts: SidePrompts) -> None:
        made.extend((encoder, side_prompts))

    outcome(read, *named, "--pooling", "mean", "--prompt-name-tgt", "query", "--dimensions", "8")
    assert made == [
        EncoderSettings(name="m", pooling="mean", dimensions=8),
        SidePrompts(prompt_name_tgt="query"),
    ]
    names = set(inspect.signature(read).parameters)
    fields = {*EncoderSettings.model_fields, *SidePrompts.model_fields}
    assert names == fields - {"name"} | {"model"}


def test_columns_with_commas_in_their_names_can_be_named() -> None:
    table = own_table_options(columns=["anchor=He left, then,positive=b", "group=c"])
    assert table.columns == {"anchor": "He left, then", "positive": "b", "group": "c"}
    with pytest.raises(typer.BadParameter, match="ROLE=COLUMN"):
        own_table_options(columns=["question"])
