"""`crosslift explore RUN --serve`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crosslift.artifacts.store import Store
from crosslift.cli.live_progress import PhaseBar
from crosslift.cli.output import console_for, warn
from crosslift.live.options import LiveOptions, token_of
from crosslift.live.page import page_of_run
from crosslift.live.server import bound, open_live, serve


def show(options: LiveOptions, store: Path | None) -> None:
    """Serves a run until Ctrl-C, and prints the address of its page."""
    console = console_for(None)
    progress = PhaseBar(console, "reading the run")
    token = token_of(options)
    with bound(options) as (listening, address):
        with progress.bar:
            page = page_of_run(options.run, token=token is not None)
            live = open_live(options, page, Store(store) if store else None, progress)
        for arm, reason in live.run.missing.items():
            warn(console, "Warning:", f"arm {arm} is left out: {reason}")
        for note in (*live.notes, *(note for pool in live.pools.values() for note in pool.notes)):
            warn(console, "Note:", note)
        shown = f"{address}{'' if token is None else f'?token={token}'}#view=live"

        def say(stop: Callable[[], None]) -> None:
            del stop
            console.print(f"\n{shown}", soft_wrap=True)
            if not options.is_local:
                console.print("Everyone with this address can search; traffic is not encrypted.")
            console.print("Ctrl-C ends it.")

        serve(live, options, token, listening, say)
    console.print("ended")
