"""One colour and one mark for each arm, the same in every plot and table of a report.

Colour is never the only sign: neighbours also differ in mark, controls are hollow and their lines
dashed. A control shares the colour of the arm it controls and has its own mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crosslift.results.arm_facts import ArmFacts

# On white, on the dark page. Chosen by search: each has at least 3:1 against its page, and any two
# remain distinct under simulated protanopia, deuteranopia and tritanopia; the first are farthest apart.
PALETTE = (
    ("#2f8cf7", "#36adff"),
    ("#d37200", "#ebab1d"),
    ("#531a65", "#f1b2ec"),
    ("#6f0610", "#d8541d"),
    ("#003db4", "#6471f2"),
    ("#15744f", "#6ee7a0"),
    ("#aa6cbc", "#a567b6"),
    ("#b72310", "#ba675e"),
)
BASELINE = ("#2b313b", "#f0f2f5")
REFERENCE = ("#858b94", "#8d939c")
MARKERS = ("o", "s", "^", "P", "v")
CONTROL_MARKERS = ("X", "<", "*", "d", ">", "p")
_OF_CONTROL = {
    "shuffled-pictures": "X",
    "same-kind-pictures": "p",
    "captions-only": "<",
    "same-updates-no-task": "*",
    "random-features": "d",
    "placebo-labels": ">",
}
_BASELINE = ("--arm-baseline", *BASELINE)
_REFERENCE = ("--arm-reference", *REFERENCE)


@dataclass(frozen=True)
class Look:
    """How an arm looks.

    Args:
        variable: name of the CSS custom property that holds its colour.
        light: its colour on white.
        dark: its colour on the dark page.
        marker: matplotlib's sign for its mark.
        hollow: True for controls: outline only, dashed lines.
    """

    variable: str
    light: str
    dark: str
    marker: str
    hollow: bool


def looks_of(arms: Sequence[ArmFacts]) -> dict[str, Look]:
    """The look of each arm by name: fixed by the order of the arms, all different."""
    looks: dict[str, Look] = {}
    trained = 0
    for arm in sorted(arms, key=lambda arm: arm.role == "control"):
        parent = looks.get(arm.control_of or "")
        if arm.role == "control" and parent is not None:
            preferred = _OF_CONTROL.get(arm.control or "", CONTROL_MARKERS[0])
            colour = parent.variable, parent.light, parent.dark
        elif arm.role in ("baseline", "reference"):
            preferred, colour = ("o", _BASELINE) if arm.role == "baseline" else ("D", _REFERENCE)
        else:
            preferred, colour = MARKERS[trained % len(MARKERS)], _colour(trained)
            trained += 1
        hollow = arm.role == "control"
        looks[arm.name] = Look(*colour, _free(preferred, colour[0], hollow, looks), hollow)
    return {arm.name: looks[arm.name] for arm in arms}


def _colour(index: int) -> tuple[str, str, str]:
    place = index % len(PALETTE)
    return (f"--arm-{place}", *PALETTE[place])


def _free(preferred: str, variable: str, hollow: bool, looks: Mapping[str, Look]) -> str:
    """``preferred``, or the first marker that no arm of the same colour and filling has."""
    used = {
        look.marker for look in looks.values() if (look.variable, look.hollow) == (variable, hollow)
    }
    candidates: tuple[str, ...] = (preferred, *(CONTROL_MARKERS if hollow else ()), *MARKERS, "D")
    unused = [marker for marker in candidates if marker not in used]
    return (unused or [preferred])[0]


def colour_variables(dark: bool) -> dict[str, str]:
    """Every CSS custom property of arm colours and its value on the light or the dark page."""
    side = 1 if dark else 0
    of_arms = {f"--arm-{index}": pair[side] for index, pair in enumerate(PALETTE)}
    return {**of_arms, "--arm-baseline": BASELINE[side], "--arm-reference": REFERENCE[side]}


def colour_declarations(dark: bool) -> Markup:
    """The custom properties of arm colours as CSS declarations, for the style of a page."""
    variables = colour_variables(dark)
    return Markup("; ").join(Markup(f"{name}: {value}") for name, value in variables.items())
