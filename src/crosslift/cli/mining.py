"""`crosslift mine`."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.progress import TextColumn
from rich.table import Table
from rich.text import Text

from crosslift.artifacts.progress import Phase, Silent
from crosslift.artifacts.store import Store
from crosslift.cli.output import ShowsBar, bar_for, console_for, write_json
from crosslift.engines.crew import Engine
from crosslift.errors import shorten
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

_BAR = 30
_LETTERS = 60
_SECONDS_BETWEEN_LINES = 60.0


def show(
    settings: MiningSettings,
    plan_only: bool,
    store: Path | None,
    json_to: str | None,
    engine: Engine | None = None,
) -> None:
    """Mines two files, or plans to, and prints the outcome."""
    console = console_for(json_to)
    artifacts = Store(store)
    with MiningProgress(console) as progress:
        if plan_only:
            workers = 1 if engine is None else engine.workers
            plan = plan_of_files(settings, artifacts, progress, workers)
            progress.show_plan(plan)
            write_json(MiningPlanOnly(plan=plan), json_to)
            return
        outcome = mine_files(settings, artifacts, progress, progress.show_plan, engine)
    _print(console, outcome)
    write_json(outcome, json_to)


class MiningProgress(ShowsBar, Silent[Phase]):
    """Live progress of a mining job; without a terminal, a line now and then.

    Args:
        console: console to show it on.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = bar_for(console, TextColumn("{task.fields[pace]}"), transient=True)
        self._task = self._bar.add_task("", total=None, pace="", visible=False)
        self._phase = Phase("reading", "lines")
        self._done = self._began = self._printed = 0.0

    def show_plan(self, plan: MiningPlan) -> None:
        """Prints the plan."""
        for line in plan_lines(plan):
            self._print(line)

    def begin(self, work: Phase) -> None:
        """A phase begins."""
        self._phase, self._done = work, work.done
        self._began = self._printed = time.monotonic()
        self._bar.reset(
            self._task,
            total=work.total or None,
            completed=int(work.done),
            description=work.name,
            visible=True,
        )

    def advance(self, done: float) -> None:
        """The phase has come this far."""
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

    def warn(self, words: str) -> None:
        """The user should read a message."""
        self._print(Text.assemble(("warning", "yellow"), f" {words}"))

    def pace(self) -> str:
        """Progress, speed and remaining time, in words."""
        total = self._phase.total
        if not total:
            return f"{count(self._done)} {self._phase.unit}"
        speed = self._speed()
        seconds = (total - self._done) / speed if speed else None
        remaining = "" if seconds is None else f", {about_duration(seconds)} left"
        done = "" if self._console.is_terminal else f"{share(self._done / total, 1)}, "
        return f"{done}{self._rate()}{remaining}"

    def _print(self, text: str | Text) -> None:
        self._console.print(text, soft_wrap=True)

    def _speed(self) -> float:
        seconds = time.monotonic() - self._began
        return (self._done - self._phase.done) / seconds if seconds > 0 else 0.0

    def _rate(self) -> str:
        return f"{rounded_count(self._speed())} {self._phase.unit}/s"

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._printed < _SECONDS_BETWEEN_LINES:
            return False
        self._printed = now
        return True


def plan_lines(plan: MiningPlan) -> list[str]:
    """The plan in words, line by line."""
    src, tgt = plan.texts["src"], plan.texts["tgt"]
    in_store = src + tgt - plan.to_encode
    resumed = f", {plan.rows_searched:,} src texts searched before" if plan.rows_searched else ""
    workers = f", {plan.workers} workers" if plan.workers > 1 else ""
    largest = max(plan.memory_bytes, key=lambda phase: plan.memory_bytes[phase])
    encoding, searching = _expected(plan.encode_seconds), _expected(plan.search_seconds)
    return [
        f"{src:,} src texts x {tgt:,} tgt texts, vectors of {plan.width}, "
        f"{plan.search} search{resumed}{workers}",
        f"encoding: {plan.to_encode:,} texts ({in_store:,} are in the store), {encoding}; "
        f"searching: {searching}",
        f"memory: at most about {memory(plan.peak_memory_bytes)} (while {largest})"
        f"{' for each worker' if plan.workers > 1 and largest != 'pairing' else ''}; "
        f"store: {memory(plan.store_bytes)}",
    ]


def _expected(seconds: float | None) -> str:
    if seconds is None:
        return "time not known yet"
    return about_duration(seconds)


def threshold_words(threshold: Threshold) -> str:
    """The threshold and its source."""
    if threshold.value is None:
        return "threshold: none, every pair is written"
    value_words = f"threshold: {threshold.value:.6g}"
    if threshold.source == "given":
        return f"{value_words}, as given"
    reached = "unknown" if threshold.precision is None else share(threshold.precision, 1)
    target = share(threshold.target_precision or 0.0, 1)
    if threshold.source == "gold":
        return (
            f"{value_words}, fitted to {target} on {threshold.compared:,} pairs that the gold labels "
            f"({reached} of these are true); gold does not label texts without a translation: of all "
            f"pairs above it, an estimated {share(threshold.estimated_precision or 0.0, 1)} are true"
        )
    return (
        f"{value_words}, estimated to give {target} ({reached}) from the second-best candidates of "
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
    counts_words = f"{pairs.mined:,} pairs"
    if pairs.unequal_lengths:
        counts_words += f", {pairs.unequal_lengths:,} of too unequal lengths"
    if pairs.below_threshold:
        counts_words += f", {pairs.below_threshold:,} below the threshold"
    console.print(f"{counts_words}; {threshold_words(outcome.threshold)}", soft_wrap=True)
    _print_scores(console, outcome)
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


def _print_scores(console: Console, outcome: MiningOutcome) -> None:
    """The distribution of scores, and the pairs next to the threshold."""
    bins, around = outcome.scores.bins, outcome.scores.around
    most = max((each.pairs for each in bins), default=0)
    for each in bins:
        bar = "█" * round(_BAR * each.pairs / most)
        console.print(f"  {each.low:6.3f} to {each.high:6.3f} {each.pairs:>9,} {bar}")
    if around:
        console.print("next to the threshold:")
    for pair in around:
        mark = "written " if pair.written else "left out"
        texts = f"{shorten(pair.src, _LETTERS)} | {shorten(pair.tgt, _LETTERS)}"
        console.print(f"  {mark} {pair.score:6.3f}  {texts}", soft_wrap=True)
