"""The two components of a difference's noise, and the interval and p-value that follow from them.

A difference of two arms is uncertain for two reasons: the test could have used other items, and
training could have used other seeds. Hundreds of items estimate the variance between items with
hundreds of degrees of freedom; three seeds estimate the variance between seeds with two. So the two
variances are estimated separately, with seed and item as crossed factors:

- b, ``seed_variance``: of the mean over S seeds, estimated from the differences between seeds. It
  contains the seeds' main effect and the interaction of seeds and items, both over S.
- c, ``item_variance``: of the part of an item's outcome that all seeds share.

With Student's quantiles t for the n = S - 1 degrees of freedom of b and z for those of c, the
half-width h of the interval at level 1 - alpha is

    h^2 = k c + ((t^2 b)^q + ((z^2 - k) c)^q)^(1/q),    k = t^2 (n - 1) / (n + t^2),    q = 1 + 2 / n

This is t sqrt(b) if c is 0 and z sqrt(c) if b is 0, both exact. With q = 1 it would be t^2 b + z^2 c,
which keeps its level for all true variances, and is conservative if neither is small (Banerjee 1961,
Biometrika 48). k makes it exact to first order in c / b as well: it solves d P(|X| > h) / d c = 0
at c = 0, for X normal of variance b + c. q connects the two ends; it is a choice. docs/statistics.md
shows the true level for 2 to 20 seeds and any mixture of the variances, and how narrow an interval with
that level can be at best.

Satterthwaite's approximation (1946, Biometrics Bulletin 2) does not work here: with 2 or 3 seeds, it
treats a chance agreement of the seeds as certainty, and rejects far too often in the tail.

The p-value is the smallest alpha whose interval excludes 0, so it is valid in the tail that a
correction for several comparisons uses.

Without any variance, see `Noise.without_scatter`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, log, sqrt

from scipy.optimize import brentq
from scipy.special import chdtri, stdtrit

from crosslift.errors import DataError

SMALLEST_P = 1e-12
"""The smallest reported p-value."""
_LUCK = 0.05


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The effect that n items with equal outcomes do not exclude: the rule of three.

    If one item in 1/p changes, all n agree with the probability (1 - p)^n. That is alpha at
    p = 1 - alpha^(1/n), about 3 / n for an alpha of 0.05: a larger share of items that change is
    excluded. An outcome changes by 1 at most, so no effect is larger than this share.

    Args:
        items: n.
        largest: the size of the difference if every item changes by 1.

    Source: Hanley and Lippman-Hand 1983, JAMA 249.
    """

    items: float
    largest: float = 1.0

    def reach(self, alpha: float) -> float:
        """The largest difference that ``alpha`` does not exclude."""
        return float(-self.largest * expm1(log(alpha) / self.items))


def least_by_luck(freedom: float) -> float:
    """The share of a variance that its estimate exceeds in 95 of 100 cases.

    An estimate below this share may be chance, and is raised to it.

    Args:
        freedom: degrees of freedom of the estimate.
    """
    return float(chdtri(freedom, 1 - _LUCK)) / freedom


