"""``diagnostics.json``: properties of the vectors of bitexts."""

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
    """Whether a few candidates are near many queries (Radovanović et al. 2010).

    N_10 of a candidate is the number of queries that have it among their 10 nearest. Candidates
    that tie for the last places share them.
    """

    skewness: float
    """Third standardised moment of N_10; near 0: all candidates appear about equally often, 1 or more:
    there are hubs. 0 if N_10 is the same for all."""
    never_retrieved: float
    """Share of candidates with N_10 = 0 ("antihubs"), in [0, 1]."""


class Margins(ResultRecord):
    """The lead of the correct candidate over the best wrong one.

    A query's margin is the cosine of its correct candidate minus that of its best wrong one.
    """

    quantiles: tuple[float, float, float, float, float]
    """The 5, 25, 50, 75 and 95 per cent quantiles of the margins, in [-2, 2]."""
    above_zero: float
    """Share of queries with a margin above 0; equal texts tie and have the margin 0."""


class Diagnosis(ResultRecord):
    """What the vectors of one language's bitext look like.

    ``src_to_tgt``: src texts are the queries, tgt texts the candidates. A value that cannot be computed
    is null; ``notes`` says why.
    """

    language: str
    """The language of src."""
    n_pairs: int
    """Number of analysed pairs."""
    mean_cosine_src: float | None
    """Mean cosine of all pairs of different src texts; near 0: the vectors use all directions evenly,
    near 1: all texts lie in a narrow cone (the anisotropy of Ethayarajh 2019)."""
    mean_cosine_tgt: float | None
    """The same for tgt."""
    iso_score_src: float | None
    """How evenly the variance of src fills the dimensions, in [0, 1]; 1: all dimensions alike, 0: one
    dimension has all variance (IsoScore, Rudman et al. 2022, algorithm 1)."""
    iso_score_tgt: float | None
    """The same for tgt."""
    probe_accuracy: float | None
    """Accuracy of a linear probe that separates src from tgt on texts outside its training set, in [0,
    1]; 0.5 is chance: the vectors do not show the language."""
    hubness_src_to_tgt: Hubness | None
    """Hubness of the tgt texts as candidates."""
    hubness_tgt_to_src: Hubness | None
    """Hubness of the src texts as candidates."""
    margins_src_to_tgt: Margins | None
    """Margins of the src texts as queries."""
    margins_tgt_to_src: Margins | None
    """Margins of the tgt texts as queries."""
    alignment: float
    """Mean squared distance of a pair, in [0, 4]; 0: the two vectors are equal (Wang and Isola 2020,
    with the exponent 2)."""
    notes: tuple[str, ...]
    """Reasons for missing values, and what was left out; one sentence each."""


class Separability(ResultRecord):
    """How well a probe names the language of a text, over all languages of a target."""

    language: Literal["all"] = WHOLE
    """Always ``all``."""
    separability: float | None
    """Share of texts whose language a linear probe identifies, mean over languages, in [0, 1]; null:
    too few texts or languages, or vectors of different widths."""


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
