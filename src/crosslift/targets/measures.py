"""The embedded queries with judgements: names of units and currencies are queries, and amounts of them
in 14 languages are the passages."""

from __future__ import annotations

from crosslift.sources.judged.measures import MEASURE_LANGUAGES, MEASURES_ORIGIN, measures
from crosslift.targets.judged import judged_data
from crosslift.targets.kinds.judged_texts import JudgedData, JudgedTarget
from crosslift.targets.protocols import JUDGED
from crosslift.targets.target_settings import JudgedSettings


def _load(settings: JudgedSettings) -> JudgedData:
    return judged_data(settings, measures(), "the embedded measures")


MEASURES = JudgedTarget(
    name="measures",
    title="measures",
    description="names of units and currencies find amounts of them in one pool of 14 languages: "
    "embedded, with grades",
    metric="ndcg_at_10",
    protocols=JUDGED,
    load=_load,
    languages=MEASURE_LANGUAGES,
    licence=MEASURES_ORIGIN.licence,
    citation=MEASURES_ORIGIN.citation,
    texts="words",
)
