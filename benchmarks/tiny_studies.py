"""A/A studies: arms of a tiny encoder that differ in nothing but their seeds.

One study trains one arm with many seeds, through every step of a real study. Its seeds are then dealt
into pairs of arms again and again: what a verdict finds between two of them is false.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.calibration import ALPHA
from crosslift.analysis.collect import cube_of
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.statistics.differences import Difference, paired_difference, strata_of
from crosslift.statistics.judgements import judge_family
from crosslift.studies.reading import study_of
from tests.samples.tiny_encoder import make_tiny_encoder

_LANGUAGES = ["de", "es", "fr", "it", "pt", "id"]
_DEALS = 400


def tiny_rows(seeds: int) -> Iterator[str]:
    """Run the study and count false claims.

    Args:
        seeds: of the arm; 20 or more.

    Yields:
        A line for each target and number of seeds of an arm: the share of differences with p below
        0.05, and the share of families (all pairs that fit into the seeds) that hold a verdict.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        encoder = make_tiny_encoder(folder / "encoder")
        raw = {
            "name": "a-a",
            "question": "Do arms that differ in nothing but their seeds differ?",
            "seeds": list(range(1, seeds + 1)),
            "starts": {"plain": {"encoder": str(encoder)}},
            "start": "plain",
            "budget": {"updates": 12, "batch_size": 24},
            "arms": {
                "baseline": {},
                "text": {"stages": [{"task": "name-alias", "learning_rate": 1e-3}]},
            },
            "targets": [
                {"name": "names", "languages": _LANGUAGES},
                {"name": "gettext", "languages": _LANGUAGES},
            ],
        }
        run_study(study_of(raw), out=folder / "run", store=Store(folder / "store"))
        table = pq.read_table(folder / "run" / "outcomes.parquet")
    for target in ("names", "gettext"):
        rows = table.filter((pc.field("arm") == "text") & (pc.field("target") == target))
        protocol = rows["protocol"][0].as_py()
        cube, _ = cube_of(rows.filter(pc.field("protocol") == protocol), "top1_accuracy")
        yield from _lines(target, cube)


def _lines(target: str, cube: NDArray[np.float64]) -> Iterator[str]:
    random = np.random.default_rng(0)
    scores = np.nanmean(cube, axis=1).mean(axis=1)
    yield (
        f"{target}: {len(cube)} seeds, {cube.shape[1]} items, accuracy {100 * scores.mean():.1f}, "
        f"standard deviation between seeds {100 * scores.std(ddof=1):.2f} points"
    )
    strata = strata_of(~np.isnan(cube[0]))
    for seeds in (2, 3, 5):
        rejected, claims = [], []
        for _ in range(_DEALS):
            family = list(_family(cube[random.permutation(len(cube))], seeds, strata))
            rejected += [difference.p < ALPHA for difference in family]
            judged = judge_family(family, [True] * len(family))
            claims.append(any(each.outcome in ("higher", "lower") for each in judged))
        yield (
            f"{target}, {seeds} seeds: rejected {100 * np.mean(rejected):.1f} %, families of "
            f"{len(family)} with a claim {100 * np.mean(claims):.1f} %"
        )


def _family(
    cube: NDArray[np.float64], seeds: int, strata: NDArray[np.int64]
) -> Iterator[Difference]:
    for first in range(0, len(cube) - 2 * seeds + 1, 2 * seeds):
        one, other = cube[first : first + seeds], cube[first + seeds : first + 2 * seeds]
        yield paired_difference(one, other, strata)
