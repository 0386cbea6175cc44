"""The setting of every part of the benchmark: the machine's speeds, sizes, texts and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring.floor import Speeds
from benchmarks.measuring.sizes import Sizes
from crosslift.encoders.encoder_settings import Precision


class Comparison(NamedTuple):
    """Precisions in which both sides work.

    Args:
        title: in words.
        ours, theirs: precisions.
    """

    title: str
    ours: Precision
    theirs: Precision


@dataclass(frozen=True, slots=True)
class Bench:
    """The setting of all parts.

    Args:
        best: the machine's best precision.
        speeds: of the machine.
        sizes: of a turn.
        quick: whether few kinds and small sizes do.
        texts: different texts in random order.
        texts_folder: of Tatoeba files; None: the embedded catalogs.
        pictures_folder: of JPEG photographs; None: the embedded pictograms.
    """

    best: Precision
    speeds: Speeds
    sizes: Sizes
    quick: bool
    texts: Sequence[str]
    texts_folder: Path | None = None
    pictures_folder: Path | None = None

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """Those that are measured: the best, and in runs that are not quick float32, too.

        None is in it that the processor does not multiply natively.
        """
        return (self.best,) if self.quick or self.best == "float32" else (self.best, "float32")

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Both sides in each precision, and our default against theirs if that is another."""
        equal = tuple(Comparison(f"both {p}", p, p) for p in self.precisions)
        if len(self.precisions) == 1:
            return equal
        default = Comparison(f"defaults: {self.best} against float32", self.best, "float32")
        return (*equal, default)
