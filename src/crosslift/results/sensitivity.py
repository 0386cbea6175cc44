"""How verdicts change under other methods and protocols: records of ``sensitivity.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord
from crosslift.results.verdict import Outcome

SENSITIVITY_FILE = "sensitivity.json"


class ProtocolVerdict(ResultRecord):
    """The verdict on the same two arms under another protocol."""

    protocol: str
    """Id of the protocol; ours comes first."""
    metric: str
    """Its metric."""
    effect: float
    """Mean of the scores of ``arm`` minus that of ``against``."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    verdict: Outcome
    """The verdict, corrected over the comparisons of the family that have this protocol."""
    gained: float | None = None
    """Number of queries that only ``arm`` answers correctly, mean over seeds; null: outcomes are not 0
    or 1, or a release up to 0.1 wrote the run."""
    lost: float | None = None
    """Number of queries that only ``against`` answers correctly, mean over seeds."""


class Sensitivity(ResultRecord):
    """One comparison under other methods and protocols. Only the protocols have a correction."""

    arm: str
    """The compared arm."""
    against: str
    """The arm that it is compared with."""
    target: str
    """Name of the target."""
    metric: str
    """Metric of the scores, unless a protocol has another."""
    n_languages: int
    """Number of languages."""
    languages_up: int
    """Number of languages in which ``arm`` is better, by any amount."""
    level: float
    """Level of the intervals."""
    general_low: float | None
    """Lower end of the interval that resamples languages, for claims about languages in general; null:
    one language."""
    general_high: float | None
    """Upper end of the same interval."""
    n_families: int
    """Number of families of languages."""
    families_low: float | None
    """Lower end of the interval that resamples language families; null: fewer than two."""
    families_high: float | None
    """Upper end of the same interval."""
    win_probability: float
    """Probability that ``arm`` is better on a query; ties count half."""
    gained: float | None
    """Number of queries that only ``arm`` answers correctly, mean over seeds; null: outcomes are not 0
    or 1."""
    lost: float | None
    """Number of queries that only ``against`` answers correctly, mean over seeds."""
    p_sign_flips: float
    """p-value of a randomization test over items, with the seeds fixed."""
    protocols: tuple[ProtocolVerdict, ...]
    """The verdict under each protocol of the target; empty: it has only one."""

    def counts_under(self, protocol: str, *, of_target: str) -> tuple[float, float] | None:
        """The queries gained and lost under a protocol; returns None if they were not counted.

        Args:
            protocol: id of the protocol.
            of_target: id of the target's primary protocol, on which the record is based.
        """
        counts = [(each.gained, each.lost) for each in self.protocols if each.protocol == protocol]
        if protocol == of_target:
            counts.append((self.gained, self.lost))
        return next(((g, lo) for g, lo in counts if g is not None and lo is not None), None)
