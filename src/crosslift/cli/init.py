"""The command `crosslift init`: a first study from your own files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.option_groups import with_options
from crosslift.cli.options import LanguagesOption, language_codes
from crosslift.cli.own_data_options import OwnTable, own_table_options
from crosslift.errors import StudyError


@with_options(table=own_table_options)
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
    *,
    table: OwnTable,
) -> None:
    """Write a first study of your own data: baseline, your arm, its control, held-out data.

    It reads your files, holds out a tenth of the rows to choose settings and a tenth to measure, and
    writes both beside the study. Change the study as you like, then `crosslift run` it.
    """
    from crosslift.artifacts.field_checks import name_like
    from crosslift.scaffold.first_study import first_study
    from crosslift.scaffold.own_data import look
    from crosslift.studies.reading import parse_study

    own = [look(path, table.columns, table.language) for path in data]
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
        languages=language_codes(languages),
        zero_shot=table.language in (None, "en"),
        base=out.parent,
    )
    text = study.text()
    parse_study(text, source=str(out))
    study.write_parts()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    typer.echo(f"\nWrote {out}, and what is held out in {folder}.\nNext: crosslift plan {out}")
    typer.echo(f"      crosslift run {out}")
