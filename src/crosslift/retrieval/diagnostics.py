"""Diagnostics of the vectors of a bitext: numbers that explain a retrieval score.

They use no thresholds and select nothing: they accompany a score and never replace it. All are of
vectors scaled to length one, as for the cosine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError
from crosslift.results.vector_diagnoses import Diagnosis, Hubness, Margins
from crosslift.retrieval.similarity import distinct_rows, unit_rows
from crosslift.wording import plural

MARGIN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles in ``Margins.quantiles``, in this order."""

NEIGHBOURS = 10
"""Candidates counted as retrieved for each query in ``Hubness`` (Radovanović et al. 2010)."""

FEWEST_TEXTS = 20
"""A probe needs at least this many texts of each language."""

MOST_PAIRS = 4000
"""The most pairs that are examined; of more, this many at equal distances. Bounds memory at 300 MB."""

FOLDS = 5
"""Parts of the texts; a probe is tested on each part after training on the others."""

NOISE = 1e-9
"""A variance of vectors of length one below this is rounding of float32, and counts as 0."""

RIDGE = 0.1
"""Ridge of a probe, as a share of the mean variance of a dimension over the training texts."""

Matrix = NDArray[np.float32]
Wide = NDArray[np.float64]
Float = TypeVar("Float", bound=np.floating)


def diagnose(language: str, src: NDArray[np.floating], tgt: NDArray[np.floating]) -> Diagnosis:
    """Describes the vectors of one language's bitext.

    Example, three pairs on the plane, written as angles::

        src    0°  90°  180°     mean cosine within src: (0 + 0 - 1) / 3 = -1/3
        tgt   60°  90°  180°     alignment: (1 + 0 + 0) / 3 = 1/3
        margins of src: cos 60° - cos 90° = 1/2,  cos 0° - cos 30°,  cos 0° - cos 90° = 1

    Args:
        language: the language of src.
        src: floats [N, D], any scale.
        tgt: floats [N, D]; ``tgt[i]`` belongs to ``src[i]``.

    Returns:
        The diagnosis; every number in it is finite.

    Raises:
        DataError: vectors that are not finite, all zero or of unequal width; sides of unequal
            length.
    """
    if src.shape != tgt.shape:
        raise DataError(
            f"{language}: src vectors of shape {src.shape}, tgt vectors of shape {tgt.shape}",
            "the same number of vectors of the same width on both sides",
        )
    left, right = _sampled(unit_rows(src), MOST_PAIRS), _sampled(unit_rows(tgt), MOST_PAIRS)
    scores = _scores(left, right)
    across = np.ascontiguousarray(scores.T)
    return Diagnosis(
        language=language,
        n_pairs=len(left),
        mean_cosine_src=_mean_cosine(left),
        mean_cosine_tgt=_mean_cosine(right),
        iso_score_src=_iso_score(left),
        iso_score_tgt=_iso_score(right),
        probe_accuracy=_probe([left, right]) if len(left) >= FEWEST_TEXTS else None,
        hubness_src_to_tgt=_hubness(scores),
        hubness_tgt_to_src=_hubness(across),
        margins_src_to_tgt=_margins(scores),
        margins_tgt_to_src=_margins(across),
        alignment=float(np.square(left - right).sum(dtype=np.float64)) / len(left),
        notes=_notes(left, right, len(src)),
    )


def separability(
    vectors_by_language: Mapping[str, NDArray[np.floating]], most: int = 200
) -> float | None:
    """The accuracy of a linear probe that predicts the language of texts that it was not trained on.

    The probe is a ridge regression for each language against all others, every language with the
    same weight; the language with the highest value is the prediction. ``FOLDS`` times it is trained
    on the other parts and tested on one. Texts at the same place of two languages are in the same
    part, so that a sentence and its translations are never on both sides.

    Args:
        vectors_by_language: language -> floats [N, D], any scale; N may differ.
        most: texts of each language that are used; of more, this many at equal distances.

    Returns:
        The share of correct predictions, mean over languages, in [0, 1]; chance is 1 over the number
        of languages. None for fewer than two languages, or if one of them has fewer than
        ``FEWEST_TEXTS`` texts.

    Raises:
        DataError: vectors that are not finite, all zero or of unequal width; ``most`` below
            ``FEWEST_TEXTS``.
    """
    if most < FEWEST_TEXTS:
        raise DataError(f"at most {most} texts of each language", f"{FEWEST_TEXTS} or more")
    widths = {language: rows.shape[1] for language, rows in vectors_by_language.items()}
    if len(set(widths.values())) > 1:
        sizes = ", ".join(f"{language} {width}" for language, width in widths.items())
        raise DataError(f"vectors of unequal width: {sizes}", "vectors of one encoder")
    classes = [unit_rows(_sampled(rows, most)) for rows in vectors_by_language.values()]
    if len(classes) < 2 or min(map(len, classes)) < FEWEST_TEXTS:
        return None
    return _probe(classes)


