"""`crosslift store`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosslift.artifacts.store import Store
from crosslift.cli.output import console_for, write_json
from crosslift.results.command_output import (
    DamagedArtifact,
    HeldArtifact,
    PrunedStore,
    StoreContent,
    VerifiedStore,
)
from crosslift.steps import store_upkeep
from crosslift.steps.store_upkeep import Held, Pruning, check_all, held_in, unneeded_by
from crosslift.wording import duration, memory

_NO_STUDY = "no study"


def show(store: Path | None, json_to: str | None) -> None:
    """Prints the content of a store by kind and by study; as JSON, every artifact."""
    artifacts = Store(store)
    console = console_for(json_to)
    entries = held_in(artifacts)
    _print_table(console, "kind", {kind: _of_kind(entries, kind) for kind in _kinds(entries)})
    by_study: dict[str, list[Held]] = {}
    for each in entries:
        for name in each.studies or (_NO_STUDY,):
            by_study.setdefault(name, []).append(each)
    _print_table(console, "used by", by_study)
    console.print(
        f"{len(entries)} in all, {memory(sum(each.size for each in entries))}: {artifacts.root}"
    )
    content = StoreContent(store=str(artifacts.root), held=tuple(map(_record_of, entries)))
    write_json(content, json_to)


def prune(studies: list[str], store: Path | None, json_to: str | None, *, yes: bool) -> None:
    """Shows everything that none of the studies needs, and deletes it if the user confirms."""
    artifacts = Store(store)
    console = console_for(json_to)
    unneeded = unneeded_by(artifacts, studies)
    _print_entries(console, unneeded)
    total = f"{len(unneeded)} to delete, {memory(sum(each.size for each in unneeded))}"
    console.print(f"{total}: what {', '.join(studies)} did not use. Store: {artifacts.root}")
    confirmed = bool(unneeded) and (yes or _confirmed())
    pruning = store_upkeep.prune(artifacts, unneeded, studies) if confirmed else Pruning()
    if confirmed:
        _print_outcome(console, pruning)
    elif unneeded:
        console.print("nothing is deleted: answer yes, or give --yes")
    listed = pruning.deleted if confirmed else unneeded
    content = PrunedStore(
        store=str(artifacts.root),
        deleted=bool(pruning.deleted),
        held=tuple(map(_record_of, listed)),
        in_use=tuple(map(_record_of, pruning.in_use)),
        needed=tuple(map(_record_of, pruning.needed)),
    )
    write_json(content, json_to)


def _print_entries(console: Console, entries: Sequence[Held]) -> None:
    for each in entries:
        line = f"{each.kind} {each.key[:8]} {memory(each.size):>9}, {_age(each)} old"
        users = f", used by {', '.join(each.studies)}" if each.studies else ""
        useless = ", nothing reads or resumes it" if each.useless else ""
        console.print(Text.assemble(line, (f"  {each.label}{users}{useless}", "dim")))


def _print_outcome(console: Console, pruning: Pruning) -> None:
    if pruning.deleted:
        console.print("deleted")
    why = {
        "in use, stays: another process makes or uses it": pruning.in_use,
        "needed now, stays: a study has asked for it since": pruning.needed,
    }
    for reason, stays in why.items():
        if stays:
            console.print(f"{len(stays)} {reason}")
            _print_entries(console, stays)


def _confirmed() -> bool:
    return sys.stdin.isatty() and typer.confirm("Delete it?", err=True)


def verify(store: Path | None, json_to: str | None) -> None:
    """Checks every artifact; exits with 1 if one is damaged."""
    artifacts = Store(store)
    console = console_for(json_to)
    whole, faults = 0, []
    with console.status("checking"):
        for _, fault in check_all(artifacts):
            if fault is None:
                whole += 1
            else:
                faults.append(fault)
    for fault in faults:
        console.print(fault.error, soft_wrap=True)
    console.print(
        f"{whole} artifacts are as they were written, {len(faults)} are not: {artifacts.root}"
    )
    damaged = tuple(DamagedArtifact(path=str(f.path), error=str(f.error)) for f in faults)
    write_json(VerifiedStore(store=str(artifacts.root), whole=whole, damaged=damaged), json_to)
    if faults:
        raise typer.Exit(1)


def _print_table(console: Console, title: str, groups: dict[str, list[Held]]) -> None:
    table = Table(title, "artifacts", "size", "oldest", "newest")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, entries in groups.items():
        ages = sorted(entries, key=lambda each: each.written)
        size = memory(sum(each.size for each in entries))
        table.add_row(name, str(len(entries)), size, _age(ages[0]), _age(ages[-1]))
    console.print(table)


def _kinds(entries: Sequence[Held]) -> list[str]:
    return list(dict.fromkeys(each.kind for each in entries))


def _of_kind(entries: Sequence[Held], kind: str) -> list[Held]:
    return [each for each in entries if each.kind == kind]


def _age(entry: Held) -> str:
    seconds = max(0.0, time.time() - entry.written)
    return f"{seconds / 86400:.0f} days" if seconds >= 2 * 86400 else duration(seconds)


def _record_of(entry: Held) -> HeldArtifact:
    return HeldArtifact(
        kind=entry.kind,
        key=entry.key,
        label=entry.label,
        bytes=entry.size,
        written=entry.written,
        studies=entry.studies,
        useless=entry.useless,
    )
