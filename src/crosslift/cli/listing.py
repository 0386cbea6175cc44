"""`crosslift tasks`, `targets`, `report` and `export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from crosslift.cli.output import console_for, write_json
from crosslift.results.command_output import ExportedArm, TargetEntry, TaskEntry
from crosslift.results.result_record import ResultRecord

_CAPTIONS = "your data, a dataset of the hub, or without either the pictograms"


def tasks(json_to: str | None) -> None:
    """Prints the intermediate tasks."""
    from crosslift.forms.declared_forms import FORMS
    from crosslift.tasks.all_tasks import TASKS, legal_options, needs_data
    from crosslift.tasks.own_files import OWN_FILE_TASKS
    from crosslift.tasks.word_pairs import FORM, NAME, TITLE

    rows = [
        TaskEntry(
            name=task.name,
            form=task.form.name,
            title=task.title,
            languages=tuple(task.languages),
            options=tuple(legal_options(task.name)),
            needs_data=needs_data(task.name),
            licence=task.licence,
            citation=task.citation,
        )
        for task in TASKS.values()
    ]
    own_files = [
        (name, name, task.title, True, "of your file", "your file")
        for name, task in OWN_FILE_TASKS.items()
    ]
    captioned = [
        (form, form, facts.pictures.title, False, "of your data", _CAPTIONS)
        for form, facts in FORMS.items()
        if facts.pictures is not None
    ]
    lexicon = [(NAME, FORM.name, TITLE, True, "of your lexicon", "your lexicon")]
    rows += [
        TaskEntry(
            name=name,
            form=form,
            title=title,
            languages=(),
            options=tuple(legal_options(name)),
            needs_data=needed,
            licence=licence,
            citation=citation,
        )
        for name, form, title, needed, licence, citation in (*own_files, *captioned, *lexicon)
    ]
    _print(rows, ("name", "form", "title", "licence"), json_to)


def targets(json_to: str | None) -> None:
    """Prints the target tasks."""
    from crosslift.targets.all_targets import TARGETS

    rows = [
        TargetEntry(
            name=target.name,
            kind=target.kind,
            title=target.title,
            description=target.description,
            metric=target.metric,
            protocols=tuple(protocol.id for protocol in (*target.protocols, *target.others)),
            languages=tuple(target.languages or ()),
            needs_data=target.needs_data,
            licence=target.licence,
            citation=target.citation,
        )
        for target in TARGETS.values()
    ]
    _print(rows, ("name", "kind", "description", "metric", "licence"), json_to)


def _print(rows: Sequence[ResultRecord], columns: Sequence[str], json_to: str | None) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(getattr(row, column)) for column in columns))
    console_for(json_to).print(table)
    write_json(rows, json_to)


def report(folder: Path, json_to: str | None) -> None:
    """Writes a run's report again."""
    from crosslift.results.run_folder import RunFolder

    RunFolder.read(folder)
    from crosslift.cli.printed_run import outcome, print_run  # takes a second: after wrong paths
    from crosslift.reports.html import write_report

    console = console_for(json_to)
    path = write_report(folder)
    run = RunFolder.read(folder)
    print_run(console, run)
    console.print(Text.assemble("\nReport: ", (str(path), "bold")))
    write_json(outcome(run, path), json_to)


def export(folder: Path, arm: str, to: Path, seed: int | None, json_to: str | None) -> None:
    """Writes an arm's encoder as a sentence-transformers folder."""
    from crosslift.api.session import export_arm

    console = console_for(json_to)
    with console.status(Text(f"writing {to}")):
        path = export_arm(folder, arm, to, seed)
    console.print(f"{path}: load it with SentenceTransformer({str(path)!r})")
    write_json(ExportedArm(arm=arm, folder=str(path)), json_to)
