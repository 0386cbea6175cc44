"""The words of a report for arms that are not zero-shot."""

from __future__ import annotations

from crosslift.forms.declared_forms import trains_on_captions
from crosslift.results.arm_facts import ArmFacts
from crosslift.statistics.clauses import zero_shot_words


def not_zero_shot(arm: ArmFacts) -> str:
    """Words such as ``not zero-shot: captions in de, fr``; empty for an arm that is zero-shot."""
    if arm.zero_shot:
        return ""
    forms = [task.form for stage in arm.stages for task in stage.tasks]
    return zero_shot_words(arm.languages, captions=trains_on_captions(forms))
