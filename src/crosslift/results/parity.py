"""What an export changed of an encoder, as it was measured."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord

PARITY_FILE = "parity.json"


class Parity(ResultRecord):
    """An exported encoder beside the same encoder in float32."""

    target: str
    """Name of the target."""
    metric: str
    """Its primary metric."""
    protocol: str
    """Its primary protocol."""
    queries: int
    """Number of queries in all languages."""
    before: float
    """Score of the encoder in float32, mean over languages."""
    after: float
    """Score of the exported encoder."""
    change: float
    """The second minus the first; below 0: a loss."""
    low: float
    """Lower end of the paired 95% interval of the change."""
    high: float
    """Upper end of that interval."""
    texts: int
    """Number of different texts whose vectors were compared."""
    mean_cosine: float
    """Mean of the cosines between the vectors of a text before and after. Where the export has fewer
    dimensions, those of the encoder in float32 are cut to the same."""
    least_cosine: float
    """The lowest of these cosines."""
    allowed_loss: float
    """Points that the export was allowed to lose."""
