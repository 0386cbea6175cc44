"""Cosine similarity, ranks of the correct answers, and retrieval metrics."""

from __future__ import annotations

from crosslift.retrieval.directions import Directions, both_directions
from crosslift.retrieval.metrics import expected_rank, recall_at, reciprocal_rank, top1_accuracy
from crosslift.retrieval.ranks import Ranks, gold_ranks, ranks_of_scores
from crosslift.retrieval.similarity import check_vectors, unit_rows

__all__ = [
    "Directions",
    "Ranks",
    "both_directions",
    "check_vectors",
    "expected_rank",
    "gold_ranks",
    "ranks_of_scores",
    "recall_at",
    "reciprocal_rank",
    "top1_accuracy",
    "unit_rows",
]