def _notes(left: Matrix, right: Matrix, pairs: int) -> tuple[str, ...]:
    """The reasons of missing values, and the number of pairs that were left out."""
    count = plural(pairs, "pair")
    notes = [
        (pairs < 2, f"{count}: no two texts of a side, and no wrong candidate"),
        (pairs < FEWEST_TEXTS, f"{count}: a probe needs {FEWEST_TEXTS}"),
        (pairs <= NEIGHBOURS, f"{count}: hubness needs {NEIGHBOURS + 1}"),
        (pairs > 1 and _spread(left) == 0, "all src vectors are equal: no IsoScore"),
        (pairs > 1 and _spread(right) == 0, "all tgt vectors are equal: no IsoScore"),
        (pairs > MOST_PAIRS, f"{MOST_PAIRS} of {pairs} pairs were looked at"),
    ]
    return tuple(sentence for holds, sentence in notes if holds)


def _spread(rows: Matrix) -> float:
    """Mean squared distance of a row to the mean of the rows; 0 if it is only rounding."""
    mean = rows.mean(axis=0, dtype=np.float64)
    spread = float(np.einsum("ij,ij->", rows, rows, dtype=np.float64) / len(rows) - mean @ mean)
    return spread if spread > NOISE else 0.0


def _sampled(rows: NDArray[Float], most: int) -> NDArray[Float]:
    """All rows, or ``most`` of them at equal distances."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _scores(left: Matrix, right: Matrix) -> Matrix:
    """Cosines [N, N]; those of equal texts are computed once, so that they tie exactly."""
    ours, theirs = distinct_rows(left), distinct_rows(right)
    scores = ours.rows @ theirs.rows.T
    if len(ours.rows) == len(left) and len(theirs.rows) == len(right):
        return scores
    return scores[ours.place][:, theirs.place]


def _mean_cosine(rows: Matrix) -> float | None:
    """Mean cosine of two different rows, over all pairs of them: no matrix of cosines is needed."""
    count = len(rows)
    if count < 2:
        return None
    total = rows.sum(axis=0, dtype=np.float64)
    squares = np.einsum("ij,ij->", rows, rows, dtype=np.float64)
    return float((total @ total - squares) / (count * (count - 1)))


def _iso_score(rows: Matrix) -> float | None:
    """IsoScore without a decomposition.

    With the variances v along the principal components, the paper's steps come to
    (r - 1) / (D - 1) for r = (sum of v)^2 / (sum of v^2), the number of dimensions that the
    variance fills; both sums follow directly from the covariance. Rows that are all equal have no
    variance: None. A single dimension is filled evenly: 1.
    """
    if _spread(rows) == 0:
        return None
    width = rows.shape[1]
    if width == 1:
        return 1.0
    centred = rows - rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    products = centred.T @ centred
    total = float(np.trace(products, dtype=np.float64))
    filled = total**2 / float(np.square(products).sum(dtype=np.float64))
    return float(min(1.0, max(0.0, (filled - 1) / (width - 1))))


def _margins(scores: Matrix) -> Margins | None:
    """Margins of the queries in the rows [N, N]; candidate i is correct for query i."""
    if len(scores) < 2:
        return None
    wrong = scores.copy()
    np.fill_diagonal(wrong, -np.inf)
    margins = scores.diagonal().astype(np.float64) - wrong.max(axis=1)
    quantiles = np.quantile(margins, MARGIN_QUANTILES).tolist()
    return Margins(quantiles=tuple(quantiles), above_zero=float((margins > 0).mean()))


def _hubness(scores: Matrix) -> Hubness | None:
    """Hubness of the candidates in the columns [N, N]."""
    count = scores.shape[1]
    if count <= NEIGHBOURS:
        return None
    last = np.partition(scores, count - NEIGHBOURS, axis=1)[:, count - NEIGHBOURS, None]
    times = _times_retrieved(scores, last)
    away = times - times.mean()
    variance = float(np.square(away).mean())
    skewness = float((away**3).mean()) / variance**1.5 if variance > NOISE else 0.0
    return Hubness(skewness=skewness, never_retrieved=float((times == 0).mean()))


def _times_retrieved(scores: Matrix, last: Matrix) -> Wide:
    """For each column the number of rows that have it among their nearest; ``last`` [N, 1] is the
    lowest score of these."""
    near = scores >= last
    counts = np.count_nonzero(near, axis=1)
    times: Wide = np.count_nonzero(near, axis=0).astype(np.float64)
    crowded = np.flatnonzero(counts > NEIGHBOURS)  # rows where several tie for the last places
    tied = scores[crowded] == last[crowded]
    many = np.count_nonzero(tied, axis=1)
    times -= ((counts[crowded] - NEIGHBOURS) / many) @ tied
    return times


class _Fold(NamedTuple):
    """One part of the texts of C classes; a row of class c weighs 1 over the rows of the class.

    Args:
        rows: the part's rows of each class.
        gram: [D, D], the weighted sum of the products of all its rows.
        sums: [C, D], the weighted sum of the rows of each class.
        weights: [C], the weight of each class in this part.
    """

    rows: list[Matrix]
    gram: Wide
    sums: Wide
    weights: Wide


def _probe(classes: Sequence[Matrix]) -> float:
    """Share of rows whose class a ridge probe predicts correctly after training on other folds."""
    middle = np.mean([rows.mean(axis=0, dtype=np.float64) for rows in classes], axis=0)
    centred = [rows - middle.astype(np.float32) for rows in classes]  # for float32's sake only
    folds = [_fold(centred, number) for number in range(FOLDS)]
    gram = np.sum([fold.gram for fold in folds], axis=0)
    sums = np.sum([fold.sums for fold in folds], axis=0)
    weights = np.sum([fold.weights for fold in folds], axis=0)
    correct = np.zeros(len(classes))
    for fold in folds:
        rest = _Fold([], gram - fold.gram, sums - fold.sums, weights - fold.weights)
        correct += _correct(rest, fold.rows)
    return float(np.mean(correct / [len(rows) for rows in classes]))


def _fold(classes: Sequence[Matrix], number: int) -> _Fold:
    parts = [rows[number::FOLDS] for rows in classes]
    weight = [1 / len(rows) for rows in classes]
    scaled = np.concatenate(
        [rows * np.float32(each**0.5) for rows, each in zip(parts, weight, strict=True)]
    )
    return _Fold(
        rows=parts,
        gram=(scaled.T @ scaled).astype(np.float64),
        sums=np.stack([rows.sum(axis=0, dtype=np.float64) for rows in parts])
        * np.array(weight)[:, None],
        weights=np.array([len(rows) for rows in parts]) * weight,
    )


def _correct(train: _Fold, tests: Sequence[Matrix]) -> Wide:
    """The number of correct predictions for each class [C]; classes that tie share one."""
    mass = train.weights.sum()
    mean = train.sums.sum(axis=0) / mass
    scatter = train.gram - mass * np.outer(mean, mean)
    ridge = max(RIDGE * float(np.trace(scatter)) / len(mean), NOISE)
    moments = train.sums - np.outer(train.weights, mean)
    probe = np.linalg.solve(scatter + ridge * np.eye(len(mean)), moments.T)
    correct = np.zeros(len(tests))
    for place, rows in enumerate(tests):
        values = (rows - mean) @ probe + train.weights / mass
        top = values == values.max(axis=1, keepdims=True)
        correct[place] = (top[:, place] / np.count_nonzero(top, axis=1)).sum()
    return correct
