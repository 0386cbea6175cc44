"""The options of your own data, declared once for every command that has them."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

import typer


class OwnTable(NamedTuple):
    """The values of the options about your files.

    Args:
        language: code of the language of the texts; None: English, or the language in a column.
        columns: role -> column.
    """

    language: str | None
    columns: dict[str, str]


def own_table_options(
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            metavar="CODE",
            help="Language of your texts, if they are not English and no column says it.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            metavar="ROLE=COLUMN",
            help="Columns of your table, such as: anchor=question,positive=answer.",
        ),
    ] = None,
) -> OwnTable:
    """A group that makes an `OwnTable`.

    Raises:
        BadParameter: a part of `--columns` is not ROLE=COLUMN.
    """
    from crosslift.languages import code_meant

    bound = {}
    for part in re.split(r",(?=\s*\w+=)", ",".join(columns)) if columns else ():
        role, equals, column = part.strip().partition("=")
        if not (role and equals and column):
            raise typer.BadParameter(
                f"{part!r}: write ROLE=COLUMN, such as anchor=question", param_hint="--columns"
            )
        bound[role] = column
    return OwnTable(str(code_meant(language)) if language else None, bound)
