"""Matryoshka training: the loss of whole vectors, and of their first numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from crosslift.errors import DataError


def check_dimensions(
    dimensions: Sequence[int] | None, weights: Sequence[float] | None, width: int
) -> None:
    """Raises if vectors cannot be trained at some dimensions.

    Args:
        dimensions: option `matryoshka` of a form; None: vectors train as a whole.
        weights: option `matryoshka_weights`; None: 1 each.
        width: D of the vectors.

    Raises:
        DataError: a dimension occurs twice or is above the width; weights without dimensions, or of
            another number.
    """
    if dimensions is None:
        if weights is not None:
            raise DataError(
                f"matryoshka_weights {list(weights)} without `matryoshka`",
                "the dimensions that they weigh, such as `matryoshka: [384, 128]`",
            )
        return
    if len(set(dimensions)) < len(dimensions) or max(dimensions) > width:
        raise DataError(
            f"matryoshka {list(dimensions)} of vectors of {width} numbers",
            f"different dimensions of at most {width}",
        )
    if weights is not None and len(weights) != len(dimensions):
        raise DataError(
            f"{len(weights)} matryoshka_weights for {len(dimensions)} dimensions",
            "a weight for each dimension",
        )


def over_dimensions(
    loss: Callable[..., Tensor],
    vectors: Sequence[Tensor],
    dimensions: Sequence[int] | None,
    weights: Sequence[float] | None,
) -> Tensor:
    """The weighted sum of the losses of vectors that are cut to their first numbers.

    Args:
        loss: function from matrices of vectors of one width to their loss, scalar. It scales the
            vectors itself if it compares directions.
        vectors: matrices, float32 [N, D] each.
        dimensions: numbers that are kept; None: the loss of whole vectors.
        weights: weights of the dimensions; None: 1 each.

    Returns:
        Scalar.

    Source: Kusupati et al. 2022 (arXiv 2205.13147), equation 1.
    """
    if dimensions is None:
        return loss(*vectors)
    factors = weights or (1.0,) * len(dimensions)
    parts = [
        factor * loss(*(matrix[:, :dimension] for matrix in vectors))
        for dimension, factor in zip(dimensions, factors, strict=True)
    ]
    total: Tensor = sum(parts[1:], parts[0])
    return total
