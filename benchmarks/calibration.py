"""``python -m benchmarks.calibration``: whether verdicts keep what they promise, by simulation.

Two arms that do not differ must be told apart in at most 5 % of studies, and a family of comparisons
must hold a false claim in at most 5 %. Outcomes are simulated as they arise: an item is answered where
the sum of its own difficulty, of what an arm finds hard about it whatever the seed, of what a seed
finds hard about it, and of how good the seed is at all, is above 0. `tiny` then does the same with
whole studies of a tiny encoder, whose arms differ in nothing but their seeds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.special import ndtr

from crosslift.statistics.differences import Difference, paired_difference, strata_of
from crosslift.statistics.judgements import judge_family
from crosslift.statistics.noise import Noise

ALPHA = 0.05
LANGUAGES = 8
FAMILIES = (1, 8, 24)
_DIFFICULTY, _BY_LANGUAGE = 1.2, 0.6  # of an item; of an item in one language
_BY_ARM, _BY_SEED = 0.4, 0.3  # what an arm, what a seed finds hard about an item
_MEAN = 0.524  # in units of the spread: 70 % are answered
_SLOPE = 0.267  # points of accuracy for one unit of how good a seed is, / 100


@dataclass(frozen=True, slots=True)
class Setting:
    """One cell of the simulation.

    Args:
        items: in each language.
        shared: whether the languages ask the same items.
        seeds: of each trained arm.
        seed_points: standard deviation between seeds of an arm's accuracy, in points.
        trained_control: whether the control has seeds, too.
    """

    items: int
    shared: bool
    seeds: int
    seed_points: float
    trained_control: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of a setting; shares of the repeats.

    Args:
        setting: that was simulated.
        repeats: studies simulated.
        rejected: single comparisons with p below 0.05, of true zeros.
        family_wise: families of 1, 8 and 24 true zeros that hold a verdict.
        covered: intervals that contain a true difference of about 5 points.
        half_width: mean, in points.
        items_alone: mean half-width of the interval over items alone, in points.
    """

    setting: Setting
    repeats: int
    rejected: float
    family_wise: tuple[float, ...]
    covered: float
    half_width: float
    items_alone: float

    @property
    def ratio(self) -> float:
        """How much wider the interval is than that over items alone."""
        return self.half_width / self.items_alone


class Simulation:
    """Outcomes of arms on one set of items, redrawn for every study.

    Args:
        setting: what is simulated.
        random: the random generator.
    """

    def __init__(self, setting: Setting, random: np.random.Generator) -> None:
        self.setting, self.random = setting, random
        rows = setting.items * (1 if setting.shared else LANGUAGES)
        self.exists = np.ones((rows, LANGUAGES), np.bool_)
        if not setting.shared:
            self.exists = np.repeat(np.eye(LANGUAGES, dtype=np.bool_), setting.items, axis=0)
        self.strata = strata_of(self.exists)
        own = self._noise(_BY_LANGUAGE, 1)
        self.difficulty = own + random.normal(0, _DIFFICULTY, (1, rows, 1))

    def arm(self, trained: bool = True, shift: float = 0.0) -> NDArray[np.float64]:
        """Outcomes [S, N, L] of an arm, [1, N, L] of one that is not trained.

        Args:
            trained: whether it has seeds.
            shift: how much better it is than the others, in units of the spread.
        """
        seeds = self.setting.seeds if trained else 1
        latent = self.difficulty + self._noise(_BY_ARM, 1) + self._noise(_BY_SEED, seeds)
        spread = _spread(self.setting.seed_points if trained else 0.0)
        latent = latent + (_MEAN + shift) * spread
        if trained:
            good = self.random.normal(0, self.setting.seed_points / 100 / _SLOPE, (seeds, 1, 1))
            latent = latent + good
        return np.where(self.exists, (latent > 0).astype(np.float64), np.nan)

    def _noise(self, scale: float, seeds: int) -> NDArray[np.float64]:
        values = np.zeros((seeds, *self.exists.shape))
        values[:, self.exists] = self.random.normal(0, scale, (seeds, int(self.exists.sum())))
        return values


def _spread(seed_points: float) -> float:
    squares = [_DIFFICULTY, _BY_LANGUAGE, _BY_ARM, _BY_SEED, seed_points / 100 / _SLOPE]
    return float(np.sqrt(np.square(squares).sum()))