@dataclass(frozen=True, slots=True)
class Noise:
    """The two variances of a difference, with their degrees of freedom.

    Args:
        seeds: S, the number of seeds; with 1 there is no ``seed_variance``.
        seed_variance: b, in squared units of the difference.
        item_variance: c, in the same unit.
        item_freedom: degrees of freedom of c, at least 1.
        within: the part of one seed's variance that comes from the interaction of the seed with the
            items; ``seed_variance`` contains it, over S.
        is_known: False without any variance: the variances are then no estimate; they give an interval,
            but no equivalence and no power.
        unchanged: the basis of the interval if no item changed; None: some items changed.
    """

    seeds: int
    seed_variance: float
    item_variance: float
    item_freedom: float
    within: float = 0.0
    is_known: bool = True
    unchanged: Unchanged | None = None

    @classmethod
    def without_scatter(
        cls, seeds: int, effect: float, items: float, largest: float = 1.0
    ) -> Noise:
        """The noise if all items of all seeds have the same difference: n equal signs, which is no
        certainty.

        Args:
            seeds: S.
            effect: the difference; 0: no item changed.
            items: n.
            largest: the size of the difference if every item changes by 1.
        """
        if effect == 0:
            unchanged = Unchanged(items, largest)
            return cls(seeds, 0.0, 0.0, 1.0, is_known=False, unchanged=unchanged)
        return cls(seeds, 0.0, effect**2 / items, max(items - 1.0, 1.0), is_known=False)

    @classmethod
    def from_scatter(
        cls, seeds: int, between: float, items: float, within: float, item_freedom: float
    ) -> Noise:
        """Divides the observed variance into the two components.

        Seeds may agree by chance; with two seeds and few items they often agree exactly. The items
        alone cause variance between seeds, ``within``. If the variance between seeds is below the value
        that the items alone would exceed in 95 of 100 cases, it is raised to that value.

        Args:
            seeds: S.
            between: variance of the effect between seeds, S - 1 degrees of freedom; 0 for one seed.
            items: variance of the mean over seeds that comes from the items.
            within: the part of ``between`` that comes from the items, see `Noise`.
            item_freedom: degrees of freedom of ``items``.
        """
        if seeds == 1:
            return cls(1, 0.0, items, item_freedom)
        least = within * least_by_luck(seeds - 1)
        common = max(0.0, items - within / seeds)
        return cls(seeds, max(between, least) / seeds, common, item_freedom, within)

    def expected(self, seeds: int, items: float = 1.0) -> Noise:
        """The expected noise with other numbers of seeds and items, from these variances.

        Args:
            seeds: 2 or more; 1 if it is 1 here, because seeds do not change the difference.
            items: factor on the number of items.

        Raises:
            DataError: one seed in only one of the two: it shows no variation between seeds.
        """
        if self.seeds == seeds == 1:
            freedom = max(1.0, self.item_freedom * items)
            return Noise(1, 0.0, self.item_variance / items, freedom)
        if self.seeds < 2 or seeds < 2:
            raise DataError(f"the noise of {seeds} seeds from {self.seeds}", "2 or more")
        of_seeds = max(0.0, self.seed_variance * self.seeds - self.within)
        within = self.within / items
        return Noise(
            seeds,
            (of_seeds + within) / seeds,
            self.item_variance / items,
            max(1.0, self.item_freedom * items),
            within,
        )

    def half_width(self, level: float) -> float:
        """Half of the width of the interval at ``level``, in units of the difference.

        Args:
            level: above 0 and below 1, such as 0.95.
        """
        return self._reach((1 - level) / 2)

    def p_value(self, effect: float) -> float:
        """The smallest alpha whose interval around ``effect`` excludes 0: a two-sided p-value.

        Args:
            effect: the difference.

        Returns:
            1 for an effect of 0; at least `SMALLEST_P`.
        """
        distance = abs(effect)
        if distance <= self._reach(0.5):
            return 1.0
        if distance >= self._reach(SMALLEST_P / 2):
            return SMALLEST_P

        def beyond(power: float) -> float:
            return self._reach(exp(power) / 2) - distance

        return exp(float(brentq(beyond, log(SMALLEST_P), 0.0, xtol=1e-11)))

    def p_equivalence(self, effect: float, margin: float) -> float:
        """The p-value of two one-sided tests that the difference is within a margin.

        It is below alpha if the interval at level 1 - 2 alpha lies inside the margin.

        Args:
            effect: the difference.
            margin: above 0, in units of the difference.

        Source: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15; Lakens 2017, SPPS 8.
        """
        room = margin - abs(effect)
        return self.p_value(room) / 2 if room > 0 else 1 - self.p_value(room) / 2

    def _reach(self, tail: float) -> float:
        """The half-width that leaves ``tail``, half of alpha, on either side."""
        if self.unchanged is not None:
            return self.unchanged.reach(2 * tail)
        of_items = float(stdtrit(self.item_freedom, tail)) ** 2
        if self.seeds == 1:
            return sqrt(of_items * self.item_variance)
        freedom = self.seeds - 1
        of_seeds = float(stdtrit(freedom, tail)) ** 2
        shared = min(of_items, of_seeds * (freedom - 1) / (freedom + of_seeds))
        joined = _joined(
            of_seeds * self.seed_variance,
            (of_items - shared) * self.item_variance,
            1 + 2 / freedom,
        )
        return sqrt(shared * self.item_variance + joined)


def _joined(one: float, other: float, power: float) -> float:
    """(one^power + other^power)^(1/power), without overflow."""
    larger, smaller = max(one, other), min(one, other)
    if larger == 0:
        return 0.0
    return float(larger * (1 + (smaller / larger) ** power) ** (1 / power))
