"""Notes on arms that are measured with other prompts than they train with."""

from __future__ import annotations

from collections.abc import Iterable

from crosslift.encoders.encoder_folder import EMBEDDED, folder_on_disk, prompt_of, prompts_of_sides
from crosslift.encoders.encoder_settings import SIDES, EncoderSettings, Side
from crosslift.making.encode import Encoding
from crosslift.making.train import Training
from crosslift.making.trained import Trained
from crosslift.making.vectors import OWN_ROLES
from crosslift.planning.plan import ArmRun, Plan
from crosslift.steps.step import Step


def prompt_notes(plan: Plan) -> list[str]:
    """A sentence for each arm and side that a target reads with another prompt than training.

    Only sides with a prompt in some task are compared. Nothing is downloaded: encoders without local
    files are left out.
    """
    targets: dict[tuple[str, Side, str, str], dict[str, None]] = {}
    for run in plan.runs:
        for side, prompts in _trained(run).items():
            trained = " or ".join(map(repr, prompts))
            for target, scored in run.evaluations.items():
                for measured in sorted(_measured(scored.values(), side) - set(prompts)):
                    targets.setdefault((run.arm, side, trained, measured), {})[target] = None
    return [
        f"arm {arm!r} reads {side} texts with the prompt {trained} in training, and with {measured!r} "
        f"on {', '.join(names)}. `prompt_{side}` of a target of texts sets its prompt."
        for (arm, side, trained, measured), names in targets.items()
    ]


def _here(encoder: EncoderSettings) -> bool:
    return encoder.name == EMBEDDED or folder_on_disk(encoder) is not None


def _trained(run: ArmRun) -> dict[Side, list[str]]:
    """Side -> its prompts in the last stage of an arm that has any."""
    encoder = run.encoder.settings
    for step in reversed(run.encoder.stages if _here(encoder) else ()):
        tasks = step.job_as(Training).tasks.values()
        of_tasks = [prompts_of_sides(task.settings, encoder) for task in tasks]
        by_side = {s: [p[s] for p in of_tasks if s in p] for s in SIDES}
        named: dict[Side, list[str]] = {s: list(dict.fromkeys(p)) for s, p in by_side.items() if p}
        if named:
            return named
    return {}


def _measured(scored: Iterable[Step], side: Side) -> set[str]:
    """The prompts that encode an arm's texts of a side, without protocols that read the encoder
    otherwise."""
    role = OWN_ROLES.of(side)
    steps = (step.inputs[role] for step in scored if role in step.inputs)
    encoders = {step.key: step.job_as(Encoding).encoder for step in steps}.values()
    return {prompt_of(each.settings) for each in encoders if isinstance(each, Trained)}
