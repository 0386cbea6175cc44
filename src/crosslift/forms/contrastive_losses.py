"""The contrastive losses that text pairs and image-text pairs share."""

from __future__ import annotations

import torch
from torch import Tensor


def unit(vectors: Tensor) -> Tensor:
    """Rows scaled to length 1, float32 [N, D]."""
    return torch.nn.functional.normalize(vectors.float(), dim=-1)


def info_nce(
    queries: Tensor, candidates: Tensor, same: Tensor, scale: float | Tensor, first: int = 0
) -> Tensor:
    """InfoNCE: each query's candidate against all others of the batch.

    Args:
        queries: unit rows, float32 [B, D]; the candidate of query i is row first + i of the candidates.
        candidates: unit rows, float32 [C, D], C >= B (rows without a query are negatives alone).
        same: bool [B, C], true where a candidate is right for the query (its own included). Such
            candidates, except the query's own, are left out, not used as negatives.
        scale: inverse temperature.
        first: row of the first query's candidate: above 0 where a rank has queries from the middle of
            a batch, and the candidates of all of it.

    Returns:
        The mean loss, scalar.

    Source: van den Oord et al. 2018 (arXiv 1807.03748), section 2.3; as used for sentence pairs by
    Gao et al. 2021 (arXiv 2104.08821), equations 1 and 5.
    """
    scores = queries @ candidates.T * scale
    rows, positives = _own_candidates(queries, first)
    others = same.clone()
    others[rows, positives] = False
    scores = scores.masked_fill(others, float("-inf"))
    return torch.nn.functional.cross_entropy(scores, positives)


def _own_candidates(queries: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """Index of each query, and of its candidate, int64 [B]."""
    rows = torch.arange(len(queries), device=queries.device)
    return rows, rows + first


def triplet(
    queries: Tensor, candidates: Tensor, same: Tensor, margin: float, first: int = 0
) -> Tensor:
    """Triplet loss with the hardest negative of the batch.

    Example::

        one query, its candidate at cosine 0.5, others at 0.7 and 0.1, margin 0.2
        ->  max(0, 0.2 - 0.5 + 0.7) = 0.4

    Args:
        queries, candidates, same, first: the same as in `info_nce`.
        margin: difference in cosine by which a query's candidate must be nearer than any wrong one.

    Returns:
        The mean over the queries, scalar; 0 for a query that has no wrong candidate.

    Source: Schroff et al. 2015 (arXiv 1503.03832), section 3.1; the hardest of the batch: Hermans et
    al. 2017 (arXiv 1703.07737), section 2; for word pairs: Ngugi 2025 (arXiv 2506.15415).
    """
    scores = queries @ candidates.T
    hardest = scores.masked_fill(same, float("-inf")).amax(dim=1)
    return (margin - scores[_own_candidates(queries, first)] + hardest).clamp_min(0).mean()


def nearer_by_guide(queries: Tensor, candidates: Tensor, margin: float, first: int = 0) -> Tensor:
    """Which candidates a guide puts nearer to a query than the query's own, bool [B, C].

    Args:
        queries: the guide's vectors of the queries, unit rows, float32 [B, E].
        candidates: the guide's vectors of the candidates, unit rows, float32 [C, E].
        margin: a candidate counts as nearer if its cosine is above the own candidate's cosine less
            this.
        first: the same as in `info_nce`.

    Returns:
        False at the query's own candidate.

    Source: Solatorio 2024 (arXiv 2402.16829), section 3.
    """
    scores = queries @ candidates.T
    own = _own_candidates(queries, first)
    nearer = scores > (scores[own] - margin)[:, None]
    nearer[own] = False
    return nearer


def margin_mse(
    queries: Tensor, positives: Tensor, negatives: Tensor, margins: Tensor, scale: float = 1.0
) -> Tensor:
    """The squared error of margins: how much nearer a positive is to its query than a negative.

    Args:
        queries, positives, negatives: unit rows, float32 [P, D], of P triples.
        margins: margins of a teacher, float32 [P].
        scale: factor of the cosines, for a teacher with other scores than cosines.

    Returns:
        The mean over the triples, scalar.

    Source: Hofstätter et al. 2020 (arXiv 2010.02666), equation 2, with cosines.
    """
    ours = (queries * positives).sum(dim=1) - (queries * negatives).sum(dim=1)
    return torch.nn.functional.mse_loss(scale * ours, margins)


def cosent(cosines: Tensor, grades: Tensor, scale: float) -> Tensor:
    """CoSENT: every pair of texts with a higher grade has a higher cosine than each with a lower one.

    Args:
        cosines: float32 [B].
        grades: float32 [B]; pairs of equal grades are not compared.
        scale: inverse temperature.

    Returns:
        log(1 + the sum of exp(scale (lower's cosine - higher's))), scalar: 0 without unequal grades.

    Source: Huang et al. 2024 (IEEE/ACM TASLP 32, doi 10.1109/TASLP.2024.3402087), equation 9.
    """
    scores = cosines * scale
    differences = scores[:, None] - scores[None, :]
    lower = grades[:, None] < grades[None, :]
    return torch.cat([scores.new_zeros(1), differences[lower]]).logsumexp(dim=0)


def pairwise_sigmoid(
    queries: Tensor, candidates: Tensor, same: Tensor, scale: Tensor, bias: Tensor, first: int = 0
) -> Tensor:
    """SigLIP's loss: each pair of the batch is classified separately, as right or wrong.

    Args:
        queries, first: the same as in `info_nce`.
        candidates: unit rows, float32 [C, D], C >= B.
        same: bool [B, C], as in `info_nce`: such pairs, except a query's own, are left out.
        scale: inverse temperature, scalar.
        bias: added to each score, scalar.

    Returns:
        The sum over the pairs of a query, averaged over the queries, scalar.

    Source: Zhai et al. 2023 (arXiv 2303.15343), equation 1.
    """
    scores = queries @ candidates.T * scale + bias
    positives = torch.zeros_like(same)
    positives[_own_candidates(queries, first)] = True
    signs = positives.float() * 2 - 1
    losses = -torch.nn.functional.logsigmoid(signs * scores)
    return losses.masked_fill(same & ~positives, 0.0).sum() / len(queries)
