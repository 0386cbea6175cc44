"""Transformations of sentence vectors that need no training and no labels.

They remove the common part of the vectors of one language, or of all texts, so that the cosine
depends on the content. Each is a separate arm: it is cheap, and the gain of a training should exceed
that of a subtraction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError, UnknownNameError
from crosslift.retrieval.similarity import check_vectors

Postprocessing = Literal["centre", "whiten", "all-but-the-top", "csls"]
"""The steps after encoding. ``csls`` is a kind of score; the others transform vectors."""

FITTED_ON = "the texts that are scored, both sides of the bitext, without labels (transductive)"
"""The texts that the transformations are fitted on, for the facts of a protocol."""

SCORINGS = ("csls",)
"""The names of ``Postprocessing`` that change the score and not the vectors."""

TEXTS_PER_DIRECTION = 2
"""Whitening keeps at most one direction for this many texts."""

SMALLEST_VARIANCE = 1e-8
"""Whitening drops directions whose variance is below this share of the largest one."""

SHORTEST = 1e-6
"""The rest of a vector of length one counts as 0 below this length: it is noise of float32."""

Sides = dict[str, NDArray[np.float64]]


class _Principal(NamedTuple):
    """Principal directions [D, R] as columns, and their variances [R], the largest first."""

    directions: NDArray[np.float64]
    variances: NDArray[np.float64]


def transforms(names: Sequence[Postprocessing]) -> tuple[Postprocessing, ...]:
    """The ``names`` that transform vectors, in their order; the others change the score.

    Args:
        names: steps of post-processing, each at most once.

    Returns:
        The steps that `postprocess` takes.

    Raises:
        UnknownNameError: a name that is none of ``Postprocessing``.
        DataError: a name that appears twice.
    """
    for name in names:
        if name not in get_args(Postprocessing):
            raise UnknownNameError("post-processing", name, get_args(Postprocessing))
        if list(names).count(name) > 1:
            raise DataError(f"the post-processing {name!r} appears twice", "each step once")
    return tuple(name for name in names if name not in SCORINGS)


def postprocess(
    sides: Mapping[str, NDArray[np.float32]], steps: Sequence[Postprocessing]
) -> dict[str, NDArray[np.float32]]:
    """Transforms the vectors of one bitext, one step after the other.

    Every step is fitted on these same texts, without labels (transductive, ``FITTED_ON``): it
    never learns which texts belong together, but it uses all of them at once, so the scores
    are not those of an encoder that reads a single text. Every step starts from vectors of
    length one, as the cosine does, and computes in float64.

    - ``centre``: from each vector, the mean vector of its language is subtracted (Libovický et
      al. 2020, "On the Language Neutrality of Pre-trained Multilingual Representations").
    - ``whiten``: the texts of all languages together get mean zero and unit covariance (Su et al.
      2021, "Whitening Sentence Representations for Better Semantics and Faster Retrieval",
      section 3). With few more texts than dimensions, whitening makes all distances between texts
      equal and destroys the information. So it keeps only the directions of largest variance, at
      most one for ``TEXTS_PER_DIRECTION`` texts, and none whose variance is below
      ``SMALLEST_VARIANCE`` of the largest. The vectors then have fewer dimensions.
    - ``all-but-the-top``: the mean of all texts and their D/100 (rounded, at least 1) first
      principal components are removed (Mu and Viswanath 2018, section 2).

    Example, ``centre`` (before the vectors are scaled to length one again)::

        de  (1, 0)  (0, 1)    mean (0.5, 0.5)  ->  ( 0.5, -0.5)  (-0.5,  0.5)
        en  (0, 1)  (0, -1)   mean (0,   0)    ->  ( 0,    1)    ( 0,   -1)

    Args:
        sides: language -> floats [N, D], any scale; usually the two sides of a bitext.
        steps: the steps in their order, each at most once; without steps only the length changes.

    Returns:
        language -> float32 [N, D'], rows of length one; D' below D only after ``whiten``.

    Raises:
        DataError: no languages; vectors that are not finite, all zero or of unequal width; a
            language with one text; a text whose vector a step makes 0; ``csls``, which transforms no
            vectors; a step that appears twice.
        UnknownNameError: a step that is none of ``Postprocessing``.
    """
    scorings = [step for step in steps if step not in transforms(steps)]
    if scorings:
        raise DataError(
            f"{scorings[0]!r} does not transform vectors",
            "steps that do: " + ", ".join(_STEPS),
            "pass transforms(steps) here and apply the rest in the scoring",
        )
    vectors = _read(sides, steps)
    for step in steps:
        vectors = _unit(_STEPS[step](vectors), step)
    return {language: rows.astype(np.float32) for language, rows in vectors.items()}


def _read(sides: Mapping[str, NDArray[np.float32]], steps: Sequence[Postprocessing]) -> Sides:
    if not sides:
        raise DataError("no vectors to post-process", "a language and its vectors, or several")
    for language, rows in sides.items():
        check_vectors(rows, f"vectors of {language}")
        if steps and len(rows) < 2:
            raise DataError(
                f"{language} has 1 text",
                f"2 or more: {steps[0]!r} subtracts a mean, which makes the vector of a single text 0",
                "leave the post-processing out for this bitext, or use more texts",
            )
    widths = {language: rows.shape[1] for language, rows in sides.items()}
    if len(set(widths.values())) > 1:
        sizes = ", ".join(f"{language} {width}" for language, width in widths.items())
        raise DataError(f"vectors of unequal width: {sizes}", "vectors of one encoder")
    return {language: _scaled(rows) for language, rows in sides.items()}


def _scaled(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows of length one; first by the largest value, so that no square is too large or small."""
    wide = rows.astype(np.float64)
    wide /= np.abs(wide).max(axis=1, keepdims=True)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    return wide


def _unit(sides: Sides, step: str) -> Sides:
    for language, rows in sides.items():
        _refuse_nothing(rows, language, step)
    return {language: _scaled(rows) for language, rows in sides.items()}


def _refuse_nothing(rows: NDArray[np.float64], language: str, step: str) -> None:
    short = np.linalg.norm(rows, axis=1) < SHORTEST
    if short.any():
        raise DataError(
            f"{step!r} makes the vector of text {int(short.argmax())} of {language} 0"
            f" ({int(short.sum())} of {len(rows)} texts)",
            "texts whose vectors differ from what the step removes",
            "look for a language whose texts are all equal, use more texts, or leave the step out",
        )


def _centre(sides: Sides) -> Sides:
    return {language: rows - rows.mean(axis=0) for language, rows in sides.items()}


def _whiten(sides: Sides) -> Sides:
    centred = _commonly_centred(sides, "whiten")
    pooled = np.concatenate(list(centred.values()))
    directions, variances = _principal(pooled)
    most = max(1, len(pooled) // TEXTS_PER_DIRECTION)
    strongest = np.flatnonzero(variances > SMALLEST_VARIANCE * variances[0])[:most]
    kernel = directions[:, strongest] / np.sqrt(variances[strongest])
    return {language: rows @ kernel for language, rows in centred.items()}


def _all_but_the_top(sides: Sides) -> Sides:
    centred = _commonly_centred(sides, "all-but-the-top")
    pooled = np.concatenate(list(centred.values()))
    top = _principal(pooled).directions[:, : _removed(pooled.shape[1])]
    return {language: rows - (rows @ top) @ top.T for language, rows in centred.items()}


def _removed(width: int) -> int:
    """Number of principal components to remove: a hundredth of the dimensions, at least one."""
    return max(1, (width + 50) // 100)


def _commonly_centred(sides: Sides, step: str) -> Sides:
    mean = np.concatenate(list(sides.values())).mean(axis=0)
    centred = {language: rows - mean for language, rows in sides.items()}
    for language, rows in centred.items():
        _refuse_nothing(rows, language, step)
    return centred


def _principal(centred: NDArray[np.float64]) -> _Principal:
    """Principal directions of rows whose mean is zero, by the smaller of two decompositions."""
    texts, width = centred.shape
    if texts < width:
        _, lengths, across = np.linalg.svd(centred, full_matrices=False)
        return _Principal(across.T, lengths**2 / texts)
    variances, directions = np.linalg.eigh(centred.T @ centred / texts)
    return _Principal(directions[:, ::-1], variances[::-1])


_STEPS: dict[str, Callable[[Sides], Sides]] = {
    "centre": _centre,
    "whiten": _whiten,
    "all-but-the-top": _all_but_the_top,
}
