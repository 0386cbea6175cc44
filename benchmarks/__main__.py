"""``python -m benchmarks``: measures, prints a table and writes benchmarks/last.json."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.embedded_towers import tower_rows
from benchmarks.encoding import encoding_rows
from benchmarks.evaluating import evaluation_rows
from benchmarks.images import image_rows, jpeg_pictures
from benchmarks.mining import mining_rows
from benchmarks.peak import matrix_product_peak
from benchmarks.robust import robust_rows
from benchmarks.table import Row, show, write
from benchmarks.texts import mixed_lengths, read_texts
from benchmarks.trainers import trainer_rows
from benchmarks.training import training_rows

_SENTENCES, _SENTENCES_QUICK = 10_000, 600
_STEPS, _STEPS_QUICK = 10, 3
_VECTORS, _VECTORS_QUICK = 100_000, 20_000
_PICTURES, _PICTURES_QUICK = 338, 96
_TEXTS_TRAINED = 1536


def main() -> None:
    """Runs every benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--texts", type=Path, help="folder of Tatoeba files; default: the catalogs")
    parser.add_argument("--pictures", type=Path, help="folder of *.jpg; default: the pictograms")
    parser.add_argument("--only", choices=sorted(_PARTS), nargs="+", help="default: all")
    parser.add_argument("--quick", action="store_true", help="few texts and steps, rough figures")
    options = parser.parse_args()
    texts = read_texts(options.texts, _SENTENCES)
    peaks = {name: matrix_product_peak(name) for name in ("float32", "bfloat16")}
    rows: list[Row] = []
    run = _Run(texts, options.texts, options.pictures, options.quick, peaks)
    for part in options.only or _PARTS:
        for row in _PARTS[part](run):
            rows.append(row)
            write(rows, Path(__file__).parent / "last.json")
            Console().print(f"{row.name}: {row.ratio:.2f}")
    show(rows, peaks)


@dataclass(frozen=True, slots=True)
class _Run:
    texts: Sequence[str]
    folder: Path | None
    pictures: Path | None
    quick: bool
    peaks: dict[str, float]


def _encode(run: _Run) -> list[Row]:
    return encoding_rows(run.texts[: _SENTENCES_QUICK if run.quick else None], run.peaks)


def _train(run: _Run) -> list[Row]:
    mixed = mixed_lengths(run.texts, _TEXTS_TRAINED)
    return training_rows(mixed, _STEPS_QUICK if run.quick else _STEPS, run.peaks)


def _trainers(run: _Run) -> list[Row]:
    mixed = mixed_lengths(run.texts, _TEXTS_TRAINED)
    return list(trainer_rows(mixed, _STEPS_QUICK if run.quick else _STEPS, run.peaks))


def _mine(run: _Run) -> list[Row]:
    return mining_rows(_VECTORS_QUICK if run.quick else _VECTORS, run.peaks)


def _evaluate(run: _Run) -> list[Row]:
    return evaluation_rows(run.folder, ("af", "de") if run.quick else None)


def _images(run: _Run) -> list[Row]:
    mixed = mixed_lengths(run.texts, _TEXTS_TRAINED)
    count, steps = (_PICTURES_QUICK, _STEPS_QUICK) if run.quick else (_PICTURES, _STEPS)
    return image_rows(run.pictures, mixed, count, steps, run.peaks)


def _towers(run: _Run) -> list[Row]:
    count, steps = (_PICTURES_QUICK, _STEPS_QUICK) if run.quick else (_PICTURES, _STEPS)
    with tempfile.TemporaryDirectory() as place:
        paths = jpeg_pictures(run.pictures, Path(place), count)
        return tower_rows(paths, run.texts[:_TEXTS_TRAINED], steps, run.peaks)


def _robust(run: _Run) -> list[Row]:
    mixed = mixed_lengths(run.texts, _TEXTS_TRAINED)
    return list(robust_rows(mixed, _STEPS_QUICK if run.quick else _STEPS))


_PARTS: dict[str, Callable[[_Run], list[Row]]] = {
    "mine": _mine,
    "encode": _encode,
    "train": _train,
    "trainers": _trainers,
    "evaluate": _evaluate,
    "images": _images,
    "towers": _towers,
    "robust": _robust,
}


if __name__ == "__main__":
    main()
