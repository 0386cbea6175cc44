"""The command `crosslift init`: a first study from your own files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import LanguagesOption, listed
from crosslift.errors import StudyError

DataLanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="CODE",
        help="Language of your texts, if they are not English and no column says it.",
    ),
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="ROLE=COLUMN",
        help="Columns of your table, such as: anchor=question,positive=answer.",
    ),
]


def init(
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA...",
            help="Your files: a table of pairs, pictures with captions, a folder of bitexts.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The study that is written.")
    ] = Path("mine.yaml"),
    model: Annotated[
        str, typer.Option("--model", metavar="M", help="`embedded`, a folder, or a hub name.")
    ] = "embedded",
    languages: LanguagesOption = None,
    language: DataLanguageOption = None,
    columns: ColumnsOption = None,
) -> None:
    """Write a first study of your own data: baseline, your arm, its control, what is held out.

    It looks at your files, holds a tenth of the rows out to choose settings on and a tenth to measure,
    and writes both beside the study. Change the study as you like, then `crosslift run` it.
    """
    from crosslift.artifacts.field_checks import name_like
    from crosslift.languages import code_meant
    from crosslift.scaffold.first_study import first_study
    from crosslift.scaffold.own_data import look
    from crosslift.studies.reading import parse_study

    bound = bound_columns(columns)
    code = str(code_meant(language)) if language else None
    own = [look(path, bound, code) for path in data]
    for each in own:
        typer.echo(each.words())
    if out.exists():
        raise StudyError(f"{out} exists", "a new file", "name another with `--out FILE`")
    folder = out.with_name(f"{out.stem}-data")
    study = first_study(
        name_like(out.stem),
        model,
        own,
        folder,
        languages=tuple(str(code_meant(each)) for each in listed(languages)),
        zero_shot=code in (None, "en"),
        base=out.parent,
    )
    text = study.text()
    parse_study(text, source=str(out))
    study.write_parts()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    typer.echo(f"\nWrote {out}, and what is held out in {folder}.\nNext: crosslift plan {out}")
    typer.echo(f"      crosslift run {out}")


def bound_columns(columns: list[str] | None) -> dict[str, str]:
    """Role -> column, from the option `--columns`."""
    bound = {}
    for part in listed(columns):
        role, equals, column = part.partition("=")
        if not (role and equals and column):
            raise typer.BadParameter(
                f"{part!r}: write ROLE=COLUMN, such as anchor=question", param_hint="--columns"
            )
        bound[role] = column
    return bound
