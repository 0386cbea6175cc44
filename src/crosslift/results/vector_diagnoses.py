"""``diagnostics.json``: what the vectors of bitexts look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from crosslift.results.origins import OfArmOnTarget
from crosslift.results.result_record import ResultRecord

DIAGNOSTICS_FILE = "diagnostics.json"

WHOLE: Literal["all"] = "all"
"""The language of an entry about all languages of a target."""


class Hubness(ResultRecord):
    """Whether a few candidates come up for many queries (Radovanović et al. 2010).

    N_10 of a candidate is the number of queries that have it among their 10 nearest. Candidates
    that tie for the last places share them.
    """

    skewness: float
    """Third standardised moment of N_10; near 0: all candidates come up about equally often, 1 and
    more: there are hubs. 0 where N_10 is the same for all."""
    never_retrieved: float
    """Share of candidates with N_10 = 0 ("antihubs"), in [0, 1]."""


class Margins(ResultRecord):
    """How far the correct candidate lies ahead of the best wrong one.

    A query's margin is the cosine of its correct candidate minus that of its best wrong one.
    """

    quantiles: tuple[float, float, float, float, float]
    """Of the margins, at 5, 25, 50, 75 and 95 per cent; in [-2, 2]."""
    above_zero: float
    """Share of queries with a margin above 0; equal texts tie, their margin is 0."""


class Diagnosis(ResultRecord):
    """What the vectors of one language's bitext look like.

    ``src_to_tgt``: src texts are the queries, tgt texts the candidates. A value is null where it
    cannot be had; ``notes`` says why.
    """

    language: str
    """The language of src."""
    n_pairs: int
    """Pairs that were looked at."""
    mean_cosine_src: float | None
    """Mean cosine of two different texts of src, over all of them; near 0: directions are used evenly,
    near 1: all texts lie in a narrow cone (the anisotropy of Ethayarajh 2019)."""
    mean_cosine_tgt: float | None
    """The same of tgt."""
    iso_score_src: float | None
    """How evenly the variance of src fills the dimensions, in [0, 1]; 1: all alike, 0: one dimension
    has all (IsoScore, Rudman et al. 2022, algorithm 1)."""
    iso_score_tgt: float | None
    """The same of tgt."""
    probe_accuracy: float | None
    """How often a linear probe tells src from tgt on texts that it was not trained on, in [0, 1]; 0.5
    is chance: the vectors do not say which language it is."""
    hubness_src_to_tgt: Hubness | None
    """Of tgt texts as candidates."""
    hubness_tgt_to_src: Hubness | None
    """Of src texts as candidates."""
    margins_src_to_tgt: Margins | None
    """Of src texts as queries."""
    margins_tgt_to_src: Margins | None
    """Of tgt texts as queries."""
    alignment: float
    """Mean squared distance of a pair, in [0, 4]; 0: the two vectors are equal (Wang and Isola 2020,
    with the exponent 2)."""
    notes: tuple[str, ...]
    """Why values are missing, or what was left out; one sentence each."""


class Separability(ResultRecord):
    """How well a probe names the language of a text, over all languages of a target."""

    language: Literal["all"] = WHOLE
    """Always ``all``."""
    separability: float | None
    """Share of texts of which a linear probe names the language right, mean over languages, in [0, 1];
    null: too few texts or languages, or vectors of unequal width."""


class DiagnosisOfArm(Diagnosis, OfArmOnTarget):
    """The diagnosis of one language's vectors of one arm and seed."""


class SeparabilityOfArm(Separability, OfArmOnTarget):
    """The separability of the languages of a target in the vectors of one arm and seed."""


def _which(entry: Any) -> str:
    language = (
        entry.get("language") if isinstance(entry, Mapping) else getattr(entry, "language", "")
    )
    return WHOLE if language == WHOLE else "one"


VectorEntry = Annotated[
    Annotated[Diagnosis, Tag("one")] | Annotated[Separability, Tag(WHOLE)], Discriminator(_which)
]
"""An entry of a target's artifact: one language, or all together."""

VectorEntryOfArm = Annotated[
    Annotated[DiagnosisOfArm, Tag("one")] | Annotated[SeparabilityOfArm, Tag(WHOLE)],
    Discriminator(_which),
]
"""An entry of a run's file."""
