"""``language_bias.json``: which languages queries find in a pool of several languages."""

from __future__ import annotations

from pydantic import Field

from crosslift.results.numbers import Count, UnitScore
from crosslift.results.result_record import ResultRecord

BIAS_FILE = "language_bias.json"
EVERY_QUERY = "macro"
"""Value of ``language``: the mean over the languages of queries."""
OWN_LANGUAGE = "own"
"""Value of ``pool_language``: the language of the query."""
OTHERS = "others"
"""Value of ``pool_language``: all languages but that of the query, each with the same weight."""


class LanguageBias(ResultRecord):
    """How queries in one language find passages in one language of a mixed pool, with 95 % intervals
    over queries and seeds.

    Only passages with the highest grade of their query count as relevant here, so that languages are
    compared at the same grade.
    """

    language: str
    """Language of the queries; ``macro``: the mean over the languages of queries."""
    protocol: str
    """Id of the protocol."""
    pool_language: str
    """Language of the passages; ``own``: the language of the query (only with ``macro``); ``others``:
    the mean over all other languages."""
    pool_share: UnitScore
    """Share of the pool's passages that are in this language; for ``others``, the mean of their
    shares."""
    top_share: UnitScore
    """Share of the first ten passages that are in this language; for ``others``, the mean of their
    shares."""
    top_low: float
    """Lower end of the interval of ``top_share``."""
    top_high: float
    """Upper end of its interval."""
    queries: Count
    """Number of queries with a relevant passage both in their language and in this one; the fields
    below cover these queries. ``macro``: the sum over languages."""
    found_own: UnitScore | None = None
    """Share of the relevant passages in the language of the query that are among the first ten; null
    if there is no such query, or for the language of the query itself."""
    found: UnitScore | None = None
    """The same share for the relevant passages in this language."""
    behind: float | None = None
    """``found_own`` minus ``found``: how far a relevant passage in this language falls behind."""
    behind_low: float | None = None
    """Lower end of its interval."""
    behind_high: float | None = None
    """Upper end of its interval."""
    closer: UnitScore | None = None
    """Share of the pairs of a relevant passage in the language of the query and one in this language in
    which the former is closer to the query; 0.5: no preference."""
    closer_low: float | None = None
    """Lower end of its interval."""
    closer_high: float | None = None
    """Upper end of its interval."""


class LanguageBiasOfArm(LanguageBias):
    """The language bias of one arm, over all its seeds."""

    arm: str
    """Name of the arm."""
    target: str
    """Name of the target."""
    seeds: Count = Field(default=1)
    """Number of seeds."""
