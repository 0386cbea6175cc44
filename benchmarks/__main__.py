"""``python -m benchmarks``: measures, prints each row at once, and adds a line to the history."""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.history import PATH, Run, append
from benchmarks.measuring.bench import Bench
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.rows import Row
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.speeds import measure_speeds
from benchmarks.measuring.table import line, show
from benchmarks.measuring.texts import read_texts
from benchmarks.parts.encoding import encoding_rows
from benchmarks.parts.engines import engine_rows
from benchmarks.parts.evaluation import evaluation_rows
from benchmarks.parts.judged import judged_rows
from benchmarks.parts.pictures import picture_rows
from benchmarks.parts.robust import robust_rows
from benchmarks.parts.search import search_rows
from benchmarks.parts.start_up import start_up_rows
from benchmarks.parts.towers import tower_rows
from benchmarks.parts.trainers import trainer_rows
from benchmarks.parts.training_steps import training_rows
from crosslift.encoders.precision import resolve_precision

_PARTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "encode": encoding_rows,
    "train": training_rows,
    "mine": search_rows,
    "judged": judged_rows,
    "trainers": trainer_rows,
    "evaluate": evaluation_rows,
    "images": picture_rows,
    "towers": tower_rows,
    "robust": robust_rows,
    "start-up": start_up_rows,
    "engines": engine_rows,
}
_TEXTS = 10_000
_PEAK_SECONDS, _PEAK_SECONDS_QUICK = 6.0, 2.0
_WIDTH = 200  # of the table where output goes to a file


def main() -> None:
    """Runs the parts and records the run; after a fault, the rows that were measured before it."""
    options = _options()
    console, began = Console(), time.monotonic()
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    machine, bench = Machine.this(), _bench(options)
    console.print(f"{machine.title}; best precision {bench.best}", markup=False)
    begun, rows, whole = list[str](), list[Row](), False
    try:
        for part in options.only or _PARTS:
            begun.append(part)
            print(f"{time.monotonic() - began:4.0f} s  measuring: {part}", flush=True)
            for row in _PARTS[part](bench):
                rows.append(row)
                print(f"{time.monotonic() - began:4.0f} s  {line(row)}", flush=True)
        whole = len(begun) == len(_PARTS)
    finally:
        if rows:
            parts = () if whole else tuple(begun)
            run = Run(date, bench.quick, parts, machine, bench.speeds, tuple(rows))
            append(run, options.history)
            show(rows, bench.speeds, Console(width=max(console.width, _WIDTH)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--texts", type=Path, help="folder of Tatoeba files; default: the catalogs")
    parser.add_argument("--pictures", type=Path, help="folder of *.jpg; default: the pictograms")
    parser.add_argument("--only", choices=sorted(_PARTS), nargs="+", help="default: all")
    parser.add_argument("--quick", action="store_true", help="three small turns, rough figures")
    parser.add_argument("--history", type=Path, default=PATH, help="file that the run is added to")
    return parser.parse_args()


def _bench(options: argparse.Namespace) -> Bench:
    """The setting of this machine, by a pilot that measures its speeds."""
    best = resolve_precision("auto")
    speeds = measure_speeds(best, _PEAK_SECONDS_QUICK if options.quick else _PEAK_SECONDS)
    return Bench(
        best=best,
        speeds=speeds,
        sizes=Sizes.of(speeds, quick=options.quick),
        quick=options.quick,
        texts=read_texts(options.texts, _TEXTS),
        texts_folder=options.texts,
        pictures_folder=options.pictures,
    )


if __name__ == "__main__":
    main()