def simulate(setting: Setting, repeats: int, seed: int = 0) -> Outcome:
    """Simulate studies of arms that do not differ from their control, and one that does.

    Args:
        setting: of all of them.
        repeats: studies.
        seed: of the random generator.
    """
    random = np.random.default_rng([seed, *map(int, _key(setting))])
    p_values, claims, covered, widths, alone = [], [], [], [], []
    shift = 0.05 / 0.348
    effect = float(ndtr(_MEAN + shift) - ndtr(_MEAN))
    for _ in range(repeats):
        study = Simulation(setting, random)
        control = study.arm(setting.trained_control)
        zeros = [
            paired_difference(study.arm(), control, study.strata) for _ in range(max(FAMILIES))
        ]
        better = paired_difference(study.arm(shift=shift), control, study.strata)
        p_values += [zero.p for zero in zeros]
        claims.append([_claims(zeros[:size]) for size in FAMILIES])
        covered.append(better.low <= effect <= better.high)
        widths.append(np.mean([zero.high - zero.effect for zero in zeros]))
        alone.append(_items_alone(study.arm(), control, study.strata))
    return Outcome(
        setting=setting,
        repeats=repeats,
        rejected=float(np.mean(np.array(p_values) < ALPHA)),
        family_wise=tuple(float(share) for share in np.mean(claims, axis=0)),
        covered=float(np.mean(covered)),
        half_width=100 * float(np.mean(widths)),
        items_alone=100 * float(np.mean(alone)),
    )


def _key(setting: Setting) -> tuple[float, ...]:
    return tuple(float(value) for value in asdict(setting).values())


def _claims(zeros: Sequence[Difference]) -> bool:
    judged = judge_family(zeros, [True] * len(zeros))
    return any(each.outcome in ("higher", "lower") for each in judged)


def _items_alone(
    arm: NDArray[np.float64], control: NDArray[np.float64], strata: NDArray[np.int64]
) -> float:
    """The half-width as if the seeds were all that there are."""
    gaps = (arm - control).mean(axis=0, keepdims=True)
    found = paired_difference(gaps, np.where(np.isnan(gaps), np.nan, 0.0), strata)
    return found.high - found.effect


SETTINGS = tuple(
    Setting(items, shared, seeds, points, trained)
    for items, shared, seeds, points, trained in product(
        (4, 50, 1000), (False, True), (2, 3, 5), (0.0, 2.0, 8.0), (True, False)
    )
)


def true_levels(alpha: float) -> Iterator[tuple[int, float, float, float]]:
    """The true level of `Noise.half_width` for normal outcomes, by quadrature.

    Yields:
        seeds; the share of the item noise that each seed has on its own; and the lowest and the highest
        level over seed variances from 0 to 3,000 times the item variance, as multiples of ``alpha``.
    """
    from scipy.special import chdtri

    between = np.concatenate([[0.0], np.geomspace(0.02, 3000, 40)])
    for seeds, own in product((2, 3, 4, 5, 10, 20), (1.0, 0.6, 0.3, 0.1, 0.02)):
        freedom = seeds - 1
        tails = (np.arange(400) + 0.5) / 400
        chi = chdtri(freedom, 1 - tails) / freedom
        levels = []
        for variance in between:
            reach = [
                Noise.from_scatter(seeds, seeds * (own + variance) * x, 1.0, seeds * own, 1e7)
                for x in chi
            ]
            half = np.array([noise.half_width(1 - alpha) for noise in reach])
            levels.append(2 * ndtr(-half / np.sqrt(1 + variance)).mean() / alpha)
        yield seeds, own, min(levels), max(levels)


def main() -> None:
    """Simulates every setting and writes the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="studies a setting")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "calibration.json")
    parser.add_argument("--tiny", type=int, default=0, help="seeds of the study of a tiny encoder")
    parser.add_argument("--levels", action="store_true", help="print the true levels, and end")
    options = parser.parse_args()
    console = Console(width=160)
    if options.levels:
        for alpha in (0.05, 0.002):
            for row in true_levels(alpha):
                console.print(
                    alpha, *(f"{value:g}" for value in row[:2]), *(f"{v:.2f}" for v in row[2:])
                )
        return
    if options.tiny:
        from benchmarks.tiny_studies import tiny_rows

        for line in tiny_rows(options.tiny):
            console.print(line)
        return
    outcomes = []
    console.print(HEAD, markup=False)
    for setting in SETTINGS:
        repeats = 3 * options.repeats // 10 if setting.items == 1000 else options.repeats
        outcomes.append(simulate(setting, repeats))
        console.print(line_of(outcomes[-1]), markup=False)
        rows = [asdict(outcome) for outcome in outcomes]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


HEAD = (
    "| items | seeds | seed noise | control | rejected | families of 1, 8, 24 | covered | half-width | "
    "over items alone |\n|---|---|---|---|---|---|---|---|---|"
)


def line_of(outcome: Outcome) -> str:
    """An outcome as a row of the table."""
    setting = outcome.setting
    families = ", ".join(f"{100 * share:.1f}" for share in outcome.family_wise)
    cells = [
        f"{setting.items:,} {'shared' if setting.shared else 'own'}",
        str(setting.seeds),
        f"{setting.seed_points:g}",
        "trained" if setting.trained_control else "untrained",
        f"{100 * outcome.rejected:.1f}",
        families,
        f"{100 * outcome.covered:.1f}",
        f"{outcome.half_width:.1f}",
        f"{outcome.ratio:.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
