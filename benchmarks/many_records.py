"""``python -m benchmarks.many_records [--pairs N...]``: memory of a study on many text pairs.

For each number of pairs, a process of its own runs a whole study: it reads a table of short pairs,
checks it, compares it with the texts of a target, trains the embedded encoder for five updates, and
evaluates it. A row gives the peak of the process and how much it is above that of the first row.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring.machine import Machine
from benchmarks.measuring.texts import read_texts

_MIB = 1024  # ru_maxrss is in KiB
_WORDS = 20_000


def main() -> None:
    """Prints a row for each number of pairs, as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_records", description=__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[2_000, 2_000_000])
    parser.add_argument("--process", type=Path, help=argparse.SUPPRESS)  # with the table
    options = parser.parse_args()
    if options.process is not None:
        _run(options.process)
        return
    print(Machine.this().title, flush=True)
    first: int | None = None
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), 64)  # converts the embedded encoder
        for pairs in options.pairs:
            began = time.perf_counter()
            peak = _measure(Path(folder), pairs)
            first = peak if first is None else first
            print(
                f"{pairs:>12,} pairs  peak {peak:>7,} MiB  {peak - first:>+7,} MiB  "
                f"{time.perf_counter() - began:7.1f} s",
                flush=True,
            )


def _measure(folder: Path, pairs: int) -> int:
    """The peak of a process that runs a study on a table of pairs, in MiB."""
    table = folder / f"pairs-{pairs}.tsv"
    _write(table, pairs)
    command = [sys.executable, "-m", "benchmarks.many_records", "--process", str(table)]
    environment = {**os.environ, "CROSSLIFT_HOME": str(folder / "home")}
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    table.unlink()
    return int(output.stdout.splitlines()[-1])


def _write(table: Path, pairs: int) -> None:
    """A table of pairs of 8 and 10 words, no two alike."""
    words = sorted({word for text in read_texts(None, _WORDS) for word in text.split()})
    generator = random.Random(1)
    with table.open("w", encoding="utf-8") as file:
        file.write("anchor\tpositive\n")
        for number in range(pairs):
            anchor, positive = (" ".join(generator.choices(words, k=size)) for size in (6, 8))
            file.write(f"what is {anchor} {number}\tit is {positive} {number}\n")


def _run(table: Path) -> None:
    import crosslift

    study = crosslift.build_study(
        name="many-records",
        question="How much memory do many records take?",
        seeds=[1],
        starts={"embedded": {"encoder": "embedded"}},
        start="embedded",
        budget={"updates": 5, "batch_size": 32},
        arms={
            "baseline": {},
            "own": {"stages": [{"task": "text-pairs", "data": str(table), "language": "en"}]},
        },
        targets=[{"name": "names", "languages": ["de"]}],
    )
    crosslift.run_study(study, out=table.with_suffix(""))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MIB)


if __name__ == "__main__":
    main()
