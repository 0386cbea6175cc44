"""Semantic textual similarity: how well cosines follow the grades that people gave to pairs."""

from __future__ import annotations

from crosslift.sources.graded_pairs import LAYOUT, load_graded
from crosslift.targets.kinds.graded_texts import GradedData, GradedTarget
from crosslift.targets.protocols import GRADED
from crosslift.targets.target_settings import GradedSettings


def _load(settings: GradedSettings) -> GradedData:
    folder = load_graded(settings.needed_data(LAYOUT), settings.languages)
    left_out = {language: {"no grade": count} for language, count in folder.ungraded.items()}
    return GradedData(folder.pairs, left_out=left_out, unread=dict(folder.unread))


STS = GradedTarget(
    name="sts",
    title="STS",
    description="graded pairs of texts: SemEval's STS 2012 to 2016 in English, or own files "
    "NAME.de.tsv, NAME.en-de.tsv (needs --data)",
    metric="spearman",
    protocols=GRADED,
    load=_load,
    needs_data=True,
    licence="of the files (SemEval: research use)",
    citation="Agirre et al. 2012 to 2016, SemEval task on semantic textual similarity",
)
