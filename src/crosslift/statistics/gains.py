"""What part of an arm's gain survives against its control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.statistics.bootstrap import Difference, paired_difference
from crosslift.statistics.cubes import OutcomeCube
from crosslift.statistics.wording import interval, points, signed_points


@dataclass(frozen=True, slots=True)
class GainNames:
    """The names that the sentence uses.

    Args:
        arm: the arm that gained.
        control: the same arm without what it is named for, such as with shuffled pictures.
        baseline: the arm the gain is over.
        target: the target task.
        content: what the control lacks.
    """

    arm: str
    control: str
    baseline: str
    target: str
    content: str = "the pictures' content"


@dataclass(frozen=True, slots=True)
class GainShare:
    """An arm's gain, parted by its control; effects of the two parts add up to the whole.

    Args:
        total: arm - baseline.
        content: arm - control: what only the content can have given.
        other: control - baseline: what came without the content (batches, loss, more text).
        share: content / total; None unless the interval of ``total`` lies above 0.
        sentence: the finding in words.
    """

    total: Difference
    content: Difference
    other: Difference
    share: float | None
    sentence: str


def share_surviving(
    arm: OutcomeCube,
    control: OutcomeCube,
    baseline: OutcomeCube,
    strata: NDArray[np.integer],
    names: GainNames,
    *,
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> GainShare:
    """Part an arm's gain over the baseline into its content and the rest.

    The same draws serve all three differences. The intervals stand alone, without correction for
    several comparisons: the verdicts on the same arms are corrected, this says how large the
    parts are.

    Args:
        arm: float64 [S, N, L], as the treatment of `paired_difference`.
        control: the same, with the same seeds.
        baseline: the same, or [1, N, L] where it is untrained.
        strata: int [N], see `strata_of`.
        names: for the sentence.
        draws: bootstrap draws.
        level: of the intervals.
        seed: of the draws.

    Returns:
        The three differences and a sentence.

    Raises:
        DataError: as `paired_difference`; a control without the arm's seeds.
    """
    if arm.shape != control.shape:
        raise DataError(
            f"`{names.arm}` has outcomes of shape {arm.shape}, `{names.control}` {control.shape}",
            "the control trained with the arm's seeds and asked the same queries",
        )

    def between(treatment: OutcomeCube, reference: OutcomeCube) -> Difference:
        return paired_difference(treatment, reference, strata, draws=draws, level=level, seed=seed)

    total, content = between(arm, baseline), between(arm, control)
    return GainShare(
        total=total,
        content=content,
        other=between(control, baseline),
        share=content.effect / total.effect if total.low > 0 else None,
        sentence=_sentence(names, total, content),
    )


def _sentence(names: GainNames, total: Difference, content: Difference) -> str:
    if total.low > 0:
        return (
            f"Of the {points(total.effect)} points ({interval(total)}) that `{names.arm}` gained "
            f"over `{names.baseline}` on {names.target}, {_surviving(names, total, content)}"
            f"{_one_seed(content)}."
        )
    if total.high < 0:
        whole = (
            f"lost {points(-total.effect)} points against `{names.baseline}` ({interval(total)})"
        )
    else:
        whole = (
            f"showed no gain over `{names.baseline}`: {signed_points(total.effect)} points "
            f"({interval(total)})"
        )
    return (
        f"On {names.target}, `{names.arm}` {whole}, so there is no gain to divide; "
        f"against `{names.control}` it stands at {signed_points(content.effect)} points "
        f"({interval(content)}): {_content_shown(names, content)}{_one_seed(content)}."
    )


def _surviving(names: GainNames, total: Difference, content: Difference) -> str:
    against = f"against `{names.control}`"
    part = f"{points(content.effect)} ({interval(content)})"
    if content.low > 0 and content.effect > total.effect:
        return (
            f"all survive {against}, which fell below `{names.baseline}`: the arm stands {part} "
            f"points above it, and {names.content} is shown to give the gain"
        )
    if content.low > 0:
        return f"{part} survive {against}: that part is shown to come from {names.content}"
    if content.high < 0:
        return (
            f"none survive {against}, which stands {points(-content.effect)} points higher "
            f"({interval(content)} for the arm against it): {names.content} is shown to cost"
        )
    return f"{part} survive {against}: no part of the gain is shown to come from {names.content}"


def _content_shown(names: GainNames, content: Difference) -> str:
    if content.low > 0:
        return f"{names.content} is shown to help"
    if content.high < 0:
        return f"{names.content} is shown to cost"
    return f"{names.content} is not shown to matter"


def _one_seed(difference: Difference) -> str:
    return "; one seed: variation between seeds not measured" if difference.seeds == 1 else ""
