"""``python -m benchmarks``: measures, prints a table and writes benchmarks/last.json."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.encoding import encoding_rows
from benchmarks.peak import matrix_product_peak
from benchmarks.table import Row, show, write
from benchmarks.texts import mixed_lengths, read_texts
from benchmarks.training import training_rows

_SENTENCES, _SENTENCES_QUICK = 10_000, 600
_STEPS, _STEPS_QUICK = 10, 3
_TEXTS_TRAINED = 1536


def main() -> None:
    """Runs every benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--texts", type=Path, help="folder of Tatoeba files; default: the catalogs")
    parser.add_argument("--quick", action="store_true", help="few texts and steps, rough figures")
    options = parser.parse_args()
    texts = read_texts(options.texts, _SENTENCES)
    peaks = {name: matrix_product_peak(name) for name in ("float32", "bfloat16")}
    rows: list[Row] = []
    for row in _measure(texts, options.quick, peaks):
        rows.append(row)
        write(rows, Path(__file__).parent / "last.json")
        Console().print(f"{row.name}: {row.ratio:.2f}")
    show(rows, peaks)


def _measure(texts: Sequence[str], quick: bool, peaks: dict[str, float]) -> Iterator[Row]:
    yield from encoding_rows(texts[: _SENTENCES_QUICK if quick else None], peaks)
    mixed = mixed_lengths(texts, _TEXTS_TRAINED)
    yield from training_rows(mixed, _STEPS_QUICK if quick else _STEPS, peaks)


if __name__ == "__main__":
    main()
