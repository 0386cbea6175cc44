"""The contrastive losses that text pairs and image-text pairs share."""

from __future__ import annotations

import torch
from torch import Tensor


def unit(vectors: Tensor) -> Tensor:
    """Rows scaled to length 1, float32 [N, D]."""
    return torch.nn.functional.normalize(vectors.float(), dim=-1)


def info_nce(queries: Tensor, candidates: Tensor, same: Tensor, scale: float | Tensor) -> Tensor:
    """InfoNCE: each query's own candidate against all others of the batch.

    Args:
        queries: unit rows, float32 [B, D]; the candidate of query i is row i of the candidates.
        candidates: unit rows, float32 [C, D], C >= B (rows from B on are hard negatives).
        same: bool [B, C], true where a candidate is right for the query too (its own included):
            such candidates other than its own are left out, not taken as negatives.
        scale: inverse temperature.

    Returns:
        The mean loss, scalar.

    Source: van den Oord et al. 2018 (arXiv 1807.03748), section 2.3; as used for sentence pairs by
    Gao et al. 2021 (arXiv 2104.08821), equations 1 and 5.
    """
    scores = queries @ candidates.T * scale
    own = torch.arange(len(queries), device=queries.device)
    others = same.clone()
    others[own, own] = False
    scores = scores.masked_fill(others, float("-inf"))
    return torch.nn.functional.cross_entropy(scores, own)


def pairwise_sigmoid(
    queries: Tensor, candidates: Tensor, same: Tensor, scale: Tensor, bias: Tensor
) -> Tensor:
    """SigLIP's loss: each pair of the batch is told right or wrong by itself.

    Args:
        queries: unit rows, float32 [B, D]; the candidate of query i is row i of the candidates.
        candidates: unit rows, float32 [B, D].
        same: bool [B, B], as of `info_nce`: such pairs other than a query's own are left out.
        scale: inverse temperature, scalar.
        bias: added to each score, scalar.

    Returns:
        The sum over the pairs of a query, and the mean of that over the queries, scalar.

    Source: Zhai et al. 2023 (arXiv 2303.15343), equation 1.
    """
    scores = queries @ candidates.T * scale + bias
    own = torch.eye(len(queries), dtype=torch.bool, device=queries.device)
    signs = own.float() * 2 - 1
    losses = -torch.nn.functional.logsigmoid(signs * scores)
    return losses.masked_fill(same & ~own, 0.0).sum() / len(queries)
