"""The settings that arms chose, for ``run.json``."""

from __future__ import annotations

from crosslift.analysis.collect import Gathered
from crosslift.planning.choice_steps import chooses, chosen_settings, scored_on
from crosslift.results.setting_choices import ArmChoice, SeedChoice


def arm_choice(gathered: Gathered, arm: str) -> ArmChoice | None:
    """The choices of an arm's seeds; None if it chose nothing."""
    runs = [run for run in gathered.plan.runs if run.arm == arm and run.stage_steps]
    steps = {run.seed: run.stage_steps[-1] for run in runs if chooses(run.stage_steps[-1])}
    if not steps:
        return None
    parts = scored_on(next(iter(steps.values())))
    on = next(iter(parts.values()))
    return ArmChoice(
        target=on.target.name,
        title=on.target.title,
        languages=tuple(parts),
        metric=on.target.metric,
        protocol=on.protocols[0].id,
        seeds=tuple(
            SeedChoice(**dict(chosen_settings(step, gathered.store)), seed=seed)
            for seed, step in steps.items()
        ),
    )
