"""`crosslift mine`."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import TextColumn
from rich.table import Table
from rich.text import Text

from crosslift.artifacts.progress import Phase, Silent
from crosslift.artifacts.store import Store
from crosslift.cli.output import bar_for, console_for, write_json
from crosslift.mining.job import mine_files, plan_of_files
from crosslift.mining.mining_settings import MiningSettings
from crosslift.results.mined_files import (
    MiningOutcome,
    MiningPlan,
    MiningPlanOnly,
    SideCounts,
    Threshold,
)
from crosslift.wording import about_duration, count, duration, memory, rounded_count, share

_SECONDS_BETWEEN_LINES = 60.0


def show(
    settings: MiningSettings, plan_only: bool, store: Path | None, json_to: str | None
) -> None:
    """Mines two files, or plans to, and prints what came of it."""
    console = console_for(json_to)
    kept = Store(store)
    with MiningProgress(console) as progress:
        if plan_only:
            plan = plan_of_files(settings, kept, progress)
            progress.show_plan(plan)
            write_json(MiningPlanOnly(plan=plan), json_to)
            return
        outcome = mine_files(settings, kept, progress, progress.show_plan)
    _print(console, outcome)
    write_json(outcome, json_to)


class MiningProgress(Silent[Phase]):
    """Live progress of a mining job; where there is no terminal, a line now and then.

    Args:
        console: to show it on.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = bar_for(console, TextColumn("{task.fields[pace]}"), transient=True)
        self._task = self._bar.add_task("", total=None, pace="", visible=False)
        self._phase = Phase("reading", "lines")
        self._done = self._began = self._told = 0.0

    def __enter__(self) -> MiningProgress:
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.__exit__(kind, error, trace)

    def show_plan(self, plan: MiningPlan) -> None:
        """Prints the plan."""
        for line in plan_lines(plan):
            self._print(line)

    def begin(self, work: Phase) -> None:
        """A phase begins."""
        self._phase, self._done = work, work.done
        self._began = self._told = time.monotonic()
        self._bar.reset(
            self._task,
            total=work.total or None,
            completed=int(work.done),
            description=work.name,
            visible=True,
        )

    def advance(self, done: float) -> None:
        """So much of the phase is done."""
        self._done = done
        self._bar.update(self._task, completed=done, pace=self.pace())
        if not self._console.is_terminal and self._due():
            self._print(f"{self._phase.name}: {self.pace()}")

    def end(self, work: Phase, seconds: float) -> None:
        """The phase is over."""
        self._bar.update(self._task, visible=False)
        if work.name != "reading" and self._done > work.done:
            done = f"{rounded_count(self._done - work.done)} {work.unit} in {duration(seconds)}"
            self._print(Text.assemble(("done", "green"), f" {work.name}: {done}, {self._rate()}"))

    def pace(self) -> str:
        """How far, how fast and how long yet, in words."""
        total = self._phase.total
        if not total:
            return f"{count(self._done)} {self._phase.unit}"
        speed = self._speed()
        seconds = (total - self._done) / speed if speed else None
        left = "" if seconds is None else f", {about_duration(seconds)} left"
        far = "" if self._console.is_terminal else f"{share(self._done / total, 1)}, "
        return f"{far}{self._rate()}{left}"

    def _print(self, text: str | Text) -> None:
        self._console.print(text, soft_wrap=True)

    def _speed(self) -> float:
        seconds = time.monotonic() - self._began
        return (self._done - self._phase.done) / seconds if seconds > 0 else 0.0

    def _rate(self) -> str:
        return f"{rounded_count(self._speed())} {self._phase.unit}/s"

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._told < _SECONDS_BETWEEN_LINES:
            return False
        self._told = now
        return True


def plan_lines(plan: MiningPlan) -> list[str]:
    """The plan in words, a line each."""
    src, tgt = plan.texts["src"], plan.texts["tgt"]
    standing = src + tgt - plan.to_encode
    resumed = f", {plan.rows_searched:,} src texts searched before" if plan.rows_searched else ""
    largest = max(plan.memory_bytes, key=lambda phase: plan.memory_bytes[phase])
    encoding, searching = _expected(plan.encode_seconds), _expected(plan.search_seconds)
    return [
        f"{src:,} src texts x {tgt:,} tgt texts, vectors of {plan.width}, "
        f"{plan.search} search{resumed}",
        f"encoding: {plan.to_encode:,} texts ({standing:,} stand in the store), {encoding}; "
        f"searching: {searching}",
        f"memory: at most about {memory(plan.peak_memory_bytes)} (while {largest}); "
        f"store: {memory(plan.store_bytes)}",
    ]


def _expected(seconds: float | None) -> str:
    if seconds is None:
        return "for a time that is not known yet"
    return about_duration(seconds)


def threshold_words(threshold: Threshold) -> str:
    """The threshold and where it comes from."""
    if threshold.value is None:
        return "threshold: none, every pair is written"
    told = f"threshold: {threshold.value:.6g}"
    if threshold.source == "given":
        return f"{told}, as given"
    reached = "unknown" if threshold.precision is None else share(threshold.precision, 1)
    wanted = share(threshold.target_precision or 0.0, 1)
    if threshold.source == "gold":
        return (
            f"{told}, fitted to {wanted} on {threshold.compared:,} pairs that the gold labels "
            f"({reached} of these are true)"
        )
    return (
        f"{told}, estimated to give {wanted} ({reached}) from the second-best candidates of "
        f"{threshold.compared:,} texts: no measurement, see --target-precision in the help"
    )


def _print(console: Console, outcome: MiningOutcome) -> None:
    table = Table("", "src", "tgt")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in SideCounts.model_fields:
        counts = [getattr(outcome.sides[side], name) for side in ("src", "tgt")]
        if name in ("lines", "mined") or any(counts):
            table.add_row(name.replace("_", " "), *(f"{count:,}" for count in counts))
    console.print(table)
    pairs = outcome.pairs
    told = f"{pairs.mined:,} pairs"
    if pairs.unequal_lengths:
        told += f", {pairs.unequal_lengths:,} of too unequal lengths"
    if pairs.below_threshold:
        told += f", {pairs.below_threshold:,} below the threshold"
    console.print(f"{told}; {threshold_words(outcome.threshold)}", soft_wrap=True)
    recall = outcome.search.recall
    if recall is not None:
        console.print(
            f"recall of the {outcome.search.kind} search on {recall.sampled:,} queries each way: "
            f"{share(recall.src_to_tgt, 1)} src to tgt, {share(recall.tgt_to_src, 1)} tgt to src",
            soft_wrap=True,
        )
    written = Text.assemble(
        (f"{pairs.written:,}", "bold"),
        f" pairs in {pairs.rows:,} rows: ",
        (str(outcome.settings["out"]), "bold"),
        (f" ({duration(sum(outcome.seconds.values()))})", "dim"),
    )
    console.print(written, soft_wrap=True)
