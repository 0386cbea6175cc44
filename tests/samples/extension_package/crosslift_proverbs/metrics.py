"""A metric of retrieval."""

from crosslift.metrics.table import Metric


def within_3(ranks):
    """1 for a query whose right answer has rank 1, 2 or 3, else 0."""
    return (ranks <= 3).astype(float)


RECALL_AT_3 = Metric(
    "recall_at_3", "recall at 3", "recall_at_3", answers="candidates", of_rank=within_3
)
