"""``python -m benchmarks.scale [NAME...]``: how time and memory grow with the work.

Each size is done in a process of its own, after a warm-up with the smallest. A row gives seconds, the
memory that the work added to the peak of the process, and their exponents: log of the growth over log
of the growth of the size, from the size before. Time that grows faster than it should is marked.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.measuring.machine import Machine
from benchmarks.measuring.texts import read_texts

_KIB = 1024
_SLACK = 0.15  # of an exponent
_LEAST_BYTES = 4 << 20

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Scaled:
    """A kind of work.

    Args:
        unit: of the sizes.
        sizes: smallest first; the smallest is the warm-up as well.
        exponent: of time, at most.
        open: prepares the work of a size; the result does it.
    """

    unit: str
    sizes: tuple[int, ...]
    exponent: float
    open: Callable[[int], Work]


def _encoding(size: int) -> Work:
    from crosslift.encoders.encode_texts import encode
    from crosslift.encoders.encoder_settings import EncoderSettings
    from crosslift.encoders.load_encoder import load_encoder

    encoder, texts = load_encoder(EncoderSettings(name="embedded")), read_texts(None, size)
    return lambda: encode(encoder, texts)


def _training(size: int) -> Work:
    from benchmarks.measuring.updates import open_update, pair_records
    from crosslift.encoders.encoder_settings import EncoderSettings
    from crosslift.encoders.load_encoder import load_encoder
    from crosslift.forms.form import Split
    from crosslift.forms.text_pairs import TextPairs

    encoder = load_encoder(EncoderSettings(name="embedded"))
    split = Split(pair_records(read_texts(None, 2 * size)))
    update = open_update(encoder, TextPairs(temperature=0.05), split, task="text-pairs")
    return lambda: update(range(size), 1)


def _mining(size: int) -> Work:
    from crosslift.retrieval.margin_mining import mine
    from crosslift.retrieval.search import nearest_both

    random = np.random.default_rng(0)
    src = random.standard_normal((size, 384), np.float32)
    tgt = src + 0.7 * random.standard_normal((size, 384), np.float32)
    return lambda: mine(nearest_both(src, tgt, 4))


def _interval(*, seeds: int = 3, items: int = 300, languages: int = 10) -> Work:
    from crosslift.statistics.differences import paired_difference

    random = np.random.default_rng(0)
    treatment = (random.random((seeds, items, languages)) < 0.55).astype(float)
    control = (random.random((1, items, languages)) < 0.5).astype(float)
    strata = np.zeros(items, np.int64)
    return lambda: paired_difference(treatment, control, strata)


def _planning(size: int) -> Work:
    from crosslift.planning.plan_study import plan_study
    from crosslift.studies.reading import study_of

    arms: dict[str, Any] = {"baseline": {}}
    for number in range(size):
        rate = 1e-5 * (1 + number / size)
        arms[f"arm-{number}"] = {"stages": [{"task": "name-alias", "learning_rate": rate}]}
    raw = {
        "name": "scale",
        "question": "How long does a plan take?",
        "seeds": [1, 2, 3],
        "starts": {"embedded": {"encoder": "embedded"}},
        "start": "embedded",
        "budget": {"updates": 10, "batch_size": 16},
        "arms": arms,
        "targets": [{"name": "names", "languages": ["de", "fr"]}, {"name": "gettext"}],
    }
    return lambda: plan_study(study_of(raw))


def _report(**sizes: Any) -> Work:
    from crosslift.reports.html import write_report
    from tests.samples.report_sample import write_sample

    folder = Path(tempfile.mkdtemp())
    write_sample(folder / "run", **sizes)

    def work() -> None:
        write_report(folder / "run")
        shutil.rmtree(folder)

    return work


WORKS: dict[str, Scaled] = {
    "encoding": Scaled("texts", (200, 2_000, 20_000), 1, _encoding),
    "training step": Scaled("pairs of a batch", (8, 80, 800), 1, _training),
    "mining": Scaled("sentences a side", (1_000, 10_000, 100_000), 2, _mining),
    "interval": Scaled("items", (1_000, 10_000, 100_000), 1, lambda n: _interval(items=n)),
    "interval, seeds": Scaled("seeds", (2, 20, 200), 1, lambda n: _interval(seeds=n)),
    "interval, languages": Scaled("languages", (2, 20, 200), 1, lambda n: _interval(languages=n)),
    "plan": Scaled("arms", (1, 10, 100), 1, _planning),
    "report": Scaled("seeds", (2, 20, 200), 1, lambda n: _report(seeds=n)),
    "report, languages": Scaled("languages", (1, 10, 100), 1, lambda n: _report(languages=n)),
    "report, arms": Scaled("arms", (1, 10, 100), 1, lambda n: _report(arms=n)),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one size took.

    Args:
        seconds: of the work alone.
        bytes: by which the process's peak grew.
    """

    seconds: float
    bytes: int


def main() -> None:
    """Prints a row for each size, as soon as it is measured, and a table at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"default: all of {', '.join(WORKS)}")
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)  # in the process of one size
    options = parser.parse_args()
    if options.size is not None:
        print(json.dumps(_measure(WORKS[options.names[0]], options.size)))
        return
    console = Console(width=120)
    console.print(Machine.this().title, markup=False)
    table = Table("work", "size", "seconds", "exponent", "memory added", "exponent", box=None)
    for name in options.names or WORKS:
        for row in _rows(name, WORKS[name]):
            print("  ".join(row), flush=True)
            table.add_row(*row)
    console.print(table)


def _measure(scaled: Scaled, size: int) -> tuple[float, int]:
    scaled.open(scaled.sizes[0])()
    work = scaled.open(size)
    before, began = _peak(), time.perf_counter()
    work()
    return time.perf_counter() - began, _peak() - before


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def _rows(name: str, scaled: Scaled) -> Iterator[tuple[str, ...]]:
    last: tuple[int, Measured] | None = None
    for size in scaled.sizes:
        command = [sys.executable, "-m", "benchmarks.scale", name, "--size", str(size)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        measured = Measured(*json.loads(output.splitlines()[-1]))
        of_time, of_memory = _exponents(last, (size, measured))
        mark = " above" if of_time is not None and of_time > scaled.exponent + _SLACK else ""
        yield (
            name,
            f"{size:,} {scaled.unit}",
            f"{measured.seconds:.3g} s",
            _shown(of_time) + mark,
            f"{measured.bytes / 1e6:,.0f} MB",
            _shown(of_memory),
        )
        last = (size, measured)


def _exponents(
    last: tuple[int, Measured] | None, this: tuple[int, Measured]
) -> tuple[float | None, float | None]:
    """Of time and of memory; None for the smallest size, and for memory that is too little to tell."""
    if last is None:
        return None, None
    grown = math.log(this[0] / last[0])
    of_time = math.log(this[1].seconds / last[1].seconds) / grown
    if last[1].bytes < _LEAST_BYTES:
        return of_time, None
    return of_time, math.log(max(this[1].bytes, 1) / last[1].bytes) / grown


def _shown(exponent: float | None) -> str:
    return "" if exponent is None else f"{exponent:.2f}"


if __name__ == "__main__":
    main()
