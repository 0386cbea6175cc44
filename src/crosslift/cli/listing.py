"""`crosslift tasks`, `targets` and `report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from crosslift.cli.output import console_for, write_json
from crosslift.errors import CrossLiftError, DataError, UnknownNameError
from crosslift.results.command_output import TargetEntry, TaskEntry

if TYPE_CHECKING:
    from crosslift.extensions.registry import Registry
    from crosslift.targets.target import Target

_DATA_OPTION = "`--data DIR` (in a study: `data: DIR`) with "
_CAPTIONS = "your data, a dataset of the hub, or without either the pictograms"


def tasks(json_to: str | None, name: str | None = None) -> None:
    """Prints the intermediate tasks, or all facts of one.

    Raises:
        UnknownNameError: there is no task with the name.
    """
    _print(_task_entries(), ("name", "form", "title", "licence"), json_to, "task", name)


def _task_entries() -> list[TaskEntry]:
    from crosslift.forms.declared_forms import FORMS
    from crosslift.sources.published import PublishedData
    from crosslift.tasks.all_tasks import TASKS, legal_options, needs_data
    from crosslift.tasks.own_files import OWN_FILE_TASKS
    from crosslift.tasks.word_pairs import FORM, NAME, TITLE

    rows = []
    for task in TASKS.values():
        files = task.source.files if isinstance(task.source, PublishedData) else None
        rows.append(
            TaskEntry(
                name=task.name,
                form=task.form.name,
                title=task.title,
                languages=tuple(task.languages),
                options=tuple(legal_options(task.name)),
                needs_data=needs_data(task.name),
                files=files.names if files else "",
                link=files.where if files else "",
                licence=task.licence,
                citation=task.citation,
                package=_package(TASKS, task.name),
            )
        )
    own_files = [
        (name, name, task.title, True, "of your file", "your file")
        for name, task in OWN_FILE_TASKS.items()
    ]
    captioned = [
        (form, form, facts.pictures.title, False, "of your data", _CAPTIONS)
        for form, facts in FORMS.ours.items()
        if facts.pictures is not None
    ]
    lexicon = [(NAME, FORM.name, TITLE, True, "of your lexicon", "your lexicon")]
    return rows + [
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


def targets(json_to: str | None, name: str | None = None) -> None:
    """Prints the target tasks, or all facts of one.

    Raises:
        UnknownNameError: there is no target with the name.
    """
    from crosslift.targets.all_targets import TARGETS

    families = [f"{prefix}NAME" for prefix in TARGETS.families]
    if name is not None and name in TARGETS and name not in list(TARGETS):
        families = [name]
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
            files=_files_of(target),
            licence=target.licence,
            citation=target.citation,
            package=_package(TARGETS, target.name),
        )
        for target in (*TARGETS.values(), *map(TARGETS.__getitem__, families))
    ]
    columns = ("name", "kind", "description", "metric", "licence")
    _print(rows, columns, json_to, "target", name)


def _files_of(target: Target[Any, Any]) -> str:
    """The layout of a target's data, as its reader describes it if there are no data."""
    if not target.needs_data:
        return ""
    try:
        target.load(target.settings(name=target.name))
    except CrossLiftError as error:
        return (error.expected or "").removeprefix(_DATA_OPTION)
    return ""


def _package(registry: Registry[Any], name: str) -> str:
    """The package or module that declares a name; empty: CrossLift itself."""
    origin = registry.origin(name)
    return "" if origin is None else origin.words


def _print(
    rows: Sequence[TaskEntry | TargetEntry],
    columns: Sequence[str],
    json_to: str | None,
    what: str,
    name: str | None,
) -> None:
    console = console_for(json_to)
    if name is None:
        table = Table()
        packages = ("package",) if any(row.package for row in rows) else ()
        columns = (*columns, *packages)
        for column in columns:
            table.add_column(column, no_wrap=column == "name")
        for row in rows:
            table.add_row(*(str(getattr(row, column)) for column in columns))
        console.print(table)
        write_json(rows, json_to)
        return
    by_name = {row.name: row for row in rows}
    if name not in by_name:
        raise UnknownNameError(what, name, by_name, f"crosslift {what}s")
    for field, value in by_name[name].to_json().items():
        words = ", ".join(value) if isinstance(value, list) else value
        if words not in ("", False):
            words = "yes" if words is True else words
            console.print(Text.assemble((field.replace("_", " "), "bold"), f": {words}"))
    write_json(by_name[name], json_to)


def report(folder: Path, json_to: str | None) -> None:
    """Writes a run's report again; for an unfinished run, a partial report."""
    from crosslift.results.partial_run import UNFINISHED_FILE
    from crosslift.results.run_folder import REPORT, RunFolder

    if (folder / UNFINISHED_FILE).is_file():
        _update_partial(folder)
    run = RunFolder.read(folder)
    from crosslift.analysis.unchanged_folder import note_written, report_is_current
    from crosslift.cli.printed_run import outcome, print_run

    console = console_for(json_to)
    path = folder / REPORT
    if not report_is_current(folder):
        from crosslift.reports.html import write_report  # loads matplotlib

        path = write_report(folder)
        note_written(folder)
    print_run(console, run)
    console.print(Text.assemble("\nReport: ", (str(path), "bold")))
    write_json(outcome(run, path), json_to)


def _update_partial(folder: Path) -> None:
    """Writes the finished part of a run; if that is too little, the files of an earlier run stay."""
    from crosslift.analysis.partial_run import write_partial_run  # takes seconds: reads the data

    if write_partial_run(folder) is None and not (folder / "run.json").is_file():
        raise DataError(
            f"too little of the run in {folder} is finished",
            "the baseline and one more arm, finished with one seed",
            "give the command of the run again to resume it",
        )
