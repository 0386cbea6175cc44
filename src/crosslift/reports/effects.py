"""The verdicts behind the plots and tables of effects, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crosslift.results.arm_facts import ArmFacts
from crosslift.results.effect_parts import Orientation
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import EQUIVALENT, ONE_SEED, Outcome, Verdict, opposite
from crosslift.statistics.judgements import better_outcome
from crosslift.targets.kinds.every_kind import KINDS


@dataclass(frozen=True)
class ControlRow:
    """An arm, its control and their baseline on one target; None if two were not compared.

    Args:
        target: what was measured.
        gain: the arm against its baseline.
        control_gain: the control against its own.
        content: the arm against its control: what remains of the gain.
    """

    target: TargetFacts
    gain: Verdict | None
    control_gain: Verdict | None
    content: Verdict | None

    @property
    def _better(self) -> Outcome:
        return better_outcome(self.target.metric)

    @property
    def gained(self) -> bool:
        """Whether the arm is shown to do better than its baseline."""
        return self.gain is not None and self.gain.verdict == self._better

    @property
    def above_control(self) -> bool:
        """Whether the arm is shown to do better than its control."""
        return self.content is not None and self.content.verdict == self._better

    @property
    def reading(self) -> str:
        """The row in words, stating only what the verdicts show."""
        if self.content is None:
            return "The arm and its control were not compared here."
        if self.content.verdict == ONE_SEED:
            return "One seed gives no verdict."
        if self.above_control:
            return "The arm does better than its control: the content matters here."
        if self.content.verdict == opposite(self._better):
            return "The arm does worse than its control."
        if self.content.verdict == EQUIVALENT:
            return (
                "The arm and its control are equivalent: the content adds less than the smallest "
                "effect of interest."
            )
        if self.control_gain is not None and self.control_gain.verdict == self._better:
            return (
                "The control gains too, and no difference to it is shown: the gain is not shown"
                " to come from the content."
            )
        return "No difference to the control is shown: the content is not shown to matter here."


@dataclass(frozen=True)
class ControlPair:
    """An arm with one of its controls, over all targets."""

    arm: ArmFacts
    control: ArmFacts
    rows: tuple[ControlRow, ...]


def control_pairs(folder: RunFolder) -> list[ControlPair]:
    """Every control of the study beside the arm it controls, in the order of the arms."""
    pairs = []
    for control in folder.run.arms:
        if control.control_of is None:
            continue
        arm = folder.arm(control.control_of)
        rows = tuple(_control_row(folder, arm, control, target) for target in folder.run.targets)
        pairs.append(ControlPair(arm, control, rows))
    return pairs


def unattributed(folder: RunFolder) -> list[ControlPair]:
    """The pairs of an arm and a control that no attribution includes: those of runs of an earlier
    version, and those whose arm has no baseline."""
    attributed = {(a.arm, part.control) for a in folder.run.attributions for part in a.parts}
    return [p for p in control_pairs(folder) if (p.arm.name, p.control.name) not in attributed]


def _control_row(
    folder: RunFolder, arm: ArmFacts, control: ArmFacts, target: TargetFacts
) -> ControlRow:
    return ControlRow(
        target=target,
        gain=folder.against_baseline(arm.name, target),
        control_gain=folder.against_baseline(control.name, target),
        content=folder.comparison(arm.name, control.name, target),
    )


def trade_offs(folder: RunFolder) -> list[tuple[TargetFacts, TargetFacts]]:
    """Pairs of a target that shows gains and a target that shows losses, where both have effects."""
    measured = [target for target in folder.run.targets if effects_on(folder, target)]
    gains = [target for target in measured if trade_off(target) == "gain"]
    losses = [target for target in measured if trade_off(target) == "loss"]
    return [(gain, loss) for gain in gains for loss in losses]


def trade_off(target: TargetFacts) -> Literal["gain", "loss"] | None:
    """The side of a trade-off that a target shows: gains on words and pictures, losses on sentences.

    None for targets whose encoders are fine-tuned once more.
    """
    kind = KINDS[target.kind]
    if kind.fine_tuned:
        return None
    return "gain" if kind.shows_gains or target.texts == "words" else "loss"


def effects_on(folder: RunFolder, target: TargetFacts) -> dict[str, Verdict]:
    """The verdict of each arm against its own baseline on ``target``, by arm, in the order of arms."""
    verdicts = {arm.name: folder.against_baseline(arm.name, target) for arm in folder.run.arms}
    return {name: verdict for name, verdict in verdicts.items() if verdict is not None}


def orientations_on(
    folder: RunFolder, target: TargetFacts, baseline: str
) -> dict[str, Orientation]:
    """How far each reference is from ``baseline`` on ``target``, by arm; not tested."""
    return {
        orientation.arm: orientation
        for orientation in folder.run.orientations
        if (orientation.against, orientation.target) == (baseline, target.name)
    }
